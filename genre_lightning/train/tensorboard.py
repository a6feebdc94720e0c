"""What a run shows in TensorBoard, if it is logged there, beside the curves that the model logs."""

from typing import TYPE_CHECKING, Any

from lightning import Trainer
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from genre_lightning.metrics import FIGURES
from genre_lightning.runs.results import Results
from genre_lightning.train.figures import MEASURES, curve_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def tensorboards(trainer: Trainer) -> list[TensorBoardLogger]:
    """The trainer's loggers that write for TensorBoard."""
    return [logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)]


def averages_weights(trainer: Trainer) -> bool:
    """Whether validation sees averages of the weights over training steps."""
    callbacks = getattr(trainer, "callbacks")  # noqa: B009 (the Trainer declares no such attribute)
    return any(isinstance(callback, WeightAveraging) for callback in callbacks)


def show_model(trainer: Trainer, description: str) -> None:
    """The network in words under TEXT, and train and validation on the same axes under CUSTOM SCALARS.

    TensorBoard's graph is made by tracing with torch.jit, which is deprecated; the layers are as plain in a table.
    """
    layout = {measure: ["Multiline", [f"train/{measure}", f"val/{measure}"]] for measure in MEASURES}
    title = "; ".join(curve_labels(averages_weights(trainer)))
    for board in tensorboards(trainer):
        board.experiment.add_custom_scalars({title: layout})
        board.experiment.add_text("model", description)


def show_pictures(trainer: Trainer, pictures: dict[str, "Figure"]) -> None:
    """The run's pictures under IMAGES."""
    for board in tensorboards(trainer):
        for name, picture in pictures.items():
            board.experiment.add_figure(name, picture)


def show_results(trainer: Trainer, cfg: DictConfig, results: Results) -> None:
    """The settings and the final figures of every split: in TensorBoard's HPARAMS tab, and in all other loggers."""
    # All of them in every run, since the tab hides what the first run lacks
    final = {
        f"final/{split}_{name}": getattr(figures, name) for split, figures in results.splits.items() for name in FIGURES
    }
    final["final/baseline_test_accuracy"] = results.baseline["test"].accuracy
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(flat_settings(cfg), final, step=trainer.global_step)
        else:
            logger.log_hyperparams(flat_settings(cfg))
            logger.log_metrics(final, step=trainer.global_step)
        logger.save()


def flat_settings(cfg: DictConfig) -> dict[str, str | int | float | bool]:
    """The configuration as `group.name: value`; the class behind a group as `group: Class`.

    A group that stands for another one, as in `source: ${data}`, is left out.
    """
    flat: dict[str, str | int | float | bool] = {}

    def collect(node: Any, key: str) -> None:
        if isinstance(node, DictConfig):
            for name in map(str, node):
                copied = OmegaConf.is_interpolation(node, name) and OmegaConf.is_config(node[name])
                if not copied:
                    collect(node[name], f"{key}.{name}".lstrip("."))
        elif key.endswith("._target_"):
            flat[key.removesuffix("._target_")] = str(node).rpartition(".")[2]
        elif not key.rpartition(".")[2].startswith("_"):  # what tells Hydra how to call a class
            flat[key] = node if isinstance(node, str | int | float | bool) else str(node)

    collect(cfg, "")
    return flat
