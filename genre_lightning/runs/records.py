"""A finished run as one row among many: what was set, what came of it, and on which songs it was judged."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genre_lightning.data.catalogue import FOLD
from genre_lightning.errors import UserError
from genre_lightning.runs.alone import is_at_work
from genre_lightning.runs.folders import MULTIRUN, SETTINGS, command_to_go_on
from genre_lightning.runs.foreign import (
    CONFIG,
    DAMAGED,
    MOST_BYTES,
    read_bytes,
    read_overrides,
    read_settings,
    read_yaml,
)
from genre_lightning.runs.results import Interval, Results, read_results
from genre_lightning.runs.run import Run, finished_runs
from genre_lightning.text import as_cell

HYDRA = CONFIG.with_name("hydra.yaml")
FAILED = "failed.txt"  # the reason, in the folder of a sweep's job that came to nothing
SEEDS = ("seed", "split.draw")  # what runs that are repeats of each other differ in
NO_SETTINGS = ("ckpt_path", "refit")  # a refit may be done after all, which the results tell
Songs = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Record:
    """A finished run as one row among many.

    Attributes:
        folder: The run's.
        typed: What was typed for it: the value of each setting or group; removals begin with a tilde.
        choices: What was chosen of each group, typed or not.
        config: All its settings; empty if the run was made in another way.
        results: What it has shown.
        judged_on: The songs of validation and test, each with its path, genre and split; or all, out of fold.
    """

    folder: Path
    typed: dict[str, str]
    choices: dict[str, Any]
    config: DictConfig
    results: Results
    judged_on: Songs

    @property
    def loss(self) -> float:
        """What a sweep lowers, before the temperature: the log-loss on validation, or that of songs out of fold."""
        return self.results.chosen_by.uncalibrated_loss

    def setting(self, name: str) -> str:
        """The value of a setting or group, typed or not; empty if the run has none."""
        try:
            value = self.choices[name] if name in self.choices else OmegaConf.select(self.config, name, default={})
        except OmegaConfBaseException:  # the name of no setting, or one that points at something that is gone
            value = {}
        if OmegaConf.is_config(value):
            value = OmegaConf.to_container(value)
        return self.typed.get(name, "") if isinstance(value, dict) else as_typed(value)

    @property
    def figures(self) -> dict[str, Any]:
        """For other programs: fractions, losses in nats before the temperature; None where there is none."""
        found: dict[str, Any] = {}
        for split, shown in self.results.splits.items():
            found |= {f"{split}_songs": shown.songs, f"{split}_loss": shown.uncalibrated_loss}
            found |= with_ends(f"{split}_accuracy", shown.accuracy, shown.accuracy_interval)
            found[f"{split}_f1_macro"] = shown.f1_macro
        found |= with_ends("gap", *self.results.gap)
        found["test_baseline_accuracy"] = self.results.baseline["test"].accuracy
        told = {name: self.results.facts.get(name) for name in ("split", "epochs", "seconds")}
        return found | {"refitted": self.results.refitted} | told


def with_ends(name: str, value: float, interval: Interval | None) -> dict[str, float | None]:
    """A figure with the ends of its 95 % interval."""
    low, high = interval or (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def as_typed(value: Any) -> str:
    """A value of a setting as one would type it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":")).replace('"', "")


def read_records(folders: Sequence[Path]) -> tuple[list[Record], list[str]]:
    """The finished runs below `folders`, the one that was finished last at the end, and what could not be read."""
    records, unread = [], []
    for folder in finished_runs(*folders):
        try:
            records.append(read_record(folder))
        except UserError as error:
            unread.append(str(error))
    return records, unread


def read_record(folder: Path) -> Record:
    """Read a finished run. Raises UserError for what is damaged, and for a run of another version."""
    results, config, choices = read_results(folder), DictConfig({}), {}
    if (folder / CONFIG).is_file():
        config = read_settings(folder)
    try:
        choices = dict(read_yaml(folder / HYDRA)["hydra"]["runtime"]["choices"])
    except (*DAMAGED, LookupError, TypeError):  # runs made in other ways have none
        pass
    catalogue = Run(folder).catalogue
    how = f"{FOLD}, artists on both sides" if results.shared_artists else FOLD  # which is another question
    judged_on = frozenset(
        (os.path.normpath(track.path.absolute()), track.genre, how if results.folds else track.split)
        for track in catalogue
        if results.folds or track.split != "train"
    )
    return Record(folder, read_typed(folder), choices, config, results, judged_on)


def read_typed(folder: Path) -> dict[str, str]:
    """What was typed for a run: the values of settings and groups. Raises UserError if the file is damaged."""
    pairs = [one.lstrip("+").partition("=") for one in read_overrides(folder)]
    return {name: value for name, _, value in pairs if name not in NO_SETTINGS}


def unfinished_runs(folders: Iterable[Path]) -> dict[Path, str]:
    """Why there are no results in each of the folders, at or below some, in which a run was begun."""
    begun = {path.parent for folder in folders for name in (SETTINGS, FAILED) for path in folder.rglob(name)}
    return {folder: why_unfinished(folder) for folder in sorted(begun) if not finished_runs(folder)}


def why_unfinished(folder: Path) -> str:
    """The reason that a failed job has left, in one line; else whether it is at work, and how it goes on if not."""
    try:
        return " ".join(read_bytes(folder / FAILED, MOST_BYTES).decode("utf-8").split())
    except (OSError, ValueError):
        pass
    if (at_work := is_at_work(folder)) is not False:
        return "still running" if at_work else "still running, or stopped"
    if (folder.parent / MULTIRUN).is_file():
        return "stopped; the sweep's command goes on with it"
    command = command_to_go_on(folder)
    return "stopped before anything was learnt" if command is None else f"stopped; goes on with {command}"


def differing(records: Sequence[Record]) -> list[str]:
    """The settings that were typed for one of the runs at least, and are not the same in all of them."""
    typed = dict.fromkeys(name for record in records for name in record.typed)
    return [name for name in typed if len({record.setting(name) for record in records}) > 1]


def as_csv(sets: Sequence[Sequence[Record]], unfinished: Mapping[Path, str], into: Path) -> str:
    """A row a run, ranked within each set of songs as given; those without results come last and have no rank.

    Folders are as seen from `into`.
    """
    names = list(dict.fromkeys([*differing([record for records in sets for record in records]), "seed"]))
    rows: list[dict[str, Any]] = []
    for number, records in enumerate(sets, 1):
        for rank, record in enumerate(records, 1):
            settings = {name: record.setting(name) for name in names}
            rows.append({"songs": number, "rank": rank, **settings, **record.figures, "folder": record.folder})
    rows += [{"folder": folder, "failed": reason} for folder, reason in unfinished.items()]
    columns = dict.fromkeys(["songs", "rank", *(name for row in rows for name in row)])
    writer = csv.writer(lines := io.StringIO(newline=""))
    writer.writerow(map(as_cell, columns))
    for row in rows:
        values = row | {"folder": place(row["folder"], into)}
        cells = (values.get(name, "") for name in columns)
        writer.writerow(as_cell(value) if isinstance(value, str) else value for value in cells)
    return lines.getvalue()


def place(folder: Path, into: Path) -> str:
    """Where a run lies, seen from a folder."""
    try:
        return Path(os.path.relpath(folder, into)).as_posix()
    except ValueError:  # on another drive of Windows
        return folder.absolute().as_posix()
