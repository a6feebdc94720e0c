import numpy as np
import pytest
import torch

from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.metrics import is_correct
from genre_lightning.train.baseline import score_baseline

TRAIN, BOTH = ("train",), ("train", "val")


@pytest.fixture
def data(selected):
    selection, cache = selected
    data = GenreDataModule(lambda: selection.catalogue, cache.features, cache=lambda features: cache)
    data.setup()
    return data


def turn_over(monkeypatch, data, split):
    """Turn the features of one side's songs upside down."""
    songs, stats_of = data.datasets[split].songs, data.cache.stats_of

    def turned(numbers):
        return np.where(np.isin(numbers, songs)[:, None, None], stats_of(numbers)[:, :, ::-1], stats_of(numbers))

    monkeypatch.setattr(data.cache, "stats_of", turned)


@pytest.mark.parametrize("learnt_from", [TRAIN, BOTH])
def test_songs_that_differ_are_told_apart(data, learnt_from):
    scored = score_baseline(data, learnt_from, 1.0)
    assert tuple(scored) == ("learnt_from", "val", "test")
    assert is_correct(scored["learnt_from"]).double().mean() >= 0.9
    assert is_correct(scored["test"]).double().mean() >= 0.8


@pytest.mark.parametrize("learnt_from", [TRAIN, BOTH])
def test_every_song_is_scored_with_its_own_genre(data, learnt_from):
    behind = {"learnt_from": learnt_from, "val": ("val",), "test": ("test",)}
    for name, scored in score_baseline(data, learnt_from, 0.1).items():
        genres = torch.cat([data.datasets[split].genres for split in behind[name]])
        assert scored.song.tolist() == list(range(len(genres))) and torch.equal(scored.genre, genres)
        assert scored.logits.isfinite().all()


TURNED = [
    (TRAIN, "test", "learnt_from", True),
    (TRAIN, "val", "test", True),
    (TRAIN, "train", "val", False),
    (BOTH, "test", "learnt_from", True),
    (BOTH, "val", "test", False),
    (BOTH, "train", "val", False),
]


@pytest.mark.parametrize(("learnt_from", "turned", "judged", "stays"), TURNED)
def test_the_fit_sees_the_songs_that_the_network_learnt_from_only(
    data, monkeypatch, learnt_from, turned, judged, stays
):
    before = score_baseline(data, learnt_from, 0.1)[judged].probabilities
    turn_over(monkeypatch, data, turned)
    after = score_baseline(data, learnt_from, 0.1)[judged].probabilities
    assert torch.allclose(before, after, atol=1e-3) is stays


def test_the_songs_of_validation_are_judged_by_a_fit_without_them(data):
    alone, refitted = (score_baseline(data, learnt_from, 0.1)["val"].logits for learnt_from in (TRAIN, BOTH))
    assert torch.equal(alone, refitted)


def test_more_regularisation_makes_it_less_sure(data):
    loose, strict = (score_baseline(data, TRAIN, c)["test"].probabilities.amax(1).mean() for c in (1.0, 0.001))
    assert strict < loose
