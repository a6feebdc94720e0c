import numpy as np
import pytest

from genre_lightning.runs.power_law import bootstrap, fit, interval

SIZES = np.repeat([5.0, 8.0, 12.0, 19.0, 30.0, 47.0], 3)  # six sizes, three draws
GROUPS = np.repeat(np.arange(15), 3)  # of 45 test songs


def judged(errors, seed=0):
    """Which of the test songs are judged wrongly by runs with these errors: the same artists are hard for all."""
    rng = np.random.default_rng(seed)
    hard = rng.permutation(GROUPS.max() + 1)[GROUPS] / GROUPS.max()
    return np.array([0.8 * hard + 0.2 * rng.random(len(GROUPS)) < error for error in errors])


@pytest.mark.parametrize(("a", "b", "c"), [(1.5, 0.5, 0.02), (0.8, 1.0, 0.1), (2.0, 1.5, 0.0)])
def test_the_law_behind_exact_errors_is_found(a, b, c):
    law = fit(SIZES, a * SIZES**-b + c)
    assert law == pytest.approx((a, b, c), abs=1e-9)
    assert law.gain(47.0) == pytest.approx(a * (47.0**-b - 94.0**-b))


def test_laws_of_many_experiments_are_those_of_each():
    errors = np.random.default_rng(0).uniform(0.1, 0.5, (7, len(SIZES)))
    together, apart = fit(SIZES, errors), [fit(SIZES, one) for one in errors]
    assert np.allclose(np.transpose(apart), together)


def test_an_error_that_would_fall_below_0_falls_to_0():
    law = fit(SIZES, 1 - 0.2 * np.log(SIZES))
    assert law.c >= 0 and law.error(1e9) >= 0


def test_errors_that_grow_make_no_gain():
    assert fit(SIZES, 0.1 + SIZES / 100).gain(47.0) < 0


def test_a_steep_curve_gains_and_a_flat_one_may_lose():
    steep, flat = (
        interval(bootstrap(SIZES, judged(errors), GROUPS).gain(47.0))
        for errors in (1.5 * SIZES**-0.5, np.full(len(SIZES), 0.3))
    )
    assert 0 < steep[0] < 1.5 * (47**-0.5 - 94**-0.5) < steep[1] < 0.2
    assert flat[0] < 0 < flat[1]


def test_the_same_runs_make_the_same_interval_and_artists_a_wider_one_than_songs():
    wrong = judged(1.5 * SIZES**-0.5)
    apart = np.arange(len(GROUPS))  # as if each song were another artist's
    first, again, songs = (bootstrap(SIZES, wrong, groups).error(47.0) for groups in (GROUPS, GROUPS, apart))
    assert np.array_equal(first, again)
    assert np.ptp(interval(first)) > 1.2 * np.ptp(interval(songs))
