"""Results: what a run has shown, written as metrics.json and read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole

METRICS = "metrics.json"
FORMAT_VERSION = 2
SCORED = ("learnt_from", "val", "test")  # the songs that the tested model learnt from, and those that it did not
Interval = tuple[float, float]


@dataclass(frozen=True)
class Figures:
    """Figures over the songs of one split; the calibration error is the expected one.

    Macro figures are over the genres that the split has songs of; AUROC is NaN if that is only one.
    """

    loss: float
    accuracy: float
    f1_macro: float
    auroc_macro: float
    calibration_error: float


@dataclass(frozen=True)
class SplitFigures(Figures):
    """Figures of one split with the 95 % interval of its accuracy, and what is behind them."""

    uncalibrated_loss: float  # before the temperature
    uncalibrated_error: float
    calibrated_range: Interval  # of the calibration error that a calibrated model would show, 95 %
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
        splits: The figures of the songs that the tested model learnt from, and of those of val and test.
        refitted: Whether it learnt from train and val, so that the figures of val are those of an earlier fit on train.
        baseline: Those of the baseline on the same songs.
        gap: The accuracy on the songs that it learnt from less that on test, and its 95 % interval.
        by_genre: The figures of each genre on test.
        unjudged: The genres of which val or test has no songs, by split.
        left_out: The path of each file that was left out, and the reason.
        shared_artists: Artists who are heard in more than one split.
        facts: What a reader wants to know of the run beside its figures.
        advice: What would do better; empty if nothing is known.
    """

    splits: dict[str, SplitFigures]
    refitted: bool
    baseline: dict[str, Figures]
    gap: tuple[float, Interval]
    by_genre: dict[str, GenreFigures]
    unjudged: dict[str, list[str]]
    left_out: dict[str, str]
    shared_artists: list[str]
    facts: dict[str, str | int | float]
    advice: str = ""

    def write(self, folder: Path) -> None:
        """Write metrics.json into a run's folder."""
        values = {
            "format": FORMAT_VERSION,
            **{split: plain(figures) for split, figures in self.splits.items()},
            "refitted": self.refitted,
            "baseline": {split: plain(figures) for split, figures in self.baseline.items()},
            "gap": {"accuracy": self.gap[0], "accuracy_interval": self.gap[1]},
            "by_genre": {"test": {genre: asdict(figures) for genre, figures in self.by_genre.items()}},
            "unjudged": self.unjudged,
            "left_out": [{"path": path, "reason": reason} for path, reason in self.left_out.items()],
            "shared_artists": self.shared_artists,
            "run": self.facts,
            "advice": self.advice,
        }
        write_whole(folder / METRICS, lambda file: file.write(json.dumps(values, indent=2).encode()))


def read_results(folder: Path) -> Results:
    """What a run has shown. Raises UserError if metrics.json is damaged, or was written by another version."""
    path = folder / METRICS
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        check_format(values.get("format"), folder)
        return Results(
            {split: SplitFigures(**as_figures(values[split])) for split in SCORED},
            values["refitted"],
            {split: Figures(**as_figures(figures)) for split, figures in values["baseline"].items()},
            (values["gap"]["accuracy"], tuple(values["gap"]["accuracy_interval"])),
            {genre: GenreFigures(**figures) for genre, figures in values["by_genre"]["test"].items()},
            values["unjudged"],
            {song["path"]: song["reason"] for song in values["left_out"]},
            values["shared_artists"],
            values["run"],
            values["advice"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is damaged, or was not written by this program") from None


def plain(figures: Figures) -> dict[str, Any]:
    """Figures as values that JSON has; it knows no NaN."""
    return {name: None if value != value else value for name, value in asdict(figures).items()}  # noqa: PLR0124


def as_figures(values: Mapping[str, Any]) -> dict[str, Any]:
    """What `plain` was made of; JSON has no tuples either."""
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return {name: math.nan if value is None else value for name, value in known.items()}


def split_titles(refitted: bool) -> dict[str, str]:
    """What to call each part of `Results.splits`."""
    return {"learnt_from": "learnt from", "val": "validation (first fit)" if refitted else "validation", "test": "test"}


def check_format(found: object, run: Path) -> None:
    """Raise UserError for a run of another version. Version 0.1 wrote no format, or 1."""
    if found in (None, 1):
        raise UserError(f"{run} was made by version 0.1; train again")
    if found != FORMAT_VERSION:
        raise UserError(f"{run} was made by a newer version (format {found}); update this program, or train again")
