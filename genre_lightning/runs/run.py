"""What lies where in a run's folder, and the finished run read back.

.hydra/config.yaml, checkpoints/model.ckpt and last.ckpt, manifest.csv (the songs and their splits), predictions.csv,
metrics.json, report.md, pictures, TensorBoard's events.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from genre_lightning.command_line.quoting import in_shell
from genre_lightning.config import shown
from genre_lightning.errors import UserError, explain_import
from genre_lightning.runs.checkpoint import fingerprint, read_checkpoint, read_network
from genre_lightning.runs.folders import CHECKPOINTS, SETTINGS, command_to_go_on
from genre_lightning.runs.foreign import CONFIG, DAMAGED, read_settings, read_text, read_yaml
from genre_lightning.runs.results import METRICS
from genre_lightning.text import from_cell, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from genre_lightning.data.cache import FeatureCache
    from genre_lightning.data.catalogue import Catalogue
    from genre_lightning.data.engine import Dask, Threads
    from genre_lightning.data.spec import Spec
    from genre_lightning.models.base import GenreClassifier

MODEL = Path(CHECKPOINTS, "model.ckpt")
CACHE_HERE = "cache"  # as in conf/train.yaml
SWEEP = "sweep.csv"  # the runs of a folder side by side; of those on the same songs, rank 1 is best by validation


def finished_runs(*folders: Path) -> list[Path]:
    """The folders of the finished runs in some folders or below them, the one that was finished last at the end."""
    reported = {path for folder in folders for path in folder.rglob(METRICS)}
    return [path.parent for path in sorted(reported, key=lambda path: path.stat().st_mtime)]


def latest_run(logs: Path) -> Path:
    """The folder of the run below `logs` that was finished last. Raises UserError if there is none."""
    if not (runs := finished_runs(logs)):
        raise UserError(f"there is no finished run in {logs}; train one first, or name a run's folder")
    return runs[-1]


def find_run(folder: Path) -> Path:
    """The run that a folder stands for: itself, or of a sweep the one that is best by validation, as sweep.csv says.

    Which one that is, is told on stderr. Raises UserError if a sweep has no finished run, or runs that were judged on
    different songs, of which none can be called the best; and for a folder that there is not.
    """
    if not folder.is_dir():
        what = "it is a file" if folder.exists() else "there is no such folder"
        raise UserError(f"{folder} is not a finished run: {what}")
    path = folder / SWEEP
    if (folder / METRICS).is_file() or not (path.is_file() or finished_runs(folder)):
        return folder
    if not (best := best_runs(folder)):
        raise UserError(f"the sweep in {folder} has no finished run; {path} says why")
    if len(best) > 1:
        named = ", ".join(run.as_posix() for run in best)
        raise UserError(f"{folder} has runs that were judged on different songs; name one, such as the best: {named}")
    missing = len({*finished_runs(folder)} - {folder / row["folder"] for row in read_sweep(folder)})
    more = f"; {SWEEP} lacks {missing} of its runs: genre-lightning results {in_shell(str(folder))}" if missing else ""
    print(printable(f"{folder}: the best run is {best[0].name}{more}"), file=sys.stderr, flush=True)
    return best[0]


def run_with_model(folder: Path, trust: bool = False) -> Run:
    """The run that a folder stands for, as in `find_run`, which has a finished model. Raises UserError if none is."""
    run = Run(find_run(folder), trust=trust)
    run.check_has_model()
    return run


def find_model(path: Path) -> Path:
    """The run that a folder stands for, if it has a model, or an .onnx file itself. Raises UserError for all else."""
    if path.suffix == ".onnx" and path.is_file():
        return path
    if not path.is_dir():
        raise UserError(f"{path} is neither a finished run's folder nor an .onnx file exported from one")
    return run_with_model(path).folder


def best_runs(folder: Path) -> list[Path]:
    """The best run by validation for each set of songs that the runs of a sweep were judged on. Raises UserError."""
    runs = [folder / row["folder"] for row in read_sweep(folder) if row["rank"] == "1"]
    for run in runs:  # what is written into a run must not land where somebody else's table says
        if not is_below(run, folder):
            told = "which is no run below that folder; name the run itself"
            raise UserError(f"{folder / SWEEP} names {shown(str(run))}, {told}")
    return runs


def is_below(run: Path, folder: Path) -> bool:
    """Whether a run lies in a folder, wherever links lead."""
    try:
        run.is_dir()
        return Path(os.path.realpath(run)).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):  # names that are no names
        return False


def read_sweep(folder: Path) -> list[dict[str, str]]:
    """The rows of a folder's sweep.csv. Raises UserError if it is missing or damaged."""
    path, anew = folder / SWEEP, f"genre-lightning results {in_shell(str(folder))} writes it"
    if not path.is_file():
        raise UserError(f"{folder} holds several runs, and no {SWEEP} that says which is best; {anew}")
    try:
        rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
        if {"rank", "folder"} <= {*(rows.fieldnames or ())}:
            return [{name: from_cell(row[name] or "") for name in ("rank", "folder")} for row in rows]
    except (csv.Error, OSError, ValueError):
        pass
    raise UserError(f"{path} is damaged, or was not written by this program; {anew} anew")


@dataclass(frozen=True)
class Run:
    """A finished run's folder, and what is in it. All properties raise UserError for what is missing or damaged.

    `cache_root` is where features are kept; None: where the run kept them. `engine` computes those that are
    missing. `trust` allows classes from outside this project, that is, arbitrary code.
    """

    folder: Path
    cache_root: str | None = None
    engine: Threads | Dask | None = None
    trust: bool = False

    @cached_property
    def config(self) -> DictConfig:
        """The settings it was trained with."""
        self.check_is_there(CONFIG)
        return read_settings(self.folder, self.trust)

    @cached_property
    def checkpoint(self) -> dict[str, Any]:
        """What is in the checkpoint of the finished model: the weights, and what is needed to use them."""
        self.check_has_model()
        return read_checkpoint(self.folder / MODEL)

    def check_has_model(self) -> None:
        """Raise UserError if the checkpoint of the finished model is missing, or the run was never tested."""
        finished, goes_on = (self.folder / METRICS).is_file(), command_to_go_on(self.folder)
        if not finished and goes_on is not None:
            raise UserError(f"{self.folder} is not a finished run; it is finished by {goes_on}")
        if finished and not (self.folder / MODEL).is_file():
            raise UserError(
                f"{self.folder} has no {MODEL.as_posix()}; if it has folds and was to leave that network off: "
                f"{goes_on or 'train again with'} refit=true"
            )
        self.check_is_there(MODEL)

    def check_is_there(self, part: Path) -> None:
        """Raise UserError if a part of the run is missing."""
        if not (self.folder / part).is_file():
            raise UserError(f"{self.folder} is not a finished run: it has no {part.as_posix()}")

    @cached_property
    def spec(self) -> Spec:
        """What a song goes through before the model sees it, and which genre is which."""
        from genre_lightning.data.spec import read_spec

        try:
            return read_spec(self.checkpoint["GenreDataModule"], trust=self.trust)
        except (KeyError, TypeError, ValueError) as error:
            if explain_import(error) is not None:
                raise
            raise UserError(
                f"{self.folder / MODEL} was written by another version of this program; train again"
            ) from None

    @cached_property
    def catalogue(self) -> Catalogue:
        """The songs that took part, with their splits."""
        from genre_lightning.data.catalogue import MANIFEST, read_manifest

        self.check_is_there(Path(MANIFEST))
        return read_manifest(self.folder / MANIFEST)

    @cached_property
    def cache(self) -> FeatureCache:
        """Where the features of its songs are kept: where the run says, if a cache is there already, or else here.

        So no run from elsewhere chooses where files are written.
        """
        from genre_lightning.data.cache import FeatureCache

        kept = self.started_in / self.config.cache.root
        root = self.cache_root or (kept if holds_caches(kept) else CACHE_HERE)
        settings = {**asdict(self.spec.loudness), **asdict(self.spec.lengths)}
        return FeatureCache(root, self.spec.features, self.spec.dtype, engine=self.engine, **settings)

    @property
    def started_in(self) -> Path:
        """The folder it was started in, which its paths are relative to; here if that is not known or gone."""
        try:
            folder = Path(read_yaml(self.folder / SETTINGS / "hydra.yaml")["hydra"]["runtime"]["cwd"])
            return folder if folder.is_dir() else Path()
        except (*DAMAGED, LookupError, TypeError):  # runs made in other ways have no such file, and some are private
            return Path()

    @cached_property
    def model(self) -> GenreClassifier:
        """The finished network, which was tested, in evaluation mode on the CPU."""
        import torch

        model = read_network(self.folder / MODEL, self.checkpoint, self.spec, trust=self.trust)
        return model.to(memory_format=torch.channels_last)  # convolutions are 1.6 times as fast on a CPU

    @cached_property
    def fingerprint(self) -> str:
        """What only this model's checkpoint has: a hash of it."""
        return fingerprint(self.folder / MODEL)


def holds_caches(folder: Path) -> bool:
    """Whether features are kept in the folders of a folder, none of which leads elsewhere."""
    from genre_lightning.data.building import SETTINGS as OF_CACHE
    from genre_lightning.data.cache import FOLDER

    try:
        kept = [path.parent for path in folder.glob(f"*/{OF_CACHE}") if FOLDER.fullmatch(path.parent.name)]
        return bool(kept) and not any(path.is_symlink() for path in folder.iterdir())
    except (OSError, ValueError):  # names that are no names
        return False
