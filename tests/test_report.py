import json
from pathlib import Path

import pytest
import torch

from genre_lightning.catalogue import SPLITS, Catalogue, Track
from genre_lightning.report import Report, by_genre
from genre_lightning.scores import FIGURES, ScoredSongs
from genre_lightning.selection import Selection, Skipped

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
