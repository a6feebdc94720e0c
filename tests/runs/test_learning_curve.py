import re

import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.learning_curve import ASKED, curve_of, finding, learning_curve, possible_laws
from genre_lightning.runs.swept import runs_by_variant

TESTED = 45  # songs by 15 artists
FALLING = {0.1: 27, 0.16: 22, 0.25: 17, 0.4: 13, 0.63: 10, 1.0: 8}  # mistakes at parts of 50 songs a genre
FLAT = dict.fromkeys(FALLING, 15)


@pytest.fixture
def learn(finish_run):
    """Make the runs of a learning curve, with so many mistakes at each size: one more or less a draw."""

    def make(mistakes, *typed, setting="train_artists_per_genre", draws=3, tested=TESTED, **known):
        for part, count in mistakes.items():
            for draw in range(draws):
                wrong = [number * 7 % tested < count + draw - 1 for number in range(tested)]
                sizes = {"songs": round(50 * part), "artists": max(1, round(16 * part))}
                split = {"train_artists_per_genre": None, "train_songs_per_genre": None, setting: part, "draw": draw}
                run = finish_run(wrong, split, *typed, **sizes | known)
        return run.parent

    return make


def found(sweep):
    """What is said of each variant."""
    curves = {name: curve_of(runs) for name, runs in runs_by_variant(sweep, ASKED).items()}
    return {name: finding(curve, possible_laws(curve)) for name, curve in curves.items()}


def numbers(sentence):
    """The gain and the ends of its interval."""
    return [int(number) for number in re.search(r"another (\d+) points .*interval (\d+) to (\d+)", sentence).groups()]


def test_a_falling_error_says_what_twice_as_many_songs_would_bring(learn):
    told = learning_curve(sweep := learn(FALLING))
    assert (
        "On the same 45 test songs by 15 artists, accuracy is 40.0 % with 5 songs a genre and 82.2 % with 50." in told
    )
    assert (
        "Twice as many songs by twice as many artists would bring another" in told and "if they are like these" in told
    )
    gain, low, high = numbers(told)
    assert 0 < low <= gain <= high <= 8 / TESTED * 100 + 5
    assert (sweep / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    rows = [re.split(r" *\| *", line)[1:-1] for line in told.splitlines()[2:8]]
    assert rows[0] == ["5", "2", "3", "40.0 % (37.8 to 42.2)"] and rows[-1][:3] == ["50", "16", "3"]


def test_a_flat_curve_cannot_say_what_more_songs_would_bring(learn):
    (told,) = found(learn(FLAT)).values()
    assert "what they would bring cannot be said, it may be anything from -" in told and "another" not in told


def test_songs_of_the_same_artists_are_told_from_songs_of_new_ones(learn):
    (told,) = found(learn(FALLING, setting="train_songs_per_genre")).values()
    assert "Twice as many songs by the same artists would bring another" in told


def test_each_model_has_its_own_curve_in_the_same_picture(learn):
    learn(FALLING, "model=cnn")
    told = learning_curve(learn(FLAT, "model=mlp"))
    cnn, mlp = told.removeprefix("model=cnn\n").split("\n\nmodel=mlp\n")
    assert "would bring another" in cnn and "cannot be said" in mlp


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"mistakes": {0.5: 17, 0.75: 12, 1.0: 8}}, "there are 3 sizes, and 4 are needed"),
        ({"mistakes": {**FALLING, 1.0: 0}, "draws": 2}, "all test songs are judged rightly"),
        ({"mistakes": FALLING, "tested": 12}, "test has songs of 4 artists, and 5 are needed"),
    ],
)
def test_what_is_lacking_for_an_answer_is_named(learn, settings, reason):
    (told,) = found(learn(**settings)).values()
    assert f"What twice as many would bring cannot be said: {reason}" in told


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"shared_artists": ["a", "b"]}, "may be too good: 2 artists are both in training and on test"),
        ({"unknown": 4}, "may be too good: 4 songs name no artist"),
        ({}, ""),
    ],
)
def test_artists_that_are_or_may_be_on_both_sides_are_told(learn, known, told):
    (said,) = found(learn({0.5: 17, 1.0: 8}, draws=1, **known)).values()
    assert told in said and ("too good" in said) == bool(told)


def test_runs_that_were_tested_on_other_songs_make_no_curve(learn, finish_run):
    learn({0.5: 17, 1.0: 8})
    odd = {"train_artists_per_genre": 0.25, "train_songs_per_genre": None, "draw": 0}
    sweep = finish_run([False] * 30, odd).parent
    with pytest.raises(UserError, match="was tested on other songs than"):
        found(sweep)


def test_songs_and_artists_at_once_make_no_curve(learn):
    learn({0.5: 17, 1.0: 8}, draws=1)
    with pytest.raises(UserError, match=r"of split\.train_songs_per_genre or of .*, not of both"):
        found(learn({0.5: 17, 0.9: 8}, draws=1, setting="train_songs_per_genre"))


def test_parts_that_come_to_the_same_songs_are_one_size(learn):
    curve = curve_of(runs_by_variant(learn({0.04: 20, 0.05: 20, 1.0: 8}), ASKED)[""])
    assert curve.sizes.tolist() == [0, 0, 0, 1, 1, 1]


def test_sizes_are_in_the_order_of_the_songs_they_come_to(learn):
    curve = curve_of(runs_by_variant(learn({1.0: 8, 0.5: 17, 0.25: 20}), ASKED)[""])
    assert [songs.tolist() for songs in curve.by_size(curve.songs)] == [[12] * 3, [25] * 3, [50] * 3]
    assert curve.sizes.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
