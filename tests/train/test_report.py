from dataclasses import astuple

import pytest

from genre_lightning.runs.results import Figures, GenreFigures, Results, SplitFigures
from genre_lightning.train.report import (
    baseline_sentence,
    few_songs_sentence,
    gap_sentence,
    genres_table,
    leak_sentence,
    page,
    summary,
    unknown_sentence,
)


def figures(accuracy):
    return Figures(0.5, accuracy, accuracy - 0.01, 0.75, 0.125)


def split(accuracy, songs, unknown_artists=0, left_out=0):
    interval = (accuracy - 0.1, accuracy + 0.1)
    return SplitFigures(*astuple(figures(accuracy)), interval, songs, songs - 1, unknown_artists, left_out)


def results(train=0.85, test=0.6, gap=(0.1, 0.4), baseline=0.5, left_out=(), shared_artists=(), **facts):
    songs, unknown = facts.pop("songs", 400), facts.pop("unknown", 0)
    return Results(
        {
            "train": split(train, songs, left_out=len(left_out)),
            "val": split(0.65, 80),
            "test": split(test, 120, unknown),
        },
        {"test": figures(baseline)},
        (train - test, gap),
        {"hiphop": GenreFigures(60, 0.5, 0.25, 0.333)},
        dict.fromkeys(left_out, "is empty (0 bytes)"),
        list(shared_artists),
        {"model": "CNN", "songs from": "folder", "epochs": 12} | facts,
    )


def column(text, title):
    """The cells below a title in the table of a text, by the first cell of their line."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[rows[0].index(title)] for row in rows[2:]}


def test_a_real_gap_is_called_overfitting_with_its_size():
    sentence = gap_sentence(results(train=0.85, test=0.6, gap=(0.1, 0.4)))
    assert "overfitted by 25 points (95 % interval 10 to 40)" in sentence
    assert "expect 60.0 %, not 85.0 %" in sentence


@pytest.mark.parametrize("gap", [(-0.05, 0.05), (0.0, 0.1), (-0.3, -0.1)])
def test_a_gap_within_chance_is_not_called_overfitting(gap):
    sentence = gap_sentence(results(train=0.65, test=0.6, gap=gap))
    assert "overfitted" not in sentence and "no sign" in sentence
    assert "60.0 %" in sentence and "65.0 %" in sentence


def test_too_few_songs_are_no_proof():
    sentence = gap_sentence(results(train=0.65, test=0.6, gap=(-0.1, 0.4)))
    assert "no sign" not in sentence and "may have overfitted by up to 40 points" in sentence


def test_a_network_that_beats_the_baseline_is_told_so():
    sentence = baseline_sentence(results(test=0.6, baseline=0.45))
    assert "reaches 45.0 % on test: the network is 15 points better, 18 of 120 songs" in sentence


@pytest.mark.parametrize("baseline", [0.6, 0.9])
def test_a_network_that_does_not_beat_the_baseline_is_told_so(baseline):
    sentence = baseline_sentence(results(test=0.6, baseline=baseline))
    assert "does not earn its keep" in sentence and "better" not in sentence


def test_the_pretrained_network_is_recommended_for_few_songs():
    told = few_songs_sentence(results(songs=99))
    assert "99 songs a genre" in told and "model=musicnn" in told
    assert told in summary(results(songs=99))


@pytest.mark.parametrize(
    "run", [{"songs": 100}, {"songs": 99, "model": "Musicnn"}, {"songs": 99, "songs from": "demo"}]
)
def test_the_pretrained_network_is_not_recommended_otherwise(run):
    assert few_songs_sentence(results(**run)) == ""


def test_shared_artists_are_warned_of_and_songs_without_an_artist_are_mentioned():
    assert leak_sentence(results()) == unknown_sentence(results()) == ""
    assert "Warning: 2 artists" in leak_sentence(results(shared_artists=["abba", "queen"]))
    assert unknown_sentence(results(unknown=7)).startswith("7 of 600 songs")


def test_the_summary_puts_train_validation_test_and_the_baseline_side_by_side():
    text = summary(results())
    assert column(text, "train")["accuracy"] == "85.0 % (75 to 95)"
    assert column(text, "validation")["accuracy"] == "65.0 % (55 to 75)"
    assert column(text, "test")["accuracy"] == "60.0 % (50 to 70)"
    assert column(text, "baseline on test")["accuracy"] == "50.0 %"
    assert column(text, "test")["macro F1"] == "0.590" and column(text, "baseline on test")["macro F1"] == "0.490"
    assert column(text, "train")["songs"] == "400" and column(text, "test")["known artists"] == "119"
    text = summary(results(shared_artists=["abba"]))
    assert "overfitted" in text and "15 points" not in text and "10 points better" in text and "Warning" in text


def test_the_genres_table_has_a_line_for_each():
    (row,) = genres_table(results()).splitlines()[2:]
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["hiphop", "60", "0.50", "0.25", "0.33"]


def test_the_page_has_a_title_facts_tables_and_pictures():
    text = page("a run", results())
    assert text.startswith("# a run\n") and "- model: CNN\n- songs from: folder\n- epochs: 12" in text
    assert "hiphop" in text and "(confusion_test.png)" in text and "(curves.png)" in text
    assert summary(results()) in text and "Left out" not in text and text.endswith("\n")
    text = page("a run", results(left_out=["a.wav", "b.wav"]))
    assert "## Files left out: 2" in text and "- `b.wav` is empty (0 bytes)" in text
    assert column(text, "train")["files left out"] == "2"
