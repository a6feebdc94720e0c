import logging
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numba.core import config

import genre_lightning.embed.projection
from genre_lightning.embed.projection import PCA, TSNE, UMAP, UnusableError, compiled, quiet_umap

pytestmark = pytest.mark.usefixtures("uncompiled")
ALL = [UMAP(n_neighbors=4), TSNE(perplexity=3, max_iter=500), PCA()]


def clouds(songs=6, seed=0):
    """Vectors of three clouds that lie in other directions, one cloud after the other, not negative."""
    rng = np.random.default_rng(seed)
    directions = np.repeat(np.eye(3, 10), songs, axis=0)
    return (rng.uniform(1, 3, (3 * songs, 1)) * directions + 0.1 * rng.random((3 * songs, 10))).astype(np.float32)


def own_cloud_is_nearest(positions, songs=6):
    middles = np.stack([positions[first : first + songs].mean(axis=0) for first in range(0, 3 * songs, songs)])
    nearest = np.linalg.norm(positions[:, None] - middles, axis=2).argmin(axis=1)
    return bool((nearest == np.repeat(np.arange(3), songs)).all())


@pytest.mark.parametrize("projection", ALL)
def test_songs_that_are_alike_lie_together_however_long_their_vectors(projection):
    positions = projection.fit(clouds() * np.random.default_rng(0).uniform(0.01, 100, (18, 1)).astype(np.float32))
    assert positions.shape == (18, 2) and positions.dtype == np.float32 and np.isfinite(positions).all()
    assert own_cloud_is_nearest(positions)


@pytest.mark.parametrize("projection", ALL)
def test_the_same_seed_draws_the_same_map_and_another_one_another(projection):
    first = projection.fit(clouds()[:9])
    assert np.array_equal(first, projection.fit(clouds()[:9]))
    if isinstance(projection, UMAP):  # the others start from no random numbers
        assert not np.array_equal(first, replace(projection, seed=1).fit(clouds()[:9]))


@pytest.mark.parametrize("projection", ALL)
def test_the_fewest_songs_that_it_says_are_enough(projection):
    songs = projection.fewest_songs
    positions = projection.fit(clouds()[:songs])
    assert positions.shape == (songs, 2) and np.isfinite(positions).all()
    assert projection.fit(clouds()[:9, :1]).shape == (9, 2), "vectors of a single number"


@pytest.mark.parametrize("projection", ALL)
def test_songs_that_do_not_differ_have_a_position(projection):
    for vectors in (np.zeros((8, 5), np.float32), np.ones((8, 5), np.float32)):
        assert np.isfinite(projection.fit(vectors)).all()


@pytest.mark.parametrize("projection", [UMAP(n_neighbors=4), PCA()])
def test_new_songs_are_placed_among_those_they_are_like(projection):
    vectors, new = clouds(), clouds(songs=2, seed=5)
    positions = projection.fit(vectors)
    before = positions.copy()
    placed = projection.place(vectors, positions, new)
    assert placed.shape == (6, 2) and np.array_equal(positions, before)
    middles = np.stack([positions[first : first + 6].mean(axis=0) for first in (0, 6, 12)])
    nearest = np.linalg.norm(placed[:, None] - middles, axis=2).argmin(axis=1)
    assert nearest.tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.slow
def test_a_placement_follows_the_positions_it_is_given():
    vectors, projection = clouds(), UMAP(n_neighbors=4)
    positions = projection.fit(vectors)
    placed, moved = (projection.place(vectors, where, vectors[:1] + 0.01) for where in (positions, positions + 100))
    assert np.allclose(moved, placed + 100, atol=3)


def test_a_song_is_placed_where_its_twin_lies():
    vectors, projection = clouds(), PCA()
    positions = projection.fit(vectors)
    assert np.allclose(projection.place(vectors, positions, vectors[5:7]), positions[5:7], atol=1e-5)


def test_songs_are_placed_on_a_pca_map_that_was_turned_mirrored_and_moved():
    vectors, projection = clouds(), PCA()
    positions = projection.fit(vectors) @ np.array([[0.6, 0.8], [0.8, -0.6]]) + [5, -3]
    assert np.allclose(projection.place(vectors, positions, vectors[5:7]), positions[5:7], atol=1e-5)


@pytest.mark.slow
def test_songs_are_placed_on_the_island_of_those_they_are_like_wherever_it_was_moved():
    vectors, projection = clouds(), UMAP(n_neighbors=4)
    positions = projection.fit(vectors) + np.repeat([[0, 50], [-40, 0], [30, -30]], 6, axis=0).astype(np.float32)
    placed = projection.place(vectors, positions, clouds(songs=2, seed=5))
    nearest = np.linalg.norm(placed[:, None] - positions, axis=2).argmin(axis=1)
    assert (nearest // 6).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("projection", "songs"), [(TSNE(), 18), (UMAP(), 3), (PCA(), 1), (PCA(), 0)])
def test_where_there_is_no_way_to_place_songs_there_is_no_position(projection, songs):
    vectors = clouds()[:songs]
    assert projection.place(vectors, np.zeros((songs, 2), np.float32), clouds()[:1]) is None


@pytest.mark.parametrize(
    "wrong",
    [lambda: UMAP(n_neighbors=1), lambda: UMAP(min_dist=2), lambda: TSNE(perplexity=0), lambda: TSNE(max_iter=9)],
)
def test_settings_that_cannot_work_are_told_before_any_work(wrong):
    with pytest.raises(ValueError, match="must be"):
        wrong()


@pytest.fixture
def reloaded(monkeypatch):
    """Let umap be loaded again, for this test alone."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pynndescent", "umap")]:
        monkeypatch.delitem(sys.modules, name)


def test_what_is_compiled_goes_to_a_temporary_folder_if_there_is_no_other(reloaded):
    folders = []

    def work():
        folders.append(os.environ["NUMBA_CACHE_DIR"])
        if not folders[-1]:
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return np.zeros(2)

    assert compiled(work).tolist() == [0, 0]
    assert len(folders) == 2 and Path(folders[1]).is_dir() and folders[1] == config.CACHE_DIR


class TooNew:
    """Finds no numba that goes with this NumPy."""

    def find_spec(self, name, *_):
        if name == "umap":
            raise ImportError("Numba needs NumPy 2.3 or less. Got NumPy 2.9.")


@pytest.mark.parametrize("use", ["fit", "place"])
def test_a_umap_that_cannot_be_loaded_is_told_of_with_its_reason(use, reloaded, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [TooNew(), *sys.meta_path])
    vectors = (clouds(),) if use == "fit" else (clouds(), clouds()[:, :2], clouds())
    with pytest.raises(UnusableError, match=r"Numba needs NumPy 2\.3 or less\. Got NumPy 2\.9\."):
        getattr(UMAP(), use)(*vectors)


@pytest.mark.parametrize(("seconds", "told"), [(0.3, True), (0.0, False)])
def test_only_what_takes_long_is_announced(seconds, told, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(genre_lightning.embed.projection, "ANNOUNCED_AFTER_SECONDS", 0.1)
    with quiet_umap():
        time.sleep(seconds)
    said = [record.message for record in caplog.records if "UMAP is running" in record.message]
    assert bool(said) == told
