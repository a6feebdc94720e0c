"""One run at a time in a folder: who has it, and what is tidied by whoever has."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf

from genre_lightning.data.hub.listing import pin
from genre_lightning.errors import UserError
from genre_lightning.files import unfinished_files, write_text_whole
from genre_lightning.launched import is_first_process
from genre_lightning.runs.folders import (
    CHECKPOINTS,
    FOLDS,
    HISTORY,
    LOCK,
    LOG,
    NAMED,
    SETTINGS,
    holds_run,
    remove_settings,
    remove_settings_and_log,
)

logger = logging.getLogger(__name__)
ABANDONED_SECONDS = 3600  # long before, a run holds the lock of its folder
# What the system says where a disk knows no locks, as some network disks do.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def alone_in(folder: Path, wait: bool = False) -> Iterator[None]:
    """Keep other runs out of a run's folder; the system lets them in again if this process is killed.

    Of a run's processes the first one keeps it for all. What killed runs have left there half-written, and beside it
    with nothing in it, is removed. Raises UserError if a run is at work there, unless it is to `wait` for its end.
    """
    if not is_first_process():
        yield
        return
    with ExitStack() as held:
        told = "another run is at work in this folder; wait for its end, or choose another hydra.run.dir"
        lock(folder / SETTINGS / LOCK, held, None if wait else f"{folder}: {told}")
        remove_unfinished(folder)
        if NAMED.fullmatch(folder.name):
            remove_abandoned(folder.parent)
        try:
            yield
        finally:
            held.close()
            remove_settings(folder, LOCK)  # if nothing was done


def lock(path: Path, held: ExitStack, refused: str | None) -> None:
    """Hold the lock of the system on a file, which is made if there is none, for as long as `held` is open.

    Raises UserError with the text `refused` if another process holds it; None waits.
    """
    if linked := [one for one in (path.parent, path) if one.is_symlink()]:
        raise UserError(f"{linked[0]} is a link, which may lead anywhere; put a copy of what it leads to in its place")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held.enter_context(FileLock(path, timeout=-1 if refused is None else 0))
    except Timeout:
        raise UserError(refused) from None
    except (NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in NO_LOCKS:
            raise
        logger.warning("%s: this disk knows no locks; start nothing else in this folder", path.parent)


def is_at_work(folder: Path) -> bool | None:
    """Whether a run has a folder for itself at the moment; None if nobody can tell."""
    path = folder / SETTINGS / LOCK
    if path.parent.is_symlink() or path.is_symlink():  # to lock a file may cut it off
        return None
    if not path.is_file():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # no locks there, or no right to write
        return None


def remove_unfinished(folder: Path) -> None:
    """Remove the files of a run's folder that were being written when it was killed."""
    for inside in (folder, folder / SETTINGS, folder / CHECKPOINTS, *(folder / FOLDS).glob("*")):
        for path in unfinished_files(inside):
            path.unlink(missing_ok=True)


def remove_abandoned(logs: Path) -> None:
    """Remove the folders of runs that were killed before any work, an hour ago or earlier."""
    before = time.time() - ABANDONED_SECONDS
    for folder in logs.iterdir():
        with suppress(OSError):  # gone by now
            old = NAMED.fullmatch(folder.name) and folder.stat().st_mtime < before
            empty = old and {path.name for path in folder.iterdir()} <= {SETTINGS, LOG}
            if empty and is_at_work(folder) is False:
                remove_settings_and_log(folder)
                remove_settings(folder, LOCK)


def write_settings(cfg: DictConfig, folder: Path) -> None:
    """Write down the settings of a new run, Hydra's own, and what was typed; one that goes on keeps what it has.

    A set of a hub is pinned before. Raises UserError if there is no such set.

    Hydra would write before it is known who has the folder, and over what is there.
    """
    from hydra.core.hydra_config import HydraConfig

    pin(cfg.get("data"))
    if holds_run(folder) or not is_first_process():
        return
    (folder / HISTORY).unlink(missing_ok=True)  # of a run that was killed in its first epoch
    hydra: Any = HydraConfig.instance().cfg
    for name, settings in {"config": cfg, "hydra": hydra, "overrides": hydra.hydra.overrides.task}.items():
        write_text_whole(folder / SETTINGS / f"{name}.yaml", OmegaConf.to_yaml(settings), "replace")
