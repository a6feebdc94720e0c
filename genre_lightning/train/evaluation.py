"""The end of a run: figures of the scored songs beside the baseline's, pictures, and the report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from hydra.utils import instantiate
from lightning import Trainer
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from genre_lightning.data.catalogue import SPLITS, Catalogue
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.selection import Selection
from genre_lightning.data.sources.folder import common_folder
from genre_lightning.data.splits import shared_artists, unjudged_genres
from genre_lightning.files import write_text_whole
from genre_lightning.metrics import ScoredSongs, at_temperature, calibrated_range, confusion, song_metrics
from genre_lightning.models.base import GenreClassifier
from genre_lightning.models.summary import multiply_adds, parameters
from genre_lightning.plotting import save_picture
from genre_lightning.runs.predictions import write_predictions
from genre_lightning.runs.results import SCORED, Figures, GenreFigures, Results, SplitFigures, split_titles
from genre_lightning.text import say
from genre_lightning.train.about_songs import about_songs
from genre_lightning.train.advice import advise, songs_from
from genre_lightning.train.artists import write_artists
from genre_lightning.train.baseline import score_baseline
from genre_lightning.train.callbacks import History
from genre_lightning.train.figures import calibration_picture, confusion_picture, curves_picture, spectrogram_picture
from genre_lightning.train.judged import Judged, judge
from genre_lightning.train.report import page, summary
from genre_lightning.train.song_pictures import draw_songs
from genre_lightning.train.tensorboard import show_results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_SONGS = 6


@rank_zero_only
def write_report(
    cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule,
    scored: Mapping[str, ScoredSongs],
) -> None:  # fmt: skip
    """Put the figures of a tested model beside the baseline's, and publish them.

    Args:
        cfg: The run's settings.
        trainer: Of the run; the pictures show its curves.
        model: The tested model.
        data: The songs, and from which of them the model has learnt.
        scored: The songs that the model learnt from, those of val and of test, by SCORED, and those of train as the
            first fit has them; at the model's temperature.
    """
    baseline, told = score_baseline(data, data.learnt_from, **cfg.baseline), facts(cfg, model, data, *took(trainer))
    how = cfg.report.calibration_draws, data.learnt_from, float(model.temperature)
    results = results_of(scored, baseline, data.selection, told, *how)
    pictures = draw(trainer, model, data, scored, split_titles(results.refitted))
    publish(cfg, trainer, results, data.selection, (scored, parts(data.learnt_from)), pictures)


def publish(
    cfg: DictConfig, trainer: Trainer, results: Results, selection: Selection,
    predictions: tuple[Mapping[str, ScoredSongs], Mapping[str, Sequence[str]]], pictures: dict[str, "Figure"],
) -> None:  # fmt: skip
    """Write what a run has shown: predictions.csv, report.md, pictures, TensorBoard, metrics.json; and say it.

    `predictions` are the songs by SCORED, and of which splits each are.
    """
    folder = Path(trainer.default_root_dir)
    per_genre = results.splits["learnt_from"].songs / len(selection.catalogue.genres)
    results = replace(results, advice=advise(cfg, per_genre))
    write_predictions(folder, selection.catalogue, *predictions)
    songs = draw_songs(selection.catalogue, bool(cfg.folds), folder)
    write_text_whole(folder / "report.md", page(folder.name, results, pictures, songs), "replace")
    for name, picture in pictures.items():
        save_picture(picture, folder / f"{name}.png", few_colours=name == "spectrograms")
    show_results(trainer, cfg, results, summary(results), pictures)
    all_genres: dict[str, Any] = {"genres": None} if "genres" in cfg.data else {}
    root = common_folder(cfg.data.get("root") or str(folder))
    write_artists(instantiate(cfg.data, **all_genres), selection, root, folder)
    results.write(folder)  # last, since it makes this a finished run
    say(f"\n{summary(results)}\n\n{folder / 'report.md'}")


def took(trainer: Trainer) -> tuple[int, float]:
    """How many epochs and seconds a fit took, before it was resumed too."""
    timer = next(one for one in getattr(trainer, "callbacks") if isinstance(one, Timer))  # noqa: B009
    return trainer.fit_loop.epoch_progress.current.completed, timer.time_elapsed()


def facts(
    cfg: DictConfig, model: GenreClassifier, data: GenreDataModule, epochs: int, seconds: float
) -> dict[str, str | int]:  # fmt: skip
    """What a reader of the report wants to know of the run beside its figures."""
    automatic = ("artist", "published")[data.listed.has_folds if cfg.folds else data.selection.published]
    split = automatic if cfg.split.method == "auto" else cfg.split.method
    return {
        "model": type(model).__name__,
        "features": type(data.features).__name__,
        **data.features.facts(),
        "seed": cfg.seed,
        "songs from": songs_from(cfg),
        **data.listed.about,
        "split": f"{split}, {cfg.folds} folds" if cfg.folds else split,
        "epochs": epochs,
        "seconds": round(seconds),  # of the tested model's training
        "parameters": parameters(model),
        "multiply-adds for a window": multiply_adds(model, data.window_shape),
        **model.facts(),
    }


def parts(learnt_from: Sequence[str]) -> dict[str, Sequence[str]]:
    """Of which splits the songs of each of SCORED are."""
    return {"learnt_from": learnt_from, "val": ("val",), "test": ("test",)}


def results_of(
    scored: Mapping[str, ScoredSongs], baseline: Mapping[str, ScoredSongs], selection: Selection,
    told: Mapping[str, str | int], samples: int, learnt_from: Sequence[str], temperature: float,
) -> Results:  # fmt: skip
    """The results of a model, beside those of the baseline; both have scored SCORED, the first fit train too.

    `temperature` is what the model's logits were divided by, `samples` as in `calibrated_range`.
    """
    catalogue, asked = selection.catalogue, parts(learnt_from)
    judged = {name: judge(scored[name], catalogue, splits) for name, splits in (asked | {"train": ("train",)}).items()}
    return Results(
        {name: figures_of(judged[name], selection, asked[name], samples, temperature) for name in SCORED},
        "val" in learnt_from,
        Figures(**song_metrics(scored["train"])),
        {name: Figures(**song_metrics(songs)) for name, songs in baseline.items()},
        judged["learnt_from"].less(judged["test"]),
        judged["train"].less(judged["val"]),
        judged["test"].less_paired(judge(baseline["test"], catalogue, asked["test"])),
        by_genre(scored["test"], catalogue.genres),
        unjudged_genres(catalogue),
        left_out(selection),
        heard_before(catalogue, learnt_from),
        {**told, "temperature": round(temperature, 3)}, about_songs(selection),
    )  # fmt: skip


def left_out(selection: Selection) -> dict[str, str]:
    """The path of each file that was left out, and the reason."""
    return {str(skip.track.path): skip.reason for skip in selection.skipped}


def figures_of(
    judged: Judged, selection: Selection, splits: Sequence[str], samples: int, temperature: float | torch.Tensor
) -> SplitFigures:  # fmt: skip
    """The figures of the songs of some splits, before the temperature too, and what is behind them."""
    before = song_metrics(at_temperature(judged.scored, 1 / temperature))
    return SplitFigures(
        **song_metrics(judged.scored),
        uncalibrated_loss=before["loss"],
        uncalibrated_error=before["calibration_error"],
        calibrated_range=calibrated_range(judged.scored, samples, seed=0),
        accuracy_interval=judged.accuracy_interval,
        f1_macro_interval=judged.f1_macro_interval,
        **counts(selection, splits),
    )


def heard_before(catalogue: Catalogue, learnt_from: Sequence[str]) -> dict[str, list[str]]:
    """The artists of val who are in train too, and those of test who are among the songs that are `learnt_from`.

    A split without any is left out.
    """
    songs = {split: [*catalogue.of_split(split)] for split in SPLITS}
    learnt = [replace(track, split="train") for split in learnt_from for track in songs[split]]
    sides = {"val": songs["train"] + songs["val"], "test": learnt + songs["test"]}
    return {split: shared for split, tracks in sides.items() if (shared := shared_artists(Catalogue(tracks)))}


def counts(selection: Selection, splits: Sequence[str]) -> dict[str, int]:
    """How many songs, artists and left-out files are behind the figures of some splits."""
    songs = [track for track in selection.catalogue if track.split in splits]
    return {
        "songs": len(songs),
        "artists": len({artist for track in songs for artist in track.artists}),
        "unknown_artists": sum(not track.artists for track in songs),
        "left_out": sum(skip.track.split in splits for skip in selection.skipped),
    }


def by_genre(scored: ScoredSongs, genres: list[str]) -> dict[str, GenreFigures]:
    """Songs, precision, recall and F1 of each genre; 0 if a genre was never predicted."""
    counts = confusion(scored).double()
    right, songs, predicted = counts.diag(), counts.sum(dim=1), counts.sum(dim=0)
    precision, recall = right / predicted.clamp(min=1), right / songs.clamp(min=1)
    f1 = 2 * right / (songs + predicted).clamp(min=1)
    columns = torch.stack([precision, recall, f1], dim=1).tolist()
    return {genre: GenreFigures(int(songs[row]), *columns[row]) for row, genre in enumerate(genres)}


def draw(
    trainer: Trainer, model: GenreClassifier, data: GenreDataModule, scored: Mapping[str, ScoredSongs],
    titles: Mapping[str, str],
) -> dict[str, "Figure"]:  # fmt: skip
    """The run's pictures by name."""
    pictures = draw_scored(scored, titles, data.genres)
    if data.features.is_image:
        pictures["spectrograms"] = spectrogram_picture(*some_windows(model, data), data.features)
    pictures["curves"] = curves_picture(history_of(trainer).curves)
    return pictures


def draw_scored(
    scored: Mapping[str, ScoredSongs], titles: Mapping[str, str], genres: Sequence[str]
) -> dict[str, "Figure"]:  # fmt: skip
    """Pictures of scored songs, under their titles."""
    return {
        "confusion": confusion_picture({titles[one]: confusion(scored[one]).numpy() for one in titles}, genres),
        "calibration": calibration_picture({titles[one]: scored[one] for one in titles}),
    }


def history_of(trainer: Trainer) -> History:
    """The logger with the run's curves."""
    (history,) = (one for one in trainer.loggers if isinstance(one, History))
    return history


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
