"""The proof against overfitting: train, validation and test side by side beside a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from genre_lightning.data.catalogue import SPLIT_NAMES, SPLITS
from genre_lightning.data.selection import Selection
from genre_lightning.data.splits import shared_artists
from genre_lightning.metrics import ScoredSongs, bootstrap_accuracy, confusion, interval, song_metrics
from genre_lightning.text import percent, table

FIGURE_ROWS = {
    "loss": "loss",
    "f1_macro": "macro F1",
    "auroc_macro": "macro AUROC",
    "calibration_error": "calibration error",
}
COUNT_ROWS = {
    "songs": "songs",
    "artists": "known artists",
    "unknown_artists": "songs without artist",
    "left_out": "files left out",
}
TELLING_GAP = 0.1  # an overfitting that nobody should overlook
FEW_SONGS = 100  # of a genre; there musicnn was ahead on all real recordings in the README's results


@dataclass(frozen=True)
class Report:
    """What a run has shown: the scored songs of each split, the baseline's, the songs, and facts of the run."""

    genres: Sequence[str]
    scored: dict[str, ScoredSongs]
    baseline: dict[str, ScoredSongs]
    selection: Selection
    facts: dict[str, str | int]
    bootstrap_samples: int

    def figures(self) -> dict[str, Any]:
        """The figures of each split, of the baseline and of each genre, and the gap of train to test."""
        splits = {split: self.split_figures(split) for split in SPLITS}
        gap = splits["train"]["accuracy"] - splits["test"]["accuracy"]
        return {
            **splits,
            "baseline": {split: song_metrics(scored) for split, scored in self.baseline.items()},
            "gap": {"accuracy": gap, "accuracy_interval": interval(self.resampled("train") - self.resampled("test"))},
            "by_genre": {"test": by_genre(self.scored["test"], self.genres)},
            "left_out": [{"path": str(skip.track.path), "reason": skip.reason} for skip in self.selection.skipped],
            "shared_artists": shared_artists(self.selection.catalogue),
            "run": self.facts,
        }

    def split_figures(self, split: str) -> dict[str, Any]:
        """The figures of one split, and how many songs, artists and left-out files are behind them."""
        songs = self.selection.catalogue.of_split(split)
        return {
            **song_metrics(self.scored[split]),
            "accuracy_interval": interval(self.resampled(split)),
            "songs": len(songs),
            "artists": len({artist for track in songs for artist in track.artists}),
            "unknown_artists": sum(not track.artists for track in songs),
            "left_out": sum(skip.track.split == split for skip in self.selection.skipped),
        }

    def resampled(self, split: str) -> torch.Tensor:
        """Accuracies of songs drawn anew; each split with its own seed, since its songs are others."""
        return bootstrap_accuracy(self.scored[split], self.bootstrap_samples, seed=SPLITS.index(split))


def by_genre(scored: ScoredSongs, genres: Sequence[str]) -> dict[str, dict[str, float]]:
    """Songs, precision, recall and F1 of each genre; 0 where a genre was never predicted."""
    counts = confusion(scored).double()
    right, songs, predicted = counts.diag(), counts.sum(dim=1), counts.sum(dim=0)
    columns = {
        "songs": songs,
        "precision": right / predicted.clamp(min=1),
        "recall": right / songs.clamp(min=1),
        "f1": 2 * right / (songs + predicted).clamp(min=1),
    }
    return {genre: {name: float(column[row]) for name, column in columns.items()} for row, genre in enumerate(genres)}


def summary(figures: dict[str, Any]) -> str:
    """The table of all splits beside the baseline, and what it means: what is printed at the end of a run."""
    return "\n\n".join([splits_table(figures), *verdict(figures)])


def page(name: str, figures: dict[str, Any]) -> str:
    """The whole of report.md."""
    facts = "\n".join(f"- {fact}: {value}" for fact, value in figures["run"].items())
    parts = [f"# {name}", facts, "## All songs", summary(figures), "## By genre, on test", genres_table(figures)]
    parts += ["![Confusion on test](confusion_test.png)", "## How it learnt", "![Curves](curves.png)"]
    if figures["left_out"]:
        lines = [f"- `{song['path']}` {song['reason']}" for song in figures["left_out"]]
        parts += [f"## Left out: {len(lines)} files", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def splits_table(figures: dict[str, Any]) -> str:
    """Figures in rows, splits in columns; the last column is the baseline."""
    baseline = figures["baseline"]["test"]
    rows = [["accuracy", *(with_interval(figures[split]) for split in SPLIT_NAMES), percent(baseline["accuracy"])]]
    for key, title in FIGURE_ROWS.items():
        rows.append([title, *(f"{figures[split][key]:.3f}" for split in SPLIT_NAMES), f"{baseline[key]:.3f}"])
    for key, title in COUNT_ROWS.items():
        rows.append([title, *(str(figures[split][key]) for split in SPLIT_NAMES), ""])
    return table(["whole songs", *SPLIT_NAMES.values(), "baseline on test"], rows)


def genres_table(figures: dict[str, Any]) -> str:
    """Songs, precision, recall and F1 of each genre on test."""
    rows = [
        [genre, f"{row['songs']:.0f}", *(f"{row[key]:.2f}" for key in ("precision", "recall", "f1"))]
        for genre, row in figures["by_genre"]["test"].items()
    ]
    return table(["genre", "songs", "precision", "recall", "F1"], rows)


def verdict(figures: dict[str, Any]) -> list[str]:
    """What the table means, one plain sentence a finding."""
    sentences = gap_sentence, baseline_sentence, few_songs_sentence, leak_sentence, unknown_sentence
    return [found for sentence in sentences if (found := sentence(figures))]


def gap_sentence(figures: dict[str, Any]) -> str:
    """Whether the model does better on the songs it was trained on, by how much, and what that means."""
    train, test = percent(figures["train"]["accuracy"]), percent(figures["test"]["accuracy"])
    low, high = figures["gap"]["accuracy_interval"]
    if low > 0:
        return (
            f"The model knows {train} of the songs it was trained on and {test} of the test songs: it has "
            f"overfitted by {100 * figures['gap']['accuracy']:.0f} points "
            f"(95 % interval {100 * low:.0f} to {100 * high:.0f}). "
            f"On new songs expect {test}, not {train}."
        )
    known = f"The model knows {test} of the test songs and {train} of those it was trained on"
    if high > TELLING_GAP:
        most = f"{100 * high:.0f} points"
        return f"{known}; so few test songs do not tell these apart: it may have overfitted by up to {most}."
    return f"{known}; the difference is within rng, so there is no sign that it has memorised its songs."


def baseline_sentence(figures: dict[str, Any]) -> str:
    """Whether the network earns its keep."""
    network, baseline = figures["test"]["accuracy"], figures["baseline"]["test"]["accuracy"]
    what = "Logistic regression on the mean and standard deviation of the same features"
    if network > baseline:
        songs = figures["test"]["songs"]
        ahead = f"{100 * (network - baseline):.0f} points better, {(network - baseline) * songs:.0f} of {songs} songs"
        return f"{what} reaches {percent(baseline)} on test: the network is {ahead}."
    return f"{what} reaches {percent(baseline)} on test: the network does not earn its keep."


def few_songs_sentence(figures: dict[str, Any]) -> str:
    """What else to try where a network from scratch has few recordings to learn from; composed songs are no such."""
    songs = figures["train"]["songs"] / len(figures["by_genre"]["test"])
    if songs >= FEW_SONGS or figures["run"]["model"] == "Musicnn" or figures["run"]["songs from"] == "demo":
        return ""
    return (
        f"It was trained on {songs:.0f} songs a genre, which are few. For music try model=musicnn: it builds on a "
        "network that has heard a million songs."
    )


def leak_sentence(figures: dict[str, Any]) -> str:
    """A warning where the split lets the model recognise artists rather than genres."""
    if not (count := len(figures["shared_artists"])):
        return ""
    return (
        f"Warning: {count} artists are heard in more than one of train, validation and test, so the model can "
        "recognise artists instead of genres and the figures are too good. Use split.method=artist."
    )


def unknown_sentence(figures: dict[str, Any]) -> str:
    """What nobody can rule out where songs name no artist."""
    unknown, songs = (sum(figures[split][name] for split in SPLIT_NAMES) for name in ("unknown_artists", "songs"))
    if not unknown:
        return ""
    return f"{unknown} of {songs} songs name no artist: one and the same may be heard in train and in test."


def with_interval(split: dict[str, Any]) -> str:
    """An accuracy with its 95 % bootstrap interval over songs."""
    low, high = split["accuracy_interval"]
    return f"{percent(split['accuracy'])} ({100 * low:.0f} to {100 * high:.0f})"
