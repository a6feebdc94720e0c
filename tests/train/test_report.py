import json
from pathlib import Path

import pytest
import torch

from genre_lightning.data.catalogue import SPLITS, Catalogue, Track
from genre_lightning.data.selection import Selection, Skipped
from genre_lightning.metrics import FIGURES, ScoredSongs
from genre_lightning.train.report import (
    Report,
    baseline_sentence,
    by_genre,
    few_songs_sentence,
    gap_sentence,
    genres_table,
    leak_sentence,
    page,
    summary,
    unknown_sentence,
)  # fmt: skip

GENRES = ("jazz", "rock")


def judged(genres, guesses):
    """Songs of `genres` taken for `guesses` with a confidence of 0.9."""
    probabilities = torch.full((len(genres), len(GENRES)), 0.1)
    probabilities[torch.arange(len(genres)), torch.tensor(guesses)] = 0.9
    return ScoredSongs(torch.arange(len(genres)), probabilities, torch.tensor(genres))


def tracks(split, count, artist="{split} {number}"):
    return [
        Track(Path(f"{split}{n}.wav"), GENRES[n % 2], artist.format(split=split, number=n), split=split)
        for n in range(count)
    ]


@pytest.fixture
def report():
    """All 40 training songs known, 10 of 20 test songs; two files left out, both from train."""
    songs = Catalogue([*tracks("train", 40), *tracks("val", 10), *tracks("test", 20)])
    skipped = [Skipped(track, "is broken") for track in tracks("train", 2, "somebody")]
    halves = {split: [n % 2 for n in range(count)] for split, count in (("train", 40), ("val", 10), ("test", 20))}
    scored = {split: judged(genres, genres) for split, genres in halves.items()}
    scored["test"] = judged(halves["test"], [0] * 20)
    baseline = {split: judged(genres, [1 - genre for genre in genres]) for split, genres in halves.items()}
    return Report(GENRES, scored, baseline, Selection(songs, skipped), {"model": "MLP", "epochs": 3}, 500)


def test_every_split_has_its_figures_beside_the_baseline(report):
    figures = report.figures()
    assert [figures[split]["accuracy"] for split in SPLITS] == [1.0, 1.0, 0.5]
    assert [figures["baseline"][split]["accuracy"] for split in SPLITS] == [0.0, 0.0, 0.0]
    assert all(set(FIGURES) <= set(figures[split]) for split in SPLITS)


def test_songs_artists_and_left_out_files_are_counted(report):
    figures = report.figures()
    assert [figures[split]["songs"] for split in SPLITS] == [40, 10, 20]
    assert [figures[split]["artists"] for split in SPLITS] == [40, 10, 20]
    assert [figures[split]["left_out"] for split in SPLITS] == [2, 0, 0]


def test_the_gap_is_train_less_test(report):
    gap = report.figures()["gap"]
    assert gap["accuracy"] == pytest.approx(0.5)
    low, high = gap["accuracy_interval"]
    assert 0.1 < low < 0.5 < high < 0.9


def test_left_out_files_are_listed_with_their_reasons(report):
    assert report.figures()["left_out"] == [{"path": f"train{n}.wav", "reason": "is broken"} for n in range(2)]


def test_artists_on_two_sides_are_named(report):
    assert report.figures()["shared_artists"] == []
    both = [*tracks("train", 2, "Miles Davis"), *tracks("test", 2, "miles  davis")]
    report.selection.catalogue.tracks.extend(both)
    assert report.figures()["shared_artists"] == ["miles davis"]


def test_the_figures_can_be_written_as_json_and_hold_the_facts(report):
    figures = json.loads(json.dumps(report.figures(), allow_nan=False))
    assert figures["run"] == {"model": "MLP", "epochs": 3}


def test_figures_by_genre_by_hand():
    rows = by_genre(judged([0, 0, 0, 1], [0, 0, 1, 1]), GENRES)
    assert rows["jazz"] == pytest.approx({"songs": 3, "precision": 1.0, "recall": 2 / 3, "f1": 0.8})
    assert rows["rock"] == pytest.approx({"songs": 1, "precision": 0.5, "recall": 1.0, "f1": 2 / 3})


def test_a_genre_that_is_never_predicted_scores_nothing():
    assert by_genre(judged([0, 1], [0, 0]), GENRES)["rock"] == {"songs": 1, "precision": 0, "recall": 0, "f1": 0}


def test_an_artist_is_one_however_spelt_and_unknown_ones_are_counted_apart(report):
    more = [*tracks("val", 2, "Miles Davis"), *tracks("val", 2, "miles  davis"), *tracks("val", 3, "")]
    report.selection.catalogue.tracks.extend(more)
    figures = report.figures()["val"]
    assert (figures["artists"], figures["unknown_artists"]) == (11, 3)


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
