import re

import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.leak import findings, leak, pairs_by_variant


@pytest.fixture
def divide(finish_run):
    """Make the runs of a leak: how many of 30 songs, three an artist, are right song by song and by artist; a pair for
    each seed of the folds.
    """

    def make(naive, artist, *typed, shared_artists=("a",), **known):
        for method, figures in (("naive", naive), ("artist", artist)):
            shared = shared_artists if method == "naive" else ()
            for seed, right in enumerate(figures):
                wrong = [number >= right for number in range(30)]
                division = {"method": method, "seed": seed}
                run = finish_run(wrong, division, *typed, shared_artists=shared, folds=5, **known)
        return run.parent

    return make


def test_what_the_naive_figure_would_have_promised_is_said_with_its_interval(divide):
    told = leak(sweep := divide([28], [15]))
    naive, artist = (re.split(r" *\| *", line)[1:-2] for line in told.splitlines()[2:4])
    assert naive == ["song by song", "1", "100.0 %", "93.3 %"] and artist == ["by artist", "1", "100.0 %", "50.0 %"]
    assert "the folds promise 93.3 %; by artists whom the networks have never heard, 50.0 % are right" in told
    low, high = map(
        int, re.findall(r"the promise is 43 points too high \(95 % interval (\d+) to (\d+), over art", told)[0]
    )
    assert 0 < low < 30 and 50 < high < 90
    assert (sweep / "leak.png").read_bytes().startswith(b"\x89PNG")


def found(sweep):
    return findings(pairs_by_variant(sweep))


def test_a_difference_within_chance_is_no_leak_and_no_clean_bill(divide):
    told = found(divide([24], [22]))
    assert "within chance" in told and "a leak is not shown" in told and "too high" not in told


def test_more_divisions_count_together(divide):
    told = found(divide([28, 26], [15, 17]))
    assert "93.3 %" not in told and "90.0 % (86.7 to 93.3)" in told and "the promise is 37 points too high" in told


def test_where_artists_are_not_known_a_leak_cannot_be_measured(divide):
    told = found(divide([24], [24], shared_artists=()))
    assert "cannot be measured: no artist is known to have two songs" in told and "points" not in told


def test_songs_without_artists_may_leak_both_ways(divide):
    assert "4 of 30 songs name no artist" in found(divide([28], [20], unknown=4))


def test_each_model_has_its_own_answer(divide):
    divide([28], [14], "model=mlp", "data=folder")
    told = found(divide([24], [24], "model=cnn", "data=folder"))
    cnn, mlp = told.split("model=mlp")
    assert cnn.startswith("model=cnn\n") and "within chance" in cnn and "47 points too high" in mlp
    assert "data=folder" not in told


def test_runs_that_failed_leave_the_divisions_that_were_made_both_ways(divide, finish_run):
    sweep = divide([28], [20])
    finish_run([False] * 30, {"method": "naive", "seed": 7}, folds=5)
    assert "song by song" in found(sweep) and "100.0 % (" not in found(sweep)


@pytest.mark.parametrize("folds", [5, 0])
def test_runs_of_one_kind_or_without_folds_make_no_answer(finish_run, folds):
    for method in ("naive", "artist")[: 1 + (folds == 0)]:
        sweep = finish_run([False] * 30, {"method": method, "seed": 7}, folds=folds).parent
    with pytest.raises(UserError, match=r"sweep: no finished runs with folds of both split\.method=naive and artist"):
        pairs_by_variant(sweep)
