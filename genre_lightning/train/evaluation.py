"""The end of a run: figures of the scored songs beside the baseline's, pictures, and the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from genre_lightning.data.catalogue import SPLIT_NAMES, SPLITS
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.selection import Selection
from genre_lightning.data.splits import shared_artists
from genre_lightning.files import write_whole
from genre_lightning.metrics import ScoredSongs, bootstrap_accuracy, confusion, interval, song_metrics
from genre_lightning.models.base import GenreClassifier
from genre_lightning.models.summary import multiply_adds, parameters
from genre_lightning.plotting import save_picture
from genre_lightning.runs.results import Figures, GenreFigures, Results, SplitFigures
from genre_lightning.text import say
from genre_lightning.train.baseline import score_baseline
from genre_lightning.train.callbacks import History
from genre_lightning.train.figures import confusion_picture, curves_picture, spectrogram_picture
from genre_lightning.train.report import page, summary
from genre_lightning.train.tensorboard import show_pictures, show_results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_SONGS = 6


@rank_zero_only
def write_report(cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> None:
    """Put the figures of a tested model beside the baseline's: metrics.json, report.md, pictures, TensorBoard."""
    folder = Path(trainer.default_root_dir)
    baseline = score_baseline(data, SPLITS, **cfg.baseline)
    told = facts(cfg, trainer, model, data)
    results = results_of(model.tested, baseline, data.selection, told, cfg.report.bootstrap_samples)
    results.write(folder)
    text = page(folder.name, results).encode(errors="replace")
    write_whole(folder / "report.md", lambda file: file.write(text))
    pictures = draw(trainer, model, data)
    for name, picture in pictures.items():
        save_picture(picture, folder / f"{name}.png")
    show_pictures(trainer, pictures)
    show_results(trainer, cfg, results)
    say(f"\n{summary(results)}\n\n{folder / 'report.md'}")


def facts(cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> dict[str, str | int]:
    """What a reader of the report wants to know of the run beside its figures."""
    return {
        "model": type(model).__name__,
        "features": type(data.features).__name__,
        "seed": cfg.seed,
        "songs from": cfg.data._target_.rpartition(".")[2],
        "split": cfg.split.method,
        "epochs": trainer.fit_loop.epoch_progress.current.completed,
        "parameters": parameters(model),
        "multiply-adds for a window": multiply_adds(model, data.window_shape),
        "best epoch by": cfg.callbacks.checkpoint.monitor,
    }


def results_of(
    scored: Mapping[str, ScoredSongs], baseline: Mapping[str, ScoredSongs], selection: Selection,
    told: dict[str, str | int], bootstrap_samples: int,
) -> Results:  # fmt: skip
    """The results of a model, beside those of the baseline; both have scored every song of each split."""
    accuracies = {  # of songs drawn anew; each split has its own seed, since its songs are others
        split: bootstrap_accuracy(songs, bootstrap_samples, seed=SPLITS.index(split)) for split, songs in scored.items()
    }
    splits = {split: split_figures(split, scored[split], accuracies[split], selection) for split in SPLITS}
    gap = splits["train"].accuracy - splits["test"].accuracy
    return Results(
        splits,
        {split: Figures(**song_metrics(songs)) for split, songs in baseline.items()},
        (gap, interval(accuracies["train"] - accuracies["test"])),
        by_genre(scored["test"], selection.catalogue.genres),
        {str(skip.track.path): skip.reason for skip in selection.skipped},
        shared_artists(selection.catalogue),
        told,
    )


def split_figures(split: str, scored: ScoredSongs, accuracies: torch.Tensor, selection: Selection) -> SplitFigures:
    """The figures of one split, and how many songs, artists and left-out files are behind them."""
    songs = selection.catalogue.of_split(split)
    return SplitFigures(
        **song_metrics(scored),
        accuracy_interval=interval(accuracies),
        songs=len(songs),
        artists=len({artist for track in songs for artist in track.artists}),
        unknown_artists=sum(not track.artists for track in songs),
        left_out=sum(skip.track.split == split for skip in selection.skipped),
    )


def by_genre(scored: ScoredSongs, genres: list[str]) -> dict[str, GenreFigures]:
    """Songs, precision, recall and F1 of each genre; 0 if a genre was never predicted."""
    counts = confusion(scored).double()
    right, songs, predicted = counts.diag(), counts.sum(dim=1), counts.sum(dim=0)
    precision, recall = right / predicted.clamp(min=1), right / songs.clamp(min=1)
    f1 = 2 * right / (songs + predicted).clamp(min=1)
    columns = torch.stack([precision, recall, f1], dim=1).tolist()
    return {genre: GenreFigures(int(songs[row]), *columns[row]) for row, genre in enumerate(genres)}


def draw(trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> dict[str, "Figure"]:
    """The run's pictures by name."""
    pictures = {}
    for split in ("val", "test"):
        counts = confusion(model.tested[split]).numpy()
        pictures[f"confusion_{split}"] = confusion_picture(counts, data.genres, f"{SPLIT_NAMES[split]}: songs")
    if data.features.is_image:
        pictures["spectrograms"] = spectrogram_picture(*some_windows(model, data))
    (history,) = (one for one in trainer.loggers if isinstance(one, History))
    pictures["curves"] = curves_picture(history.curves)
    return pictures


@torch.inference_mode()
def some_windows(model: GenreClassifier, data: GenreDataModule) -> tuple[list[np.ndarray], list[str]]:
    """The first window of test songs from all over the split, and what they are and were predicted to be."""
    model.eval()  # Lightning leaves the mode that was set before its test
    dataset = data.datasets["test"]
    songs = range(0, len(dataset), max(1, len(dataset) // SHOWN_SONGS))[:SHOWN_SONGS]
    batch = dataset.__getitems__([(song, 0) for song in songs])
    highest, guesses = model(batch.features.float().to(model.device)).softmax(dim=1).max(dim=1)
    titles = [
        f"{data.genres[dataset.genres[song]]}, predicted {data.genres[guess]} ({100 * probability:.0f} %)"
        for song, guess, probability in zip(songs, guesses.tolist(), highest.tolist(), strict=True)
    ]
    return list(batch.features.float().numpy()), titles
