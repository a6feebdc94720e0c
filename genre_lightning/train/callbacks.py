"""What a run does beside training: it keeps checkpoints and curves, stops early, and can be resumed bit for bit."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch import callbacks
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from genre_lightning.files import write_whole
from genre_lightning.runs.folders import CHECKPOINTS

Curves = dict[str, list[tuple[int, float]]]


def better(monitor: str) -> str:
    """Whether less or more of a figure is better: min or max."""
    return "min" if monitor.endswith(("loss", "error")) else "max"


class RunCheckpoint(callbacks.ModelCheckpoint):
    """A checkpoint in a run's folder, which may be moved between a run and its resumption."""

    def __init__(self, filename: str, **how: Any) -> None:
        super().__init__(filename=filename, auto_insert_metric_name=False, enable_version_counter=False, **how)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.dirpath = str(Path(trainer.default_root_dir, CHECKPOINTS))
        super().setup(trainer, pl_module, stage)

    @property
    def path(self) -> str:
        """Where the checkpoint lies."""
        return str(Path(str(self.dirpath), f"{self.filename}{self.FILE_EXTENSION}"))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state, its paths pointing at this folder, which may have been moved."""
        here: dict[str, Any] = {"dirpath": self.dirpath}
        if state_dict["best_model_path"]:
            here |= {"best_model_path": self.path, "kth_best_model_path": self.path}
            here["best_k_models"] = dict.fromkeys([self.path], state_dict["best_model_score"])
        super().load_state_dict({**state_dict, **here})


class BestCheckpoint(RunCheckpoint):
    """checkpoints/best.ckpt: the epoch with the best value of `monitor`."""

    def __init__(self, monitor: str) -> None:
        super().__init__("best", monitor=monitor, mode=better(monitor))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.monitor in trainer.callback_metrics:  # not there if training stops before the first validation
            super().on_train_epoch_end(trainer, pl_module)

    def keep(self, trainer: Trainer) -> None:
        """Keep the weights as they are now, as those of the best epoch."""
        self.best_model_path, self.best_model_score = self.path, trainer.callback_metrics[str(self.monitor)]
        trainer.save_checkpoint(self.path)


class EarlyStopping(callbacks.EarlyStopping):
    """Stop when `monitor` has not become better for `patience` epochs."""

    def __init__(self, monitor: str, patience: int) -> None:
        super().__init__(monitor, patience=patience, mode=better(monitor))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.monitor in trainer.callback_metrics:  # not there if training stops before the first validation
            super().on_train_epoch_end(trainer, pl_module)


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
