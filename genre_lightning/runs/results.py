"""Results: what a run has shown, written as metrics.json and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole

METRICS = "metrics.json"
FORMAT_VERSION = 2
Interval = tuple[float, float]


@dataclass(frozen=True)
class Figures:
    """Figures over the songs of one split; the calibration error is the expected one."""

    loss: float
    accuracy: float
    f1_macro: float
    auroc_macro: float
    calibration_error: float


@dataclass(frozen=True)
class SplitFigures(Figures):
    """Figures of one split with the 95 % interval of its accuracy, and what is behind them."""

    accuracy_interval: Interval
    songs: int
    artists: int
    unknown_artists: int  # songs that name no artist
    left_out: int  # files that cannot be used, or must not


@dataclass(frozen=True)
class GenreFigures:
    """Figures of one genre's songs."""

    songs: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Results:
    """What a run has shown.

    Attributes:
        splits: The figures of train, val and test.
        baseline: Those of the baseline on the same splits.
        gap: The accuracy on train less that on test, and its 95 % interval.
        by_genre: The figures of each genre on test.
        left_out: The path of each file that was left out, and the reason.
        shared_artists: Artists who are heard in more than one split.
        facts: What a reader wants to know of the run beside its figures.
    """

    splits: dict[str, SplitFigures]
    baseline: dict[str, Figures]
    gap: tuple[float, Interval]
    by_genre: dict[str, GenreFigures]
    left_out: dict[str, str]
    shared_artists: list[str]
    facts: dict[str, str | int]

    def write(self, folder: Path) -> None:
        """Write metrics.json into a run's folder."""
        values = {
            "format": FORMAT_VERSION,
            **{split: asdict(figures) for split, figures in self.splits.items()},
            "baseline": {split: asdict(figures) for split, figures in self.baseline.items()},
            "gap": {"accuracy": self.gap[0], "accuracy_interval": self.gap[1]},
            "by_genre": {"test": {genre: asdict(figures) for genre, figures in self.by_genre.items()}},
            "left_out": [{"path": path, "reason": reason} for path, reason in self.left_out.items()],
            "shared_artists": self.shared_artists,
            "run": self.facts,
        }
        write_whole(folder / METRICS, lambda file: file.write(json.dumps(values, indent=2).encode()))


def read_results(folder: Path) -> Results:
    """What a run has shown. Raises UserError if metrics.json is damaged, or was written by another version."""
    path = folder / METRICS
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        check_format(values.get("format"), folder)
        return Results(
            {split: SplitFigures(**as_figures(values[split])) for split in ("train", "val", "test")},
            {split: Figures(**figures) for split, figures in values["baseline"].items()},
            (values["gap"]["accuracy"], tuple(values["gap"]["accuracy_interval"])),
            {genre: GenreFigures(**figures) for genre, figures in values["by_genre"]["test"].items()},
            {song["path"]: song["reason"] for song in values["left_out"]},
            values["shared_artists"],
            values["run"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is damaged, or was not written by this program") from None


def as_figures(values: Mapping[str, Any]) -> dict[str, Any]:
    """A split's values; JSON has no tuples."""
    return {**values, "accuracy_interval": tuple(values["accuracy_interval"])}


def check_format(found: object, run: Path) -> None:
    """Raise UserError for a run of another version. Version 0.1 wrote no format, or 1."""
    if found in (None, 1):
        raise UserError(f"{run} was made by version 0.1; train again")
    if found != FORMAT_VERSION:
        raise UserError(f"{run} was made by a newer version (format {found}); update this program, or train again")
