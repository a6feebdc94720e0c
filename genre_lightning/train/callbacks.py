"""What a run does beside training: it keeps a checkpoint and the curves, and can be resumed bit for bit."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, Timer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from genre_lightning.files import write_whole
from genre_lightning.runs.folders import CHECKPOINTS

Curves = dict[str, list[tuple[int, float]]]


class LastCheckpoint(Checkpoint):
    """checkpoints/last.ckpt in the run's folder, after every epoch: all that it takes to go on from there.

    Lightning's ModelCheckpoint keeps the paths of the folder that it began in, and nothing if no optimizer stepped.
    """

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not getattr(trainer, "fast_dev_run"):  # noqa: B009 (the Trainer does not declare it)
            trainer.save_checkpoint(Path(trainer.default_root_dir, CHECKPOINTS, "last.ckpt"), weights_only=False)


class SeedEveryEpoch(Callback):
    """Tie an epoch's random numbers to the seed and its number: a resumed run goes on as if it had never stopped."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        torch.manual_seed(hash((self.seed, trainer.current_epoch, trainer.global_rank)) % 2**63)


def build_callbacks(cfg: DictConfig) -> list[Callback]:
    """The configured callbacks, and those that every run has: one Timer in all, with max_time the Trainer's own."""
    chosen = [*filter(None, instantiate(cfg.callbacks).values())]
    timed = cfg.trainer.get("max_time") is not None or any(isinstance(callback, Timer) for callback in chosen)
    return [*chosen, LastCheckpoint(), SeedEveryEpoch(cfg.seed), *([] if timed else [Timer(verbose=False)])]


class History(Logger):
    """Everything that is logged, in the run's history.csv: the report's curves need no other logger.

    `curves` holds (training step, value) by names such as val/loss, those of a run that was resumed too.
    """

    name = version = ""  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "history.csv"
        self.curves: Curves = read_history(self.path) if self.path.is_file() else {}

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
    """The curves in a history.csv."""
    curves: Curves = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            curves.setdefault(row["figure"], []).append((int(row["step"]), float(row["value"])))
    return curves
