"""What a run shows in TensorBoard beside the curves that the model logs."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from genre_lightning.catalogue import SPLITS
from genre_lightning.embedding import Embeddings
from genre_lightning.scores import FIGURES

MEASURES = ("loss", "accuracy", "f1_macro")
# What TensorBoard's projector reads: a file in the run's folder, and a folder for each set of songs.
PROJECTOR, PROJECTOR_CONFIG = "projector", "projector_config.pbtxt"
VECTORS, METADATA = "vectors.tsv", "metadata.tsv"


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


def show_embeddings(run: Path, folder: Path, embeddings: Embeddings) -> None:
    """The songs in the PROJECTOR tab, beside other sets of songs; `folder` is the run's, or one below it.

    Written here, since SummaryWriter would start a file of events each time, and fails where TensorFlow is installed.
    """
    from google.protobuf import text_format
    from tensorboard.plugins import projector

    place = folder / PROJECTOR
    place.mkdir(parents=True, exist_ok=True)
    np.savetxt(place / VECTORS, embeddings.vectors, fmt="%.5g", delimiter="\t")
    (place / METADATA).write_text("\n".join(metadata(embeddings)) + "\n", encoding="utf-8", errors="replace")
    config = projector.ProjectorConfig()
    for vectors in sorted(run.rglob(f"{PROJECTOR}/{VECTORS}"), key=lambda path: (len(path.parts), path)):
        paths = {name: (vectors.parent / name).relative_to(run).as_posix() for name in (VECTORS, METADATA)}
        config.embeddings.add(
            tensor_name=vectors.parent.parent.absolute().name, tensor_path=paths[VECTORS], metadata_path=paths[METADATA]
        )
    (run / PROJECTOR_CONFIG).write_text(text_format.MessageToString(config), encoding="utf-8")


def metadata(embeddings: Embeddings) -> Iterator[str]:
    """What the projector can show and colour songs by, a line each under a line of names."""
    yield "\t".join(["title", "artist", "genre", "predicted", "split"])
    for track, predicted in zip(embeddings.tracks, embeddings.predicted, strict=True):
        columns = (track.title or track.path.stem, track.artist, track.genre, predicted, track.split or "new")
        yield "\t".join(" ".join(text.split()) for text in columns)


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Every curve in a run's folder as (training step, value), those of a run that was resumed too."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logging.getLogger("tensorboard").setLevel(logging.WARNING)
    events = EventAccumulator(str(folder)).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
