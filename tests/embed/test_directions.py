import numpy as np
import pytest

from genre_lightning.embed.descriptors import DESCRIPTORS, unknown
from genre_lightning.embed.directions import directions, turn

LOUD, HIGHS, NOISE = range(3)
NOBODY = [""] * 300


def sheet(songs=300, seed=0):
    """Songs all over a map that is three times as wide as high, and their descriptors, which say nothing of it."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (songs, 2)) * (3, 1), rng.standard_normal((songs, len(DESCRIPTORS)))


def test_what_grows_along_an_axis_is_told_with_its_strength_and_the_other_end():
    positions, descriptors = sheet()
    descriptors[:, HIGHS] = -(positions[:, 0] ** 3)  # ranks count, not how far
    descriptors[:, LOUD] += positions[:, 1] * 2
    x, y, songs = directions(positions, descriptors, NOBODY)
    assert x == (("fewer highs", "more highs", pytest.approx(1)),) and songs == 300
    assert [(more, less) for more, less, _ in y] == [DESCRIPTORS[LOUD]] and 0.3 < y[0].strength < 0.9


def test_at_most_two_are_told_of_an_axis_the_strongest_first_and_each_on_one_axis():
    positions, descriptors = sheet()
    for column in range(3):
        descriptors[:, column] = positions[:, 0] + 0.5 * positions[:, 1] + (1 + column) * descriptors[:, column]
    x, y, _ = directions(positions, descriptors, NOBODY)
    assert [words[:2] for words in x] == [*DESCRIPTORS[:2]] and x[0].strength > x[1].strength and not y


def test_of_songs_that_lie_anywhere_nothing_is_told():
    told = [directions(*sheet(60, seed), [""] * 60) for seed in range(50)]
    assert sum(bool(axes.x or axes.y) for axes in told) <= 1


def test_an_artist_s_songs_count_as_one():
    positions, descriptors = sheet()
    descriptors[:, LOUD] += 0.3 * positions[:, 0]
    assert directions(positions, descriptors, NOBODY).x
    assert not directions(positions, descriptors, [f"artist {row % 25}" for row in range(300)]).x
    assert not directions(positions, descriptors, ["one"] * 300).x


def test_what_is_unknown_is_not_told_and_hides_nothing_else():
    positions, descriptors = sheet()
    descriptors[:, LOUD], descriptors[:, NOISE] = np.nan, positions[:, 0]
    descriptors[:30, NOISE] = np.nan
    x, _, songs = directions(positions, descriptors, NOBODY)
    assert [words[:2] for words in x] == [DESCRIPTORS[NOISE]] and songs == 270
    nothing = directions(positions, unknown(300), NOBODY)
    assert not nothing.x and not nothing.y


@pytest.mark.parametrize("songs", [1, 2, 19])
def test_of_a_few_songs_nothing_is_told(songs):
    positions, descriptors = sheet(songs)
    descriptors[:, LOUD] = positions[:, 0]
    assert not directions(positions, descriptors, [""] * songs).x
    assert np.isfinite(turn(positions, descriptors, [""] * songs)).all()


@pytest.mark.parametrize("angle", [0.3, 1.2, 2.5, 4.0])
def test_a_map_is_turned_until_its_axes_say_most_and_more_is_to_the_right_and_up(angle):
    positions, descriptors = sheet()
    descriptors[:, NOISE], descriptors[:, HIGHS] = positions.T
    away = positions @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    turned = turn(away, descriptors, NOBODY)
    assert np.allclose(turned @ turned.T, np.eye(2))
    x, y, _ = directions(away @ turned, descriptors, NOBODY)
    assert {x[0][:2], y[0][:2]} == {DESCRIPTORS[NOISE], DESCRIPTORS[HIGHS]} and x[0].strength + y[0].strength > 1.95


def test_a_map_of_which_nothing_can_be_told_is_laid_along_the_page():
    positions, descriptors = sheet()
    slanted = positions @ [[0.6, 0.8], [-0.8, 0.6]]
    for heard in (descriptors, unknown(300)):
        laid = slanted @ turn(slanted, heard, NOBODY)
        assert np.allclose(np.abs(np.corrcoef(laid.T)[0, 1]), 0, atol=1e-6) and np.ptp(laid, axis=0)[0] > 5.5
    assert np.isfinite(turn(np.zeros((3, 2)), unknown(3), [""] * 3)).all()
