import io
import sys

import pytest

from genre_lightning.wording import (
    baseline_sentence,
    clock,
    few_songs_sentence,
    gap_sentence,
    genres_table,
    leak_sentence,
    page,
    printable,
    say,
    summary,
    unknown_sentence,
)


def split(accuracy, songs, left_out=0):
    return {
        "accuracy": accuracy,
        "accuracy_interval": [accuracy - 0.1, accuracy + 0.1],
        "loss": 0.5,
        "f1_macro": accuracy - 0.01,
        "auroc_macro": 0.75,
        "calibration_error": 0.125,
        "songs": songs,
        "artists": songs - 1,
        "unknown_artists": 0,
        "left_out": left_out,
    }


def figures(train=0.85, test=0.6, gap=(0.1, 0.4), baseline=0.5, left_out=(), shared_artists=()):
    return {
        "train": split(train, 400, len(left_out)),
        "val": split(0.65, 80),
        "test": split(test, 120),
        "baseline": {"test": split(baseline, 120)},
        "gap": {"accuracy": train - test, "accuracy_interval": list(gap)},
        "by_genre": {"test": {"hiphop": {"songs": 60.0, "precision": 0.5, "recall": 0.25, "f1": 0.333}}},
        "left_out": [{"path": path, "reason": "is empty (0 bytes)"} for path in left_out],
        "shared_artists": list(shared_artists),
        "run": {"model": "CNN", "songs from": "folder", "epochs": 12},
    }


def column(text, title):
    """The cells below a title in the table of a text, by the first cell of their line."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[rows[0].index(title)] for row in rows[2:]}


def test_a_real_gap_is_called_overfitting_with_its_size():
    sentence = gap_sentence(figures(train=0.85, test=0.6, gap=(0.1, 0.4)))
    assert "overfitted by 25 points (95 % interval 10 to 40)" in sentence
    assert "expect 60.0 %, not 85.0 %" in sentence


@pytest.mark.parametrize("gap", [(-0.05, 0.05), (0.0, 0.1), (-0.3, -0.1)])
def test_a_gap_within_chance_is_not_called_overfitting(gap):
    sentence = gap_sentence(figures(train=0.65, test=0.6, gap=gap))
    assert "overfitted" not in sentence and "no sign" in sentence
    assert "60.0 %" in sentence and "65.0 %" in sentence


def test_too_few_songs_are_no_proof():
    sentence = gap_sentence(figures(train=0.65, test=0.6, gap=(-0.1, 0.4)))
    assert "no sign" not in sentence and "may have overfitted by up to 40 points" in sentence


def test_a_network_that_beats_the_baseline_is_told_so():
    sentence = baseline_sentence(figures(test=0.6, baseline=0.45))
    assert "reaches 45.0 % on test: the network is 15 points better, 18 of 120 songs" in sentence


@pytest.mark.parametrize("baseline", [0.6, 0.9])
def test_a_network_that_does_not_beat_the_baseline_is_told_so(baseline):
    sentence = baseline_sentence(figures(test=0.6, baseline=baseline))
    assert "does not earn its keep" in sentence and "better" not in sentence


def run_on(songs, model="CNN", source="folder"):
    made = figures()
    return made | {"train": made["train"] | {"songs": songs}, "run": {"model": model, "songs from": source}}


def test_whoever_has_few_songs_is_told_of_the_pretrained_network():
    told = few_songs_sentence(run_on(99))
    assert "99 songs a genre" in told and "model=musicnn" in told
    assert told in summary(run_on(99))


@pytest.mark.parametrize("run", [(100,), (99, "Musicnn"), (99, "LSTM", "demo")])
def test_others_are_not_told_of_it(run):
    assert few_songs_sentence(run_on(*run)) == ""


def test_shared_artists_are_warned_of():
    assert leak_sentence(figures()) == ""
    assert "Warning: 2 artists" in leak_sentence(figures(shared_artists=["abba", "queen"]))


def test_the_summary_puts_train_validation_test_and_the_baseline_side_by_side():
    text = summary(figures())
    assert column(text, "train")["accuracy"] == "85.0 % (75 to 95)"
    assert column(text, "validation")["accuracy"] == "65.0 % (55 to 75)"
    assert column(text, "test")["accuracy"] == "60.0 % (50 to 70)"
    assert column(text, "baseline on test")["accuracy"] == "50.0 %"
    assert column(text, "test")["macro F1"] == "0.590" and column(text, "baseline on test")["macro F1"] == "0.490"
    assert column(text, "train")["songs"] == "400" and column(text, "test")["known artists"] == "119"


def test_the_summary_says_what_it_means():
    text = summary(figures(shared_artists=["abba"]))
    assert "overfitted" in text and "15 points" not in text and "10 points better" in text and "Warning" in text


def test_the_genres_table_has_a_line_for_each():
    (row,) = genres_table(figures()).splitlines()[2:]
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["hiphop", "60", "0.50", "0.25", "0.33"]


def test_the_page_has_a_title_facts_tables_and_pictures():
    text = page("a run", figures())
    assert text.startswith("# a run\n") and "- model: CNN\n- songs from: folder\n- epochs: 12" in text
    assert "hiphop" in text and "(confusion_test.png)" in text and "(curves.png)" in text
    assert summary(figures()) in text and "Left out" not in text and text.endswith("\n")


def test_the_page_lists_the_files_left_out():
    text = page("a run", figures(left_out=["a.wav", "b.wav"]))
    assert "## Left out: 2 files" in text and "- `b.wav` is empty (0 bytes)" in text
    assert column(text, "train")["files left out"] == "2"


def test_songs_without_an_artist_are_spoken_of():
    unknown = figures()
    assert unknown_sentence(unknown) == ""
    unknown["test"]["unknown_artists"] = 7
    assert "7 of" in unknown_sentence(unknown)


def test_names_keep_to_their_line():
    assert printable("Ünï códe 歌.wav") == "Ünï códe 歌.wav"
    assert printable("two\nlines\x1b[31m") == r"two\nlines\x1b[31m" and printable("\udce9") == r"\udce9"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.5, "0:07.5"), (59.9996, "1:00"), (125.25, "2:05.25"), (7199, "119:59")]
)
def test_times_are_shown_as_players_do(seconds, shown):
    assert clock(seconds) == shown


def test_names_that_the_terminal_has_no_characters_for_are_printed_all_the_same(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="cp1252", newline=""))
    say("Björk, 乐队, \udce9")
    sys.stdout.flush()
    assert written.getvalue().decode("cp1252") == "Björk, ??, ?\n"
