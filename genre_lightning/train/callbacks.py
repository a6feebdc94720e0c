"""What a run does beside training: it keeps a checkpoint and the curves, and can be resumed bit for bit."""

import csv
import io
import logging
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.pytorch.callbacks import Checkpoint, ProgressBar, Timer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.runs.folders import CHECKPOINTS, HISTORY
from genre_lightning.runs.foreign import MOST_TEXT, read_bytes
from genre_lightning.text import percent
from genre_lightning.train.processes import EndTogether

logger = logging.getLogger(__name__)
PHASES = {"train": "train", "refit": "learning anew", "val": "validation"}
LAST_STEP = 2**53  # of any curve
Curves = dict[str, list[tuple[int, float]]]


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints beside the one before, on the same disk, and renames them.

    Lightning's own lets a temporary folder hold them first, which may be on another disk: from there they are copied
    over the one before, and whoever is killed meanwhile has neither.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(checkpoint, written := io.BytesIO())  # to a file it hides why that cannot be written
        write_whole(path, lambda file: file.write(written.getbuffer()))


class LastCheckpoint(Checkpoint):
    """checkpoints/last.ckpt in the run's folder, after every epoch: all that it takes to go on from there.

    Lightning's ModelCheckpoint keeps the paths of the folder that it began in, and nothing if no optimizer stepped.
    """

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not getattr(trainer, "fast_dev_run"):  # noqa: B009 (the Trainer does not declare it)
            trainer.save_checkpoint(Path(trainer.default_root_dir, CHECKPOINTS, "last.ckpt"), weights_only=False)


def build_callbacks(cfg: DictConfig) -> list[Callback]:
    """The configured callbacks, and those that every run has: one Timer in all, with max_time the Trainer's own."""
    chosen: list[Callback] = [*filter(None, instantiate(cfg.callbacks).values())]
    wanted = cfg.trainer.get("enable_progress_bar", True) and not any(isinstance(one, ProgressBar) for one in chosen)
    lines = [EpochLines()] if wanted and not sys.stdout.isatty() else []
    timed = cfg.trainer.get("max_time") is not None or any(isinstance(one, Timer) for one in chosen)
    timer = [] if timed else [Timer(verbose=False)]
    return [*chosen, *lines, *timer, LastCheckpoint(), SeedEveryEpoch(cfg.seed), EndTogether()]


class EpochLines(ProgressBar, Checkpoint):
    """Instead of a progress bar an epoch is a line in the log, for where there is no terminal to draw on.

    A Checkpoint only in name: these are called when the model has logged its epoch, all other callbacks before.
    """

    def disable(self) -> None:
        """Nothing to do: other processes than the first write no lines."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.began, self.first, self.validated = time.monotonic(), trainer.current_epoch, -1

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.validated = trainer.current_epoch  # not every epoch need be

    @rank_zero_only
    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        done, epochs = trainer.current_epoch + 1, trainer.max_epochs or -1  # -1: until something else stops it
        phase = str(getattr(pl_module, "phase", "train"))
        phases = (phase, "val") if self.validated == trainer.current_epoch else (phase,)
        told = [f"epoch {done}" + (f" of {epochs}" if epochs > 0 else ""), *figures(trainer, phases)]
        if epochs > 0:
            seconds = (time.monotonic() - self.began) / (done - self.first) * (epochs - done)
            told.append(f"{seconds:.0f} s left")
        logger.info("; ".join(told))


def figures(trainer: Trainer, phases: Iterable[str]) -> Iterator[str]:
    """Loss and accuracy, as they were logged, of each phase that has any."""
    logged = trainer.callback_metrics
    for phase in phases:
        if f"{phase}/loss" in logged:
            loss, accuracy = float(logged[f"{phase}/loss"]), percent(float(logged[f"{phase}/accuracy"]))
            yield f"{PHASES[phase]}: loss {loss:.3f}, accuracy {accuracy}"


class SeedEveryEpoch(Callback):
    """Tie an epoch's random numbers to the seed and its number: a resumed run goes on as if it had never stopped."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        torch.manual_seed(hash((self.seed, trainer.current_epoch, trainer.global_rank)) % 2**63)


class History(Logger):
    """Everything that is logged, in the run's history.csv: the report's curves need no other logger.

    `curves` holds (training step, value) by names such as val/loss, those of a run that was resumed too.
    """

    name = version = ""  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / HISTORY
        self.curves: Curves = read_history(self.path) if self.path.exists() else {}

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        step = step or 0
        for name, value in metrics.items():
            before = [
                point for point in self.curves.get(name, []) if point[0] < step
            ]  # without points from after the checkpoint that is resumed
            self.curves[name] = [*before, (step, float(value))]
        lines = io.StringIO(newline="")
        rows = [(name, *point) for name, points in self.curves.items() for point in points]
        csv.writer(lines).writerows([("figure", "step", "value"), *rows])
        write_whole(self.path, lambda file: file.write(lines.getvalue().encode()))

    def log_hyperparams(self, *settings: Any, **more: Any) -> None:
        """Nothing to do: .hydra/config.yaml has them."""


def read_history(path: Path) -> Curves:
    """The curves in a history.csv. Raises UserError if it is damaged."""
    curves: Curves = {}
    try:
        for row in csv.DictReader(io.StringIO(read_bytes(path, MOST_TEXT).decode(), newline="")):
            point = int(row["step"]), float(row["value"])
            if not 0 <= point[0] <= LAST_STEP:
                raise ValueError("no step")
            curves.setdefault(row["figure"], []).append(point)
    except (OSError, ValueError, LookupError, TypeError, csv.Error):
        raise UserError(f"{path} is damaged; remove it, and the run goes on without the curves so far") from None
    return curves
