from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.quality import measure

GENRES = ["jazz", "rock"]
KNN, MODEL, SILHOUETTE, TRUST = (
    "kNN accuracy (k = 3 training songs)", "accuracy of the model", "silhouette by genre",
    "trustworthiness of the map",
)  # fmt: skip


def songs(*groups, seed=0):
    """Songs in groups of (how many, genre, direction in full dimension, split), predicted by their direction."""
    rng = np.random.default_rng(seed)
    rows = [(genre, direction, split) for count, genre, direction, split in groups for _ in range(count)]
    tracks = [Track(Path(f"{row}.mp3"), genre, split=split) for row, (genre, _, split) in enumerate(rows)]
    directions = np.array([direction for _, direction, _ in rows], int)
    vectors = (np.eye(6)[directions] + 0.1 * rng.random((len(rows), 6))).astype(np.float32)
    predicted = np.eye(2, dtype=np.float32)[directions % 2]
    arrays = predicted, vectors, vectors[:, :2].copy(), np.arange(len(rows)).astype(str), vectors
    return Embeddings(Catalogue(tracks), GENRES, *arrays)


def named(metrics):
    """The figures by their names."""
    return {figure.name: figure.value for figure in metrics.figures}


def test_only_test_songs_count_and_training_songs_vote():
    own = songs((5, "jazz", 0, "train"), (5, "rock", 1, "train"), (4, "jazz", 0, "test"), (4, "rock", 1, "test"))
    found = measure(own, own, 3)
    assert named(found)[KNN] == named(found)[MODEL] == 1 and found.silhouettes.keys() == {"jazz", "rock"}
    assert named(found)[SILHOUETTE] > 0.8 and named(found)[TRUST] > 0.9 and not found.missing
    assert all(figure.songs == "8 test songs" and figure.meaning.endswith(".") for figure in found.figures)
    for name in (KNN, MODEL, SILHOUETTE, TRUST, "silhouette of jazz", "squeezes 6 dimensions into 2"):
        assert name in found.summary()


def test_wrong_test_songs_lower_every_figure_of_theirs():
    own = songs(
        (5, "jazz", 0, "train"), (5, "rock", 1, "train"), (9, "jazz", 1, "val"), (3, "jazz", 0, "test"),
        (1, "jazz", 1, "test"), (4, "rock", 1, "test"),
    )  # fmt: skip
    found = measure(own, own, 3)
    assert named(found)[KNN] == named(found)[MODEL] == pytest.approx(7 / 8)
    assert found.silhouettes["jazz"] < found.silhouettes["rock"]


def test_the_nearest_vote_whatever_the_model_says():
    own = songs((5, "jazz", 0, "train"), (5, "rock", 1, "train"), (2, "jazz", 2, "test"), (2, "rock", 3, "test"))
    own.vectors[10:] = own.vectors[5]  # a rock song
    found = measure(own, own, 3)
    assert named(found)[KNN] == 0.5 and named(found)[MODEL] == 1


def test_a_map_that_throws_songs_about_is_not_trusted():
    own = songs((10, "jazz", 0, "test"), (10, "rock", 1, "test"), (3, "jazz", 0, "train"))
    good = measure(own, own, 3)
    own.positions[:] = np.random.default_rng(1).permutation(own.positions)
    assert named(measure(own, own, 3))[TRUST] < named(good)[TRUST] - 0.1


def test_songs_the_model_never_saw_are_measured_all_of_them_and_the_run_s_training_songs_vote():
    run = songs((5, "jazz", 0, "train"), (5, "rock", 1, "train"), (5, "rock", 0, "test"))
    found = measure(songs((3, "jazz", 0, ""), (2, "rock", 1, ""), (2, "polka", 2, ""), (1, "", 3, "")), run, 3)
    assert named(found)[KNN] == named(found)[MODEL] == 1
    assert found.silhouettes.keys() == {"jazz", "rock", "polka"}
    counts = [figure.songs for figure in found.figures]
    assert counts == ["7 new songs", "5 new songs", "5 new songs", "8 new songs"]


def test_songs_among_new_ones_that_the_model_was_trained_on_are_left_out():
    run = songs((5, "jazz", 0, "train"), (5, "rock", 1, "train"))
    found = measure(songs((3, "jazz", 0, ""), (3, "rock", 1, ""), (9, "rock", 0, "train")), run, 3)
    assert named(found)[MODEL] == 1 and all(figure.songs == "6 new songs" for figure in found.figures)


def test_without_the_run_s_own_songs_nobody_votes_and_that_is_said():
    found = measure(songs((3, "jazz", 0, ""), (3, "rock", 1, "")), None, 3)
    assert KNN not in named(found) and MODEL in named(found)
    assert [line for line in found.missing if "run embed.py without data.root" in line]


@pytest.mark.parametrize("count", [1, 2])
def test_of_a_song_or_two_what_cannot_be_computed_is_said(count):
    run = songs((5, "jazz", 0, "train"), (5, "rock", 1, "train"))
    found = measure(songs((count, "jazz", 0, "")), run, 3)
    assert set(named(found)) == {KNN, MODEL}
    assert [line.split(":")[0] for line in found.missing] == [f"No {SILHOUETTE}", f"No {TRUST}"]
    assert all(line in found.summary() for line in found.missing)


def test_songs_of_unknown_genre_have_a_map_only():
    found = measure(songs((9, "", 0, "")), songs((5, "jazz", 0, "train")), 3)
    assert set(named(found)) == {TRUST} and len(found.missing) == 3


def test_no_song_but_those_it_was_trained_on():
    own = songs((5, "jazz", 0, "train"))
    found = measure(own, own, 3)
    assert not found.figures and "trained on all of these songs" in found.summary()


def test_of_very_many_songs_some_are_drawn_and_that_is_said(monkeypatch):
    monkeypatch.setattr("genre_lightning.embed.quality.MOST_SONGS", 10)
    found = measure(songs((30, "jazz", 0, ""), (30, "rock", 1, "")), None, 3)
    assert all(figure.songs == "10 of 60 new songs" for figure in found.figures)
