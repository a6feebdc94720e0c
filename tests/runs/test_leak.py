import re

import numpy as np
import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.leak import findings, leak, leak_interval, pairs_by_variant


@pytest.fixture
def divide(finish_run):
    """Make the runs of a leak: test accuracies of 30 songs, song by song and by artist, one a division."""

    def make(naive, artist, *typed, shared_artists=("a",), **known):
        for method, figures in (("naive", naive), ("artist", artist)):
            shared = shared_artists if method == "naive" else ()
            for seed, right in enumerate(figures):
                wrong = [number >= right for number in range(30)]
                run = finish_run(wrong, {"method": method, "seed": seed}, *typed, shared_artists=shared, **known)
        return run.parent

    return make


def test_what_the_naive_figure_would_have_promised_is_said_with_its_interval(divide):
    told = leak(sweep := divide([27, 29, 28], [21, 22, 23]))
    naive, artist = (re.split(r" *\| *", line)[1:-2] for line in told.splitlines()[2:4])
    assert naive == ["song by song", "3", "100.0 %", "80.0 %", "93.3 % (90.0 to 96.7)"]
    assert artist == ["by artist", "3", "100.0 %", "80.0 %", "73.3 % (70.0 to 76.7)"]
    assert "the test promises 93.3 %; of songs by artists it has never heard, 73.3 % are right" in told
    assert "the promise is 20 points too high (95 % interval 12 to 28, from 3 divisions of these songs)" in told
    assert (sweep / "leak.png").read_bytes().startswith(b"\x89PNG")


def found(sweep):
    return findings(pairs_by_variant(sweep))


def test_a_difference_within_chance_is_no_leak_and_no_clean_bill(divide):
    told = found(divide([24, 22, 26], [25, 20, 23]))
    assert "within chance" in told and "a leak is not shown" in told and "too high" not in told


def test_equal_figures_are_not_exact(divide):
    assert "95 % interval -3 to 3, from 3" in found(divide([30, 30, 30], [30, 30, 30]))


def test_where_artists_are_not_known_a_leak_cannot_be_measured(divide):
    told = found(divide([24, 22], [24, 22], shared_artists=()))
    assert "cannot be measured: no artist is known to have two songs" in told and "points" not in told


def test_songs_without_artists_may_leak_both_ways(divide):
    assert "4 of 59 songs name no artist" in found(divide([28, 28], [20, 21], unknown=4))


def test_one_division_may_be_chance(divide):
    assert "8 points" not in (told := found(divide([28], [20])))
    assert "27 points in 1 of at least 3 divisions that are needed, which may be chance; try -m split.seed=" in told


def test_each_model_has_its_own_answer(divide):
    divide([28, 28, 29], [20, 21, 22], "model=mlp", "data=folder")
    told = found(divide([24, 24, 24], [24, 24, 24], "model=cnn", "data=folder"))
    cnn, mlp = told.split("model=mlp")
    assert cnn.startswith("model=cnn\n") and "within chance" in cnn and "24 points too high" in mlp
    assert "data=folder" not in told


def test_runs_that_failed_leave_the_divisions_that_were_made_both_ways(divide, finish_run):
    sweep = divide([28, 28, 28], [20, 20, 20])
    finish_run([False] * 30, {"method": "naive", "seed": 7})
    assert "from 3 divisions" in found(sweep)


def test_runs_of_one_kind_make_no_answer(finish_run):
    sweep = finish_run([False] * 30, {"method": "naive", "seed": 7}).parent
    with pytest.raises(UserError, match=r"sweep: no finished runs of split\.method=naive and artist that share"):
        pairs_by_variant(sweep)


def test_the_interval_covers_the_mean_of_all_divisions():
    rng = np.random.default_rng(0)
    drawn = rng.normal(0.1, 0.05, (500, 5))
    covered = [low <= 0.1 <= high for low, high in (leak_interval(leaks, 1000) for leaks in drawn)]
    assert 0.92 <= np.mean(covered) <= 0.98
