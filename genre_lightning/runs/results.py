"""Results: what a run has shown, written as metrics.json and read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_type_hints

from genre_lightning.config import is_of
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.runs.foreign import damaged, read_json

METRICS = "metrics.json"
FORMAT_VERSION = 5  # of metrics.json; 4: nothing about songs; 3: no folds; 2: intervals over songs, none over artists
SCORED = ("learnt_from", "val", "test")  # the songs that the tested model learnt from, and those that it did not
Interval = tuple[float, float]
MOST = 1e9  # that any figure can be
Made = TypeVar("Made")


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
    """Figures of one split with 95 % intervals over artists, None for too few artists, and what is behind them."""

    uncalibrated_loss: float  # before the temperature
    uncalibrated_error: float
    calibrated_range: Interval  # of the calibration error that a calibrated model would show, 95 %
    accuracy_interval: Interval | None
    f1_macro_interval: Interval | None
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


class Difference(NamedTuple):
    """An accuracy less another one, and its 95 % interval over artists; None if there are too few of them."""

    accuracy: float
    accuracy_interval: Interval | None


@dataclass(frozen=True)
class Results:
    """What a run has shown.

    Attributes:
        splits: The figures of the songs that the tested model learnt from, and of those of val and test. Of a run with
            folds there is no val: all songs are tested, and each is judged again by a network that learnt from it.
        refitted: Whether it learnt from train and val, so that the figures of val are those of an earlier fit on train;
            of a run with folds, whether there is a network that learnt from all songs.
        first_fit: The figures of the songs of train, of the same fit as those of val; None with folds.
        baseline: Those of the baseline on the same songs.
        gap: The accuracy on the songs that it learnt from less that on test.
        val_gap: That of the first fit on train less that on val; None with folds.
        ahead: The accuracy on test less that of the baseline, of the same songs.
        by_genre: The figures of each genre on test.
        unjudged: The genres of which val or test has no songs, by split.
        left_out: The path of each file that was left out, and the reason.
        shared_artists: Artists of val who are in train too, and those of test whom the tested model has learnt from.
        facts: What a reader wants to know of the run beside its figures.
        about_songs: What was noticed about the files: paragraphs in Markdown.
        advice: What would do better; empty if nothing is known.
        folds: By how many networks the songs were tested that had not learnt from them; 0 without cross-validation.
        repeats: How often, with other folds.
    """

    splits: dict[str, SplitFigures]
    refitted: bool
    first_fit: Figures | None
    baseline: dict[str, Figures]
    gap: Difference
    val_gap: Difference | None
    ahead: Difference
    by_genre: dict[str, GenreFigures]
    unjudged: dict[str, list[str]]
    left_out: dict[str, str]
    shared_artists: dict[str, list[str]]
    facts: dict[str, str | int | float]
    about_songs: list[str]
    advice: str = ""
    folds: int = 0
    repeats: int = 1

    @property
    def chosen_by(self) -> SplitFigures:
        """What a sweep compares runs by: the figures of val, or of all songs out of fold."""
        return self.splits["test" if self.folds else "val"]

    def write(self, folder: Path) -> None:
        """Write metrics.json into a run's folder."""
        values = {
            "format": FORMAT_VERSION,
            **{split: plain(figures) for split, figures in self.splits.items()},
            "refitted": self.refitted,
            "first_fit": {} if self.first_fit is None else {"train": plain(self.first_fit)},
            "baseline": {split: plain(figures) for split, figures in self.baseline.items()},
            "gap": {"test": self.gap._asdict()} | ({} if self.val_gap is None else {"val": self.val_gap._asdict()}),
            "ahead_of_baseline": {"test": self.ahead._asdict()},
            "by_genre": {"test": {genre: asdict(figures) for genre, figures in self.by_genre.items()}},
            "unjudged": self.unjudged,
            "left_out": [{"path": path, "reason": reason} for path, reason in self.left_out.items()],
            "shared_artists": self.shared_artists,
            "run": self.facts,
            "about_songs": self.about_songs,
            "advice": self.advice,
            "folds": self.folds,
            "repeats": self.repeats,
        }
        write_whole(folder / METRICS, lambda file: file.write(json.dumps(values, indent=2).encode()))


def read_results(folder: Path) -> Results:
    """What a run has shown. Raises UserError if metrics.json is damaged, or was written by another version."""
    path = folder / METRICS
    try:
        values = read_json(path)
        check_format(values.get("format"), folder)
        return checked(results_from(values))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise damaged(path) from None


def results_from(values: Mapping[str, Any]) -> Results:
    """The results from what `Results.write` has written. Raises TypeError, KeyError or ValueError for anything else."""
    gap, val_gap, ahead = values["gap"]["test"], values["gap"].get("val"), values["ahead_of_baseline"]["test"]
    train = values["first_fit"].get("train")
    return Results(
        {split: made(SplitFigures, values[split]) for split in SCORED if split in values},
        values["refitted"],
        None if train is None else made(Figures, train),
        {split: made(Figures, figures) for split, figures in values["baseline"].items()},
        made(Difference, gap),
        None if val_gap is None else made(Difference, val_gap),
        made(Difference, ahead),
        {genre: made(GenreFigures, figures) for genre, figures in values["by_genre"]["test"].items()},
        values["unjudged"],
        {song["path"]: song["reason"] for song in values["left_out"]},
        values["shared_artists"],
        *(values[name] for name in ("run", "about_songs", "advice", "folds", "repeats")),
    )


def checked(results: Results) -> Results:
    """The same results. Raises TypeError or ValueError if no run can have shown them: whoever shows them would fail."""
    judged, hints = {"learnt_from", "test" if results.folds else "val", "test"}, get_type_hints(Results)
    if not judged <= results.splits.keys() or "test" not in results.baseline or results.repeats < 1:
        raise ValueError("figures are missing")
    for name in ("refitted", "unjudged", "left_out", "shared_artists", "facts", "about_songs", "advice", "folds"):
        if not is_of(getattr(results, name), hints[name]):
            raise TypeError(name)
    if not all(is_of(results.facts.get(name, 0), float) for name in ("epochs", "seconds")):
        raise TypeError("facts")
    return results


def made(kind: type[Made], values: Mapping[str, Any]) -> Made:
    """Figures from what `plain` made of them. Raises KeyError, TypeError or ValueError for anything else."""
    for name, hint in get_type_hints(kind).items():
        if not is_of(values[name], float | None if hint is float else hint):
            raise TypeError(name)
        numbers = values[name] if isinstance(values[name], list) else [values[name]]
        if any(abs(number or 0) > MOST for number in numbers):
            raise ValueError(name)
    return kind(**as_figures(values))


def plain(figures: Figures) -> dict[str, Any]:
    """Figures as values that JSON has; it knows no NaN."""
    return {name: None if value != value else value for name, value in asdict(figures).items()}  # noqa: PLR0124


def as_figures(values: Mapping[str, Any]) -> dict[str, Any]:
    """What `plain` was made of; JSON has no tuples either. An interval may be None, a figure is NaN instead."""
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    unknown = {name for name, value in known.items() if value is None and not name.endswith("interval")}
    return known | dict.fromkeys(unknown, math.nan)


def split_titles(refitted: bool, folds: int = 0, repeats: int = 1) -> dict[str, str]:
    """What to call each part of `Results.splits`."""
    if folds:
        again = f", {repeats} times" if repeats > 1 else ""
        return {"learnt_from": "learnt from", "test": f"test, {folds} folds{again}"}
    return {"learnt_from": "learnt from", "val": "validation (first fit)" if refitted else "validation", "test": "test"}


def check_format(found: object, made: Path, wanted: int = FORMAT_VERSION) -> None:
    """Raise UserError for what another version has made. Version 0.1 wrote no format, or 1."""
    if found in (None, 1):
        raise UserError(f"{made} was made by version 0.1; train again")
    if isinstance(found, int) and found < wanted:
        raise UserError(f"{made} was made by an earlier version (format {found}); train again")
    if found != wanted:
        raise UserError(f"{made} was made by a newer version (format {found}); update this program, or train again")
