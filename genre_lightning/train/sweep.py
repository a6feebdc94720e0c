"""python train.py -m: the jobs of a sweep, each told of in a line, and what the sweep begins and ends with."""

import io
import logging
import math
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.utils import configure_log
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from genre_lightning.command_line.quoting import override
from genre_lightning.devices import gpus
from genre_lightning.errors import TRACEBACK, UserError, explain, has_a_line, install, is_for_users, reason
from genre_lightning.files import write_text_whole
from genre_lightning.launched import check_one_process, is_alone, settle_ranks
from genre_lightning.runs import overview
from genre_lightning.runs.alone import alone_in, lock, write_settings
from genre_lightning.runs.folders import CHECKPOINTS, MULTIRUN, hold_log_back, holds_run
from genre_lightning.runs.records import FAILED
from genre_lightning.runs.results import METRICS, read_results
from genre_lightning.runs.resume import (
    DEVICE,
    check_same_sweep,
    settings_it_began_with,
    settings_of_job,
    settings_to_go_on_with,
)
from genre_lightning.runs.run import best_runs, finished_runs
from genre_lightning.text import percent, say
from genre_lightning.train.checks import check_values
from genre_lightning.train.search import go_on_with_search

logger = logging.getLogger(__name__)
LOCK = ".sweep.lock"
BESIDE = "_failed"  # what the folder's name ends with where the job's own holds a finished run, which nobody touches


def run_job(cfg: DictConfig, hydra: Any, folder: Path) -> float:
    """Do a job of a sweep in a run's folder; `hydra` are Hydra's settings. Returns what `do_job` returns."""
    settle_ranks(cfg.trainer)
    if "joblib" in hydra.launcher._target_:
        take_gpu(folder.parent)
    with alone_in(folder, wait=True):  # a search may draw the same settings twice at once
        write_settings(cfg, folder)
        try:
            return do_job(cfg, hydra.overrides.task, folder)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("what was done is kept, and goes on with the same command") from None


def do_job(cfg: DictConfig, overrides: Sequence[str], folder: Path) -> float:
    """Do a job of a sweep, or what is left of it, and tell of it in a line.

    Returns the log-loss on validation, which a search lowers; infinity if the job failed, so that the others are done.
    """
    begin = time.perf_counter()
    try:
        with hushed():
            loss = go_on(settings_to_go_on_with(cfg, overrides, folder), folder)
    except Exception as error:
        return tell_failure(error, folder)
    took, right = time.perf_counter() - begin, ""
    if (folder / METRICS).is_file():  # there is none of a quick try
        right = f"{percent(read_results(folder).chosen_by.accuracy)} right, "
    say(f"{folder.name}: {'out of fold' if cfg.folds else 'on validation'} {right}log-loss {loss:.3f}; {took:.0f} s")
    return loss


@cache
def take_gpu(sweep: Path) -> FileLock | None:
    """Have this process, one of several that do the jobs of a sweep, use a GPU that no other one of them uses.

    It keeps the GPU for all its jobs: CUDA does not change it. Returns what locks it as long as the process lives.
    """
    for gpu in gpus():
        with suppress(Timeout):
            lock = FileLock(sweep / f".gpu{gpu}.lock", timeout=0)
            lock.acquire()
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
            return lock
    return None


@contextmanager
def hushed() -> Iterator[None]:
    """Keep the log and the report of a run off the terminal: both are in its folder."""
    for handler in logging.root.handlers:
        if type(handler) is logging.StreamHandler:
            handler.setLevel(logging.CRITICAL)
    with redirect_stdout(io.StringIO()):
        yield


def go_on(cfg: DictConfig, folder: Path) -> float:
    """Train what is not trained yet of a run: nothing, if it is finished. Returns the log-loss on validation.

    Raises UserError if the folder holds a run with other settings, and what `train` raises.
    """
    if holds_run(folder):
        hold_log_back()
    check_one_device(cfg.trainer)
    cfg = settings_of_job(cfg, folder)
    cfg.refit = bool(cfg.refit)  # null: not now, but at the end for the best run
    forget_failure(folder)
    if (folder / METRICS).is_file() and (read_results(folder).refitted or not cfg.refit):
        return read_results(folder).chosen_by.uncalibrated_loss
    check_values(cfg)
    from genre_lightning.train.train import train

    return train(cfg, folder)


def check_one_device(trainer: DictConfig) -> None:
    """Raise UserError for a run on several devices: each would get a process that begins the whole sweep anew."""
    if not is_alone(trainer):
        raise UserError(
            f"trainer.devices: a sweep trains each run on one device, not on {trainer.devices}; leave it at 1 and add "
            "hydra/launcher=joblib for a run on each device, or train this one without -m"
        )


def tell_failure(error: Exception, folder: Path) -> float:
    """Say in a line why a job failed, and leave the reason for the table at the sweep's end. Returns infinity."""
    told = explain(error) if is_for_users(error) else reason(error)
    if not is_for_users(error):
        logger.error("failed", exc_info=error)
    if os.environ.get(TRACEBACK) == "1":
        traceback.print_exception(error)
    print(f"failed: {folder.name}: {told}", file=sys.stderr, flush=True)
    where = folder.with_name(folder.name + BESIDE) if (folder / METRICS).is_file() else folder
    with suppress(OSError):  # a full disk may be the reason
        where.mkdir(parents=True, exist_ok=True)
        write_text_whole(where / FAILED, told, errors="replace")
    return math.inf


def forget_failure(folder: Path) -> None:
    """Remove what a job has left that failed before and is tried anew."""
    (folder / FAILED).unlink(missing_ok=True)
    shutil.rmtree(folder.with_name(folder.name + BESIDE), ignore_errors=True)


def ends_the_program(hook: Callable[..., None]) -> Callable[..., None]:
    """Decorate a hook, so that its errors end the program: Hydra makes warnings of them and goes on."""

    @wraps(hook)
    def guarded(*arguments: Any, **more: Any) -> None:
        try:
            hook(*arguments, **more)
        except Exception as error:
            if not has_a_line(error):
                traceback.print_exception(error)
            sys.exit(f"error: {explain(error)}")

    return guarded


class Sweep(Callback):
    """What Hydra calls before the jobs of a sweep and after them."""

    @ends_the_program
    def on_multirun_start(self, config: DictConfig, **more: Any) -> None:
        """Refuse another sweep than the one in the folder, and go on with a search where it stopped."""
        folder = Path(config.hydra.sweep.dir)
        check_one_process()
        settle_ranks(config.trainer)
        check_installed(config)
        self.held = ExitStack()
        told = "another command is at work on this sweep; wait for its end, or choose another hydra.sweep.dir"
        lock(folder / LOCK, self.held, f"{folder}: {told}")
        check_same_sweep(folder, config)
        self.others = [] if (folder / MULTIRUN).is_file() else finished_runs(folder)  # which are none of its jobs
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"*{BESIDE}"):  # each is tried anew, or refused anew
            shutil.rmtree(old, ignore_errors=True)
        # As Hydra's own sweeper does, but not that of a search.
        write_text_whole(folder / MULTIRUN, OmegaConf.to_yaml(config), "replace")
        go_on_with_search(config)

    @ends_the_program
    def on_multirun_end(self, config: DictConfig, **more: Any) -> None:
        """Refit the best run, unless it was said which are; then show the table, and exit with 1 if jobs failed."""
        folder = Path(config.hydra.sweep.dir)
        if sys.exc_info()[0] is not None:
            return  # Hydra 1.4 calls it after Ctrl-C too
        finished = finished_runs(folder)
        of_others = self.others or any(folder.glob(f"*{BESIDE}"))  # runs that are there have other settings
        if finished and config.refit is None and not of_others:
            refit_best(folder, config)
        failed = [*folder.glob(f"*/{FAILED}")]  # the refit may have, too
        if finished or failed:
            say(f"\n{overview.write_sweep(folder)}")
        self.held.close()
        if failed:
            sys.exit(f"error: jobs that failed: {len(failed)}; the same command tries them anew, and only them")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "held"}  # a lock stays in its process


def check_installed(config: DictConfig) -> None:
    """Raise UserError if the chosen sweeper or launcher is not here: both come with an extra."""
    for group in ("sweeper", "launcher"):
        module = config.hydra[group]._target_.rpartition(".")[0]
        try:
            import_module(module)
        except ModuleNotFoundError:
            choice = config.hydra.runtime.choices[f"hydra/{group}"]
            told = f"hydra/{group}={choice} is not installed; it comes with {install('[sweep]')}"
            raise UserError(told) from None


def refit_best(folder: Path, config: DictConfig) -> None:
    """Refit the best run of a sweep by validation, or one for each set of songs that its runs were judged on."""
    overview.write_sweep(folder)  # which says the best
    for run in best_runs(folder):
        if not read_results(run).refitted:
            refit(run, config)


def refit(run: Path, config: DictConfig) -> None:
    """Have a run of a sweep learn from train and validation, or from all its folds, here, with its own log."""
    command = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
    settings = settings_it_began_with(run, command)
    if "slurm" in config.hydra.launcher._target_.lower():  # this is no machine to train on
        last = (run / CHECKPOINTS / "last.ckpt").as_posix()
        say(f"\nthe best run learns anew by: python train.py {override('ckpt_path', last)} refit=true")
        return
    with read_write(config.hydra.runtime):
        config.hydra.runtime.output_dir = str(run.absolute())
    configure_log(config.hydra.job_logging)
    for key in DEVICE:  # as the command says now, which may go on on another machine
        OmegaConf.update(settings, key, OmegaConf.select(config, key))
    settings.refit = True
    say(f"\nlearning from {'all songs' if settings.folds else 'train and validation, anew'}: {run.name}")
    with alone_in(run, wait=True):
        do_job(settings, [], run)
    configure_log(config.hydra.hydra_logging)
