import numpy as np
import pytest
from scipy.spatial import KDTree

from genre_lightning.embed.islands import covered, islands, move_together, reach_of


def archipelago(middles, songs=40, seed=0):
    """Islands of songs on discs of radius 1 around the middles, one after the other: float32 `(songs, 2)`."""
    rng = np.random.default_rng(seed)
    angle, radius = 2 * np.pi * rng.random((len(middles), songs)), np.sqrt(rng.random((len(middles), songs)))
    discs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2) + np.array(middles, float)[:, None]
    return discs.reshape(-1, 2).astype(np.float32)


FAR = [(0, 0), (30, 2), (-25, 10), (3, -40), (28, 25), (60, -30)]


@pytest.fixture
def drawn():
    return archipelago(FAR)


def nearest(positions, k):
    """The k songs nearest to each one, in order."""
    return KDTree(positions.astype(float)).query(positions, k + 1)[1][:, 1:]


def test_inside_an_island_nothing_moves_and_water_is_left_between_them(drawn):
    moved = move_together(drawn).positions
    assert moved.shape == drawn.shape and moved.dtype == np.float32
    for first in range(0, len(drawn), 40):
        shift = moved[first : first + 40] - drawn[first : first + 40]
        assert np.allclose(shift, shift[0], atol=1e-5)
    assert np.array_equal(islands(moved, reach_of(drawn)), islands(drawn, reach_of(drawn)))


def test_songs_cover_more_of_the_page_and_keep_their_nearest_songs(drawn):
    shores = move_together(drawn)
    assert shores.before < 0.1 < 0.3 < shores.after <= 1
    assert np.array_equal(nearest(drawn, 1), nearest(shores.positions, 1))
    kept = [len({*a} & {*b}) for a, b in zip(nearest(drawn, 10), nearest(shores.positions, 10), strict=True)]
    assert np.mean(kept) > 9.8
    assert str(shores).startswith("Islands were moved together: songs cover ")
    assert f"{100 * shores.after:.0f} % of the map, {100 * shores.before:.0f} % before" in str(shores)


def test_islands_stay_on_the_side_of_the_middle_on_which_they_were(drawn):
    middle = drawn.mean(axis=0)
    before, after = (p.reshape(len(FAR), 40, 2).mean(axis=1) - middle for p in (drawn, move_together(drawn).positions))
    assert (before * after).sum(axis=1).min() > 0


def test_the_same_map_is_moved_the_same_way(drawn):
    assert np.array_equal(move_together(drawn).positions, move_together(drawn.copy()).positions)


def test_songs_alone_on_an_island_move_too():
    drawn = np.concatenate([archipelago([(0, 0)], songs=100), np.float32([[50, 0], [0, -60], [-40, 40]])])
    moved = move_together(drawn).positions
    assert np.abs(moved[100:]).max() < 10 and np.allclose(np.ptp(moved[:100], axis=0), np.ptp(drawn[:100], axis=0))
    assert KDTree(moved[:100]).query(moved[100:])[0].min() > reach_of(drawn)


@pytest.mark.parametrize(
    "drawn",
    [np.zeros((0, 2)), np.zeros((1, 2)), np.zeros((7, 2)), np.eye(2), np.float32([[0, 0], [1, 2], [9, 9]]),
     archipelago([(0, 0)])],
)  # fmt: skip
def test_where_there_is_one_island_nothing_is_moved(drawn):
    assert move_together(drawn) is None


def test_copies_of_a_song_and_songs_in_a_line_are_moved_like_others():
    line = np.stack([np.r_[np.arange(20.0), np.arange(20.0) + 200], np.zeros(40)], axis=1)
    moved = move_together(np.repeat(line, 3, axis=0)).positions
    assert np.array_equal(moved[::3], moved[1::3]) and np.ptp(moved[:, 0]) < 60
    assert np.allclose(np.ptp(moved[:60], axis=0), (19, 0))


def test_a_song_covers_the_disc_around_it():
    assert covered(np.zeros((5, 2)), 3.0) == pytest.approx(np.pi / 4 / (4 / 3), rel=0.05)  # a circle on a page of 4:3
    apart = np.array([[0, 0], [100, 0]])
    assert covered(apart, 1.0) == pytest.approx(2 * np.pi / (102**2 * 3 / 4), rel=0.05)
