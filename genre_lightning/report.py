"""The proof against overfitting: train, validation and test side by side, beside a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from genre_lightning.catalogue import SPLITS
from genre_lightning.scores import ScoredSongs, bootstrap_accuracy, confusion, interval, song_metrics
from genre_lightning.selection import Selection
from genre_lightning.splits import shared_artists


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
