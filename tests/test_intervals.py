import numpy as np
import pytest

from genre_lightning.intervals import (
    accuracy_interval,
    difference_interval,
    macro_f1_interval,
    mcnemar,
    paired_interval,
)

ARTISTS = np.repeat(np.arange(15), 3)  # three songs each


def right(wrong):
    """Which of 45 songs are judged rightly: all but those."""
    return ~np.isin(np.arange(45), wrong)


def width(interval):
    return interval[1] - interval[0]


def test_songs_that_each_have_an_artist_get_nearly_jeffreys_interval():
    low, high = accuracy_interval(np.arange(100) < 90, np.arange(100))
    assert (low, high) == pytest.approx((0.830, 0.947), abs=0.004)  # quantiles of Beta(90.5, 10.5)


def test_mistakes_that_come_by_artist_make_the_interval_wider():
    by_artist, scattered = right(range(6)), right(range(0, 18, 3))
    assert width(accuracy_interval(by_artist, ARTISTS)) > 1.2 * width(accuracy_interval(scattered, ARTISTS))


@pytest.mark.parametrize("songs", [3, 10, 45])
def test_all_right_is_no_certainty(songs):
    low, high = accuracy_interval(np.ones(songs, bool), np.arange(songs))
    assert high == 1
    assert 1 - low == pytest.approx(2.5 / (songs + 1), rel=0.4)  # about the rule of three
    nothing_right = accuracy_interval(np.zeros(songs, bool), np.arange(songs))
    assert nothing_right == pytest.approx((0, 1 - low), abs=0.02)


def test_songs_of_few_artists_are_worth_less():
    assert accuracy_interval(right([]), ARTISTS)[0] < accuracy_interval(right([]), np.arange(45))[0] - 0.03


def test_of_a_single_artist_nothing_follows():
    alone = np.zeros(45, int)
    genres = np.arange(45) % 3
    assert accuracy_interval(right([1]), alone) is None
    assert difference_interval(right([1]), ARTISTS, right([1]), alone) is None
    assert difference_interval(right([1]), alone, right([1]), ARTISTS) is None
    assert paired_interval(right([1]), right([2]), alone) is None
    assert macro_f1_interval(genres, genres, alone, 3) is None
    assert accuracy_interval([], []) is None


def test_the_same_songs_give_the_same_interval_whatever_the_groups_are_called():
    assert accuracy_interval(right([1, 5]), ARTISTS) == accuracy_interval(right([1, 5]), 7 * ARTISTS + 3)


def test_a_difference_of_two_sets_has_a_width_though_all_is_right():
    low, high = difference_interval(right([]), ARTISTS, right([]), ARTISTS)
    assert low < -0.03
    assert high > 0.03


def test_a_clear_gap_is_told():
    low, high = difference_interval(right([]), ARTISTS, right(range(24)), ARTISTS)
    assert 0.15 < low < 24 / 45 < high < 0.85


def test_pairs_tell_more_than_two_sets():
    a, b = right(range(12)), right(range(15))
    apart = difference_interval(a, ARTISTS, b, ARTISTS)
    paired = paired_interval(a, b, ARTISTS)
    assert width(paired) < width(apart) / 1.5
    assert paired[0] < 3 / 45 < paired[1]


def test_pairs_that_agree_leave_a_little_doubt():
    low, high = paired_interval(right([3]), right([3]), ARTISTS)
    assert -0.15 < low < -0.02
    assert 0.02 < high < 0.15


def test_a_genre_that_is_often_missed_widens_macro_f1():
    genres = np.arange(45) // 15
    missed = np.where(right(range(9)), genres, (genres + 1) % 3)
    low, high = macro_f1_interval(genres, missed, ARTISTS, 3)
    assert low < 0.78 < high  # (2 * 6 / 21 + 2 * 15 / 39 + 1) / 3 = 0.780
    assert 0.15 < high - low < 0.5


def test_macro_f1_is_of_the_genres_that_have_songs():
    genres = np.arange(45) % 2
    low, high = macro_f1_interval(genres, genres, ARTISTS, 4)
    assert high == 1
    assert 0.8 < low < 0.97


@pytest.mark.parametrize(("only_a", "only_b", "p"), [(0, 0, 1), (1, 1, 1), (5, 0, 0.0625), (1, 9, 0.021484375)])
def test_mcnemar_is_the_binomial_test_of_the_songs_that_only_one_knows(only_a, only_b, p):
    a, b = np.ones(50, bool), np.ones(50, bool)
    a[:only_b] = False
    b[40 : 40 + only_a] = False
    assert mcnemar(a, b) == pytest.approx(p)
    assert mcnemar(b, a) == pytest.approx(p)
