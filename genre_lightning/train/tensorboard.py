"""What a run shows in TensorBoard beside the curves that the model logs."""

import logging
from pathlib import Path
from typing import Any

from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from genre_lightning.data.catalogue import SPLITS
from genre_lightning.metrics import FIGURES

MEASURES = ("loss", "accuracy", "f1_macro")


def open_board(folder: Path) -> TensorBoardLogger:
    """A logger that writes into the run's folder, so that the run's name in TensorBoard is the folder's."""
    return TensorBoardLogger(folder, name="", version="", default_hp_metric=False)


def board_of(trainer: Trainer) -> TensorBoardLogger:
    """The trainer's logger."""
    assert isinstance(trainer.logger, TensorBoardLogger)
    return trainer.logger


def show_model(board: TensorBoardLogger, description: str) -> None:
    """The network in words under TEXT, and train and validation on the same axes under CUSTOM SCALARS.

    TensorBoard's graph is made by tracing with torch.jit, which is deprecated; the layers are as plain in a table.
    """
    layout = {measure: ["Multiline", [f"train/{measure}", f"val/{measure}"]] for measure in MEASURES}
    board.experiment.add_custom_scalars({"train and validation": layout})
    board.experiment.add_text("model", description)


def show_results(board: TensorBoardLogger, cfg: DictConfig, figures: dict[str, Any]) -> None:
    """The settings and the final figures of every split, in the HPARAMS tab."""
    # All of them in every run, since the tab hides what the first run lacks
    final = {f"final/{split}_{name}": figures[split][name] for split in SPLITS for name in FIGURES}
    final["final/baseline_test_accuracy"] = figures["baseline"]["test"]["accuracy"]
    board.log_hyperparams(flat_settings(cfg), final)
    board.save()


def flat_settings(cfg: DictConfig) -> dict[str, str | int | float | bool]:
    """The configuration as `group.name: value`; the class behind a group as `group: Class`."""
    flat: dict[str, str | int | float | bool] = {}

    def collect(node: Any, key: str) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                collect(value, f"{key}.{name}".lstrip("."))
        elif key.endswith("._target_"):
            flat[key.removesuffix("._target_")] = str(node).rpartition(".")[2]
        else:
            flat[key] = node if isinstance(node, str | int | float | bool) else str(node)

    collect(OmegaConf.to_container(cfg, resolve=True), "")
    return flat


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Every curve in a run's folder as (training step, value), those of a run that was resumed too."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logging.getLogger("tensorboard").setLevel(logging.WARNING)
    events = EventAccumulator(str(folder)).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
