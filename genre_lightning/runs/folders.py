"""A run's folder: its name, whether something was trained in it, and how it is removed if nothing was."""

from __future__ import annotations

import hashlib
import inspect
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from logging.handlers import MemoryHandler
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from genre_lightning.command_line.quoting import override
from genre_lightning.devices import jobs_at_once
from genre_lightning.errors import UserError, full_disk
from genre_lightning.launched import first_says, is_alone
from genre_lightning.runs.foreign import SETTINGS
from genre_lightning.runs.results import METRICS
from genre_lightning.text import short

LOG, HISTORY = "train.log", "history.csv"
LOCK = "lock"  # among the settings
MULTIRUN = "multirun.yaml"  # Hydra's: the settings of a whole sweep, in its folder
CHECKPOINTS = "checkpoints"
FOLDS, JUDGED = "folds", "judged.pt"  # in a folder for each fold of cross-validation, what its network makes of songs
NAMED = re.compile(r".+_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(_\d+)?")  # a folder that `run_folder` has made
ESCAPED = re.compile(r"\\([\\()\[\]{}:=, \t])")  # a sweep hands `my songs` to its jobs as `my\ songs`
LONGEST_NAME = 80  # of a run, but for its time or number: some systems take no path above 260 signs
# What is in the name of every run, where it reads and writes, and on what it runs.
UNTOLD = r"[+~]*(model|features|seed|ckpt_path|refit|trainer|trainer\.(accelerator|devices|num_nodes|strategy)"
UNTOLD += r"|trust|cache\.(root|engine)|loader\.num_workers|(engine|logger|report|hydra).*)="


def run_folder(ckpt_path: str | None, name: str, alone: bool = True) -> str:
    """Where a run lies: a folder under logs/ that is made for a new run, the old one for a run that is resumed.

    Its name ends with the time, so that what differs is seen where names are cut. The first process makes it, unless
    each one trains `alone`. Raises UserError if it cannot be made.
    """
    if (old := folder_of(ckpt_path)) is not None:
        return old.as_posix()
    make = partial(folder_of_now, name)
    return make() if alone else first_says("folder", make)


def folder_of_now(name: str) -> str:
    """Make a folder under logs/ whose name ends with the time. Raises UserError."""
    try:
        return new_folder(Path("logs"), f"{name}_{datetime.now():%Y-%m-%d_%H-%M-%S}").as_posix()
    except OSError as error:
        told = f"{error.filename} cannot be made: {error.strerror}"
        raise UserError(
            f"{told}; name another folder with hydra.run.dir=DIR, or run it from a folder that you can write to"
        ) from None


def run_name(model: str, features: str, seed: int, overrides: Sequence[str]) -> str:
    """What tells a run from others, of signs that every system takes: cnn_logmel_seed0_lr0.01_gtzan."""
    parts = [model, features, f"seed{seed}", *map(brief, telling(overrides))]
    return "_".join(map(plain, parts))[:LONGEST_NAME].rstrip("._-")


def telling(overrides: Sequence[str]) -> list[str]:
    """The overrides that a run's name does not hold anyway, and that may change its figures."""
    return [one for one in overrides if not re.match(UNTOLD, one)]


def brief(override: str) -> str:
    """learning.optimizer.lr=0.01 -> lr0.01, split.method=naive -> method-naive, data.root=my/songs -> songs."""
    key, _, value = override.lstrip("+~").partition("=")
    value = ESCAPED.sub(r"\1", value)
    value = plain(short(value.replace("\\", "/").rstrip("/").rpartition("/")[2])) or "none"
    name = "" if key in ("data", "data.root", "data.name", "experiment") else key.rpartition(".")[2]
    return f"{name}{'' if value[0].isdigit() else '-'}{value}".lstrip("-")


def plain(text: str) -> str:
    """The text with a hyphen for all that is no ASCII letter, digit, dot, underscore or hyphen."""
    return re.sub(r"[^\w.-]+", "-", text, flags=re.ASCII).strip("-")


def new_folder(parent: Path, name: str) -> Path:
    """Make a folder that no other run has, also where several are started in the same second."""
    parent.mkdir(parents=True, exist_ok=True)
    folder, number = parent / name, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = parent / f"{name}_{number}"
        else:
            return folder


def folder_of(ckpt_path: str | None) -> Path | None:
    """The folder of the run whose checkpoint this is; None if it lies in none."""
    inside = None if ckpt_path is None else Path(ckpt_path).absolute().parent
    return inside.parent if inside is not None and inside.name == CHECKPOINTS else None


def holds_run(folder: Path) -> bool:
    """Whether something was trained in a folder, even if its checkpoints were removed to save space."""
    parts = *(folder / CHECKPOINTS).glob("*.ckpt"), *(folder / FOLDS).glob(f"*/{JUDGED}")
    return (folder / METRICS).is_file() or bool(parts)


def command_to_go_on(folder: Path) -> str | None:
    """What to type for a run to go on, or to be judged again if it has learnt all; None if it has no checkpoint."""
    last = folder / CHECKPOINTS / "last.ckpt"
    return f"python train.py {override('ckpt_path', last.as_posix())}" if last.is_file() else None


@contextmanager
def told_how_to_go_on(folder: Path) -> Iterator[None]:
    """Have Ctrl-C and a full disk say in their line with which command the run in `folder` goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(what_is_kept(folder)) from None
    except Exception as error:
        if (full := full_disk(error)) is None:
            raise
        raise UserError(f"{full}: no space left on the disk; make room; {what_is_kept(folder)}") from None


def what_is_kept(folder: Path) -> str:
    """What is kept of a run that has stopped, and the command with which it goes on."""
    if (command := command_to_go_on(folder)) is None:
        return "nothing was learnt yet, and the features that were computed are kept: type the same command again"
    return f"what was learnt is kept, and goes on with {command}"


@contextmanager
def untouched_if_refused(folder: Path) -> Iterator[None]:
    """Leave a folder as it was if an error or Ctrl-C comes before a run begins in it.

    If it was new it is taken away again, with the settings and the log that Hydra has put there; if it holds a run,
    nothing is written to the log of that one until `write_log` is called.
    """
    if holds_run(folder):
        hold_log_back()
    try:
        yield
    except BaseException:
        held = {path.name for path in folder.glob("*")}  # nothing where another process of the run was faster
        if held <= {SETTINGS, LOG} and folder.resolve() != Path.cwd():
            remove_settings_and_log(folder)
        raise


class HeldBack(MemoryHandler):
    """What is logged, in memory: it has no target until it is written, since Python flushes it when it ends."""

    def __init__(self, file: logging.FileHandler) -> None:
        super().__init__(capacity=10_000, flushLevel=logging.CRITICAL + 1, flushOnClose=False)
        self.file = file


def hold_log_back() -> None:
    """Keep what is logged out of the log file until it is known whether the run goes on."""
    for handler in [*logging.root.handlers]:
        if isinstance(handler, logging.FileHandler):
            logging.root.removeHandler(handler)
            logging.root.addHandler(HeldBack(handler))


def write_log() -> None:
    """Write what was held back to the log file, and all that is logged from now on: the run goes on."""
    for handler in [*logging.root.handlers]:
        if isinstance(handler, HeldBack):
            logging.root.removeHandler(handler)
            logging.root.addHandler(handler.file)
            handler.setTarget(handler.file)
            handler.flush()


def remove_settings_and_log(folder: Path) -> None:
    """Remove what Hydra has written, file by file, and the folder if it is empty then; all else stays as it is."""
    for handler in [*logging.root.handlers]:
        if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename) == folder.absolute() / LOG:
            logging.root.removeHandler(handler)
            handler.close()  # some systems remove no file that is open
    with suppress(OSError):
        (folder / LOG).unlink(missing_ok=True)
    remove_settings(folder, "config.yaml", "hydra.yaml", "overrides.yaml")


def remove_settings(folder: Path, *names: str) -> None:
    """Remove files from a run's settings, and the folders if they are empty then; not the one that one works in."""
    if folder.resolve() == Path.cwd() or {path.name for path in folder.glob("*")} - {SETTINGS}:
        return
    with suppress(OSError):
        for name in names:
            (folder / SETTINGS / name).unlink(missing_ok=True)
        if (folder / SETTINGS).is_dir():
            (folder / SETTINGS).rmdir()
        folder.rmdir()


def alone(_root_: Any) -> bool:
    """Whether the settings ask for one process."""
    return is_alone(_root_.trainer)


def job_name(_root_: Any) -> str:
    """What the folder of a sweep's job begins with: its number; in a search what was typed and drawn for it, in short.

    A search that is resumed numbers its jobs from 0 again.
    """
    hydra = _root_.hydra
    if hydra.runtime.choices["hydra/sweeper"] != "optuna":
        return str(hydra.job.num)
    return hashlib.sha256("\n".join(sorted(hydra.overrides.task)).encode()).hexdigest()[:8]


# OmegaConf 2.4 calls it register_resolver; 2.3 has something older under that name.
renamed = "replace" in inspect.signature(OmegaConf.register_resolver).parameters
register_resolver: Any = OmegaConf.register_resolver if renamed else OmegaConf.register_new_resolver
register_resolver("run_name", run_name, replace=True)
register_resolver("run_folder", run_folder, use_cache=True, replace=True)
register_resolver("alone", alone, replace=True)
register_resolver("job_name", job_name, replace=True)
register_resolver("jobs_at_once", jobs_at_once, replace=True)
