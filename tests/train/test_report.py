import math
from dataclasses import astuple, replace

import pytest

from genre_lightning.runs.results import Figures, GenreFigures, Results, SplitFigures
from genre_lightning.train.report import (
    baseline_sentence,
    findings,
    gap_sentence,
    genres_table,
    leak_sentence,
    page,
    summary,
    unjudged_sentence,
    unknown_sentence,
)


def figures(accuracy):
    return Figures(0.5, accuracy, accuracy - 0.01, 0.75, 0.125)


def split(accuracy, songs, unknown_artists=0, left_out=0):
    interval = (accuracy - 0.1, accuracy + 0.1)
    known = (0.9, 0.25, (0.05, 0.1), interval, songs, songs - 1, unknown_artists, left_out)
    return SplitFigures(*astuple(figures(accuracy)), *known)


def results(learnt=0.85, test=0.6, gap=(0.1, 0.4), baseline=0.5, left_out=(), shared_artists=(), **more):
    unknown = more.pop("unknown", (0, 0, 0))
    return Results(
        {
            "learnt_from": split(learnt, 400, unknown[0], left_out=len(left_out)),
            "val": split(0.65, 80, unknown[1]),
            "test": split(test, 120, unknown[2]),
        },
        more.pop("refitted", False),
        {"test": figures(baseline)},
        (learnt - test, gap),
        {"hiphop": GenreFigures(60, 0.5, 0.25, 0.333), "ska": GenreFigures(0, 0, 0, 0)},
        more.pop("unjudged", {}),
        dict.fromkeys(left_out, "is empty (0 bytes)"),
        list(shared_artists),
        {"model": "CNN", "songs from": "songs", "epochs": 12},
        more.pop("advice", ""),
    )


def column(text, title):
    """The cells below a title in the table of a text, by the first cell of their line."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[rows[0].index(title)] for row in rows[2:]}


def test_a_real_gap_is_called_overfitting_with_its_size():
    sentence = gap_sentence(results(learnt=0.85, test=0.6, gap=(0.1, 0.4)))
    assert "gets 85.0 % of the songs it learnt from right and 60.0 % of the test songs" in sentence
    assert "overfitted by 25 points (95 % interval 10 to 40)" in sentence
    assert "expect 60.0 %, not 85.0 %" in sentence


@pytest.mark.parametrize("gap", [(-0.05, 0.05), (0.0, 0.1), (-0.3, -0.1)])
def test_a_gap_within_chance_is_not_called_overfitting(gap):
    sentence = gap_sentence(results(learnt=0.65, test=0.6, gap=gap))
    assert "overfitted" not in sentence and "no sign" in sentence
    assert "60.0 %" in sentence and "65.0 %" in sentence


def test_too_few_songs_are_no_proof():
    sentence = gap_sentence(results(learnt=0.65, test=0.6, gap=(-0.1, 0.4)))
    assert "no sign" not in sentence and "may have overfitted by up to 40 points" in sentence


def test_a_network_that_beats_the_baseline_is_told_so():
    sentence = baseline_sentence(results(test=0.6, baseline=0.45))
    assert "reaches 45.0 % on test: the model is 15 points better, 18 of 120 songs" in sentence


@pytest.mark.parametrize("baseline", [0.6, 0.9])
def test_a_network_that_does_not_beat_the_baseline_is_told_so(baseline):
    sentence = baseline_sentence(results(test=0.6, baseline=baseline))
    assert "does not earn its keep" in sentence and "better" not in sentence


def test_shared_artists_are_warned_of_and_songs_without_an_artist_are_mentioned():
    assert leak_sentence(results()) == unknown_sentence(results()) == ""
    assert "Warning: 2 artists" in leak_sentence(results(shared_artists=["abba", "queen"]))
    assert unknown_sentence(results(unknown=(0, 0, 7))).startswith("7 of 600 songs")


def test_songs_without_an_artist_are_counted_once_after_a_refit():
    told = unknown_sentence(results(unknown=(5, 2, 7), refitted=True))  # val is in the 400 it learnt from
    assert told.startswith("12 of 520 songs")
    assert unknown_sentence(results(unknown=(5, 2, 7))).startswith("14 of 600 songs")


def test_genres_that_cannot_be_judged_are_named():
    told = unjudged_sentence(results(unjudged={"val": ["jazz", "ska"], "test": ["ska"]}))
    assert "There are no songs on validation of: jazz, ska." in told and "There are no songs on test of: ska." in told
    assert told in findings(results(unjudged={"val": ["jazz", "ska"], "test": ["ska"]}))
    assert unjudged_sentence(results()) == ""


def test_the_summary_puts_all_songs_and_the_baseline_side_by_side():
    text = summary(results())
    assert column(text, "learnt from")["accuracy"] == "85.0 % (75 to 95)"
    assert column(text, "validation")["accuracy"] == "65.0 % (55 to 75)"
    assert column(text, "test")["accuracy"] == "60.0 % (50 to 70)"
    assert column(text, "baseline on test")["accuracy"] == "50.0 %"
    assert column(text, "test")["macro F1"] == "0.590" and column(text, "baseline on test")["macro F1"] == "0.490"
    assert column(text, "learnt from")["songs"] == "400" and column(text, "test")["known artists"] == "119"
    text = summary(results(shared_artists=["abba"]))
    assert "overfitted" in text and "15 points" not in text and "10 points better" in text and "Warning" in text


def test_after_a_refit_validation_is_said_to_be_of_the_first_fit():
    assert column(summary(results(refitted=True)), "validation (first fit)")["accuracy"] == "65.0 % (55 to 75)"


def test_log_loss_and_calibration_error_are_shown_before_and_after_and_beside_a_calibrated_model():
    shown = column(summary(results()), "test")
    assert (shown["log-loss"], shown["log-loss before the temperature"]) == ("0.500", "0.900")
    assert (shown["calibration error"], shown["calibration error before the temperature"]) == ("0.125", "0.250")
    assert shown["calibration error if calibrated, 95 %"] == "0.050 to 0.100"
    baseline = column(summary(results()), "baseline on test")
    assert baseline["log-loss"] == "0.500" and baseline["log-loss before the temperature"] == ""


def test_a_figure_that_cannot_be_told_is_a_dash():
    known = results()
    single = replace(known.splits["val"], auroc_macro=math.nan)
    text = summary(replace(known, splits={**known.splits, "val": single}))
    assert column(text, "validation")["macro AUROC"] == "-" and column(text, "test")["macro AUROC"] == "0.750"


def test_what_would_do_better_comes_last():
    advised = results(advice="Try\n\n    python train.py model=pretrained", left_out=["a.wav"])
    assert summary(advised) == f"{findings(advised)}\n\n{advised.advice}"
    assert page("a run", advised).endswith(f"## What may do better\n\n{advised.advice}\n")
    assert summary(results()) == findings(results()) and "do better" not in page("a run", results())


def test_the_genres_table_has_a_line_for_each():
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in genres_table(results()).splitlines()[2:]]
    assert rows == [["hiphop", "60", "0.50", "0.25", "0.33"], ["ska", "0", "-", "-", "-"]]


def test_the_page_has_a_title_facts_tables_and_pictures():
    text = page("a run", results())
    assert text.startswith("# a run\n") and "- model: CNN\n- songs from: songs\n- epochs: 12" in text
    assert "hiphop" in text and all(f"({name}.png)" in text for name in ("confusion", "calibration", "curves"))
    assert findings(results()) in text and "Left out" not in text and text.endswith("\n")
    text = page("a run", results(left_out=["a.wav", "b.wav"]))
    assert "## Files left out: 2" in text and "- `b.wav` is empty (0 bytes)" in text
    assert column(text, "learnt from")["files left out"] == "2"
