import pytest
import torch

from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.metrics import is_correct
from genre_lightning.train.baseline import score_baseline

SPLITS = ("train", "val", "test")


@pytest.fixture
def data(selected):
    selection, cache = selected
    data = GenreDataModule(lambda: selection.catalogue, cache.features, cache=lambda features: cache)
    data.setup()
    return data


def turn_over(monkeypatch, data, split):
    """Turn the features of one side's songs upside down."""
    songs, stats = set(data.datasets[split].songs), data.cache.stats
    monkeypatch.setattr(data.cache, "stats", lambda song: stats(song)[:, :: -1 if song in songs else 1])


def test_songs_that_differ_are_told_apart(data):
    scored = score_baseline(data, SPLITS, 1.0)
    assert tuple(scored) == SPLITS
    assert is_correct(scored["train"]).double().mean() >= 0.9 and is_correct(scored["test"]).double().mean() >= 0.8


def test_every_song_is_scored_with_its_own_genre(data):
    for split, scored in score_baseline(data, SPLITS, 0.1).items():
        assert scored.song.tolist() == list(range(len(data.datasets[split])))
        assert torch.equal(scored.genre, data.datasets[split].genres)
        torch.testing.assert_close(scored.probabilities.sum(1), torch.ones(len(scored.song)))


TURNED = [("test", "train", True), ("val", "train", True), ("train", "val", False)]


@pytest.mark.parametrize(("turned", "judged", "stays"), TURNED)
def test_the_fit_sees_the_training_songs_only(data, monkeypatch, turned, judged, stays):
    before = score_baseline(data, SPLITS, 0.1)[judged].probabilities
    turn_over(monkeypatch, data, turned)
    after = score_baseline(data, SPLITS, 0.1)[judged].probabilities
    assert torch.allclose(before, after, atol=1e-3) is stays


def test_more_regularisation_makes_it_less_sure(data):
    loose, strict = (score_baseline(data, ("train",), c)["train"].probabilities.amax(1).mean() for c in (1.0, 0.001))
    assert strict < loose
