"""The end of a run: the best checkpoint judges every split once, and all that follows from it is written down."""

import json
import logging
from pathlib import Path

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig

from genre_lightning.data.catalogue import SPLIT_NAMES, SPLITS
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.selection import Selection
from genre_lightning.metrics import confusion, score_songs
from genre_lightning.models.base import GenreClassifier
from genre_lightning.models.summary import multiply_adds, parameters
from genre_lightning.plotting import save_picture
from genre_lightning.runs.run import METRICS
from genre_lightning.text import say
from genre_lightning.train import figures as plots
from genre_lightning.train import report as report_text
from genre_lightning.train.baseline import score_baseline
from genre_lightning.train.report import Report
from genre_lightning.train.tensorboard import MEASURES, board_of, curves, show_results

logger = logging.getLogger(__name__)
SHOWN_SONGS = 6


def evaluate(
    cfg: DictConfig, folder: Path, trainer: Trainer, model: GenreClassifier, data: GenreDataModule, selection: Selection
) -> None:
    """Judge every split with the best checkpoint, beside the baseline; write the report and print its table."""
    load_best(trainer, model)
    device = trainer.strategy.root_device
    report = Report(
        genres=data.genres,
        scored={split: score_songs(model, data.regular_loader(split), device, split) for split in SPLITS},
        baseline=score_baseline(data, SPLITS, **cfg.baseline),
        selection=selection,
        facts=facts(cfg, trainer, model, data),
        bootstrap_samples=cfg.report.bootstrap_samples,
    )
    figures = report.figures()
    (folder / METRICS).write_text(json.dumps(figures, indent=2), encoding="utf-8")
    (folder / "report.md").write_text(report_text.page(folder.name, figures), encoding="utf-8", errors="replace")
    draw(folder, board_of(trainer), model, data, report)
    show_results(board_of(trainer), cfg, figures)
    say(f"\n{report_text.summary(figures)}\n\n{folder / 'report.md'}")


def best_checkpoint(trainer: Trainer) -> ModelCheckpoint:
    """The first of the trainer's checkpoint callbacks, which keeps the best epoch; the other keeps the last."""
    assert isinstance(trainer.checkpoint_callback, ModelCheckpoint)
    return trainer.checkpoint_callback


def load_best(trainer: Trainer, model: GenreClassifier) -> None:
    """Give the model the weights that did best on the validation split."""
    best = torch.load(best_checkpoint(trainer).best_model_path, map_location="cpu", weights_only=True)
    model.load_state_dict(best["state_dict"])


def facts(cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> dict[str, str | int]:
    """What a reader of the report wants to know of the run beside its figures."""
    return {
        "model": type(model).__name__,
        "features": type(data.cache.features).__name__,
        "seed": cfg.seed,
        "songs from": cfg.data._target_.rpartition(".")[2],
        "split": cfg.split.method,
        "epochs": trainer.current_epoch,
        "parameters": parameters(model),
        "multiply-adds for a window": multiply_adds(model, data.window_shape),
        "best epoch by": cfg.checkpoint.monitor,
    }


def draw(folder: Path, board: TensorBoardLogger, model: GenreClassifier, data: GenreDataModule, report: Report) -> None:
    """The run's pictures, as files and in TensorBoard."""
    figures = {
        f"confusion_{split}": plots.confusion_picture(
            confusion(report.scored[split]).numpy(), data.genres, f"{SPLIT_NAMES[split]}: songs"
        )
        for split in ("val", "test")
    }
    if data.cache.features.is_spectrogram:
        figures["spectrograms"] = plots.spectrogram_picture(*some_windows(model, data))
    figures["curves"] = plots.curves_picture(curves(folder), MEASURES)
    for name, figure in figures.items():
        save_picture(figure, folder / f"{name}.png")
        board.experiment.add_figure(name, figure)


@torch.inference_mode()
def some_windows(model: GenreClassifier, data: GenreDataModule) -> tuple[list[np.ndarray], list[str]]:
    """The first window of test songs from all over the split, and what they are and were taken for."""
    dataset = data.datasets["test"]
    songs = range(0, len(dataset), max(1, len(dataset) // SHOWN_SONGS))[:SHOWN_SONGS]
    batch = dataset.__getitems__([(song, 0) for song in songs])
    sure, guesses = model(batch.features.float().to(model.device)).softmax(dim=1).max(dim=1)
    titles = [
        f"{data.genres[dataset.genres[song]]}, taken for {data.genres[guess]} ({100 * share:.0f} %)"
        for song, guess, share in zip(songs, guesses.tolist(), sure.tolist(), strict=True)
    ]
    return list(batch.features.float().numpy()), titles
