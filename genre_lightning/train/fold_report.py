"""The figures of songs out of fold, and what the run with folds shows of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from lightning import Trainer
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from genre_lightning.data.catalogue import MANIFEST, Catalogue, linked, write_manifest
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.selection import Selection
from genre_lightning.data.splits import listed, shared_artists
from genre_lightning.metrics import ScoredSongs, at_temperature, fit_temperature, song_metrics
from genre_lightning.models.base import GenreClassifier
from genre_lightning.runs.results import Figures, GenreFigures, Results, split_titles
from genre_lightning.train.callbacks import HISTORY, Curves, read_history
from genre_lightning.train.evaluation import by_genre, draw_scored, facts, figures_of, history_of, left_out, publish
from genre_lightning.train.figures import curves_picture
from genre_lightning.train.judged import judge

FOLDS = "folds"  # the folder with what each fold has come to
PARTS = {"learnt_from": ("train",), "test": ("train",)}  # every song is both


class Judged(NamedTuple):
    """All songs, in the order of the catalogue; of repeats, one behind the other."""

    tested: ScoredSongs  # by networks that know none of their artists
    known: ScoredSongs  # by networks that have learnt from them
    baseline: ScoredSongs  # as `tested`


@rank_zero_only
def write_report_of_folds(
    cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule, judged: Judged,
    divided: Sequence[Catalogue], seconds: float,
) -> None:  # fmt: skip
    """Put the figures of songs out of fold beside those of the baseline, and publish them.

    Args:
        cfg: The run's settings.
        trainer: Of the run; the pictures show its curves.
        model: The network that has learnt from all songs, or is as yet to do so.
        data: The songs.
        judged: What networks and the baseline make of them.
        divided: The songs in their folds, for each repeat.
        seconds: How long the networks of all folds have learnt.
    """
    songs, folder = listed(*divided), Path(trainer.default_root_dir)
    write_manifest(songs, folder / MANIFEST)  # again, now that every repeat has its folds
    skipped = [replace(skip, track=replace(skip.track, split="train")) for skip in data.selection.skipped]
    temperature, selection = calibration(judged, songs), Selection(songs, skipped)
    scored = {"learnt_from": judged.known, "test": judged.tested}
    scored = {part: at_temperature(of_part, temperature) for part, of_part in scored.items()}
    told = facts(cfg, model, data, cfg.trainer.max_epochs, seconds) | {"temperature": temperature}
    results = results_of_folds(cfg, scored, judged.baseline, selection, divided, told)
    pictures = draw_scored(scored, split_titles(results.refitted, cfg.folds), songs.genres)
    pictures["curves"] = curves_picture(history_of(trainer).curves, fold_curves(folder))
    publish(cfg, trainer, results, selection, (scored, PARTS), pictures)


def calibration(judged: Judged, catalogue: Catalogue) -> float:
    """The temperature of the songs out of fold, in which an artist weighs as much as one song."""
    groups = np.array(linked(track.artists for track in catalogue))
    return fit_temperature(judged.tested, groups[judged.tested.song].tolist())


def results_of_folds(
    cfg: DictConfig, scored: Mapping[str, ScoredSongs], baseline: ScoredSongs, selection: Selection,
    divided: Sequence[Catalogue], told: Mapping[str, str | int | float],
) -> Results:  # fmt: skip
    """The results of networks beside those of the baseline; the gap is paired, since each song was judged twice."""
    catalogue, temperature = selection.catalogue, float(told["temperature"])
    judged = {part: judge(songs, catalogue, PARTS[part]) for part, songs in scored.items()}
    how = cfg.report.calibration_draws, temperature
    return Results(
        {part: figures_of(judged[part], selection, PARTS[part], *how) for part in PARTS},
        cfg.refit is not False, None, {"test": Figures(**song_metrics(baseline))},
        judged["learnt_from"].less_paired(judged["test"]),
        None,
        judged["test"].less_paired(judge(baseline, catalogue, PARTS["test"])),
        genres_once(scored["test"], catalogue.genres, cfg.repeats),
        {},
        left_out(selection),
        heard_in_folds(divided),
        {**told, "temperature": round(temperature, 3)}, "", cfg.folds, cfg.repeats,
    )  # fmt: skip


def heard_in_folds(divided: Sequence[Catalogue]) -> dict[str, list[str]]:
    """The artists who are in several folds, as those of test who are learnt from too; nothing if there are none."""
    shared = sorted({artist for songs in divided for artist in shared_artists(songs)})
    return {"test": shared} if shared else {}


def genres_once(scored: ScoredSongs, genres: list[str], repeats: int) -> dict[str, GenreFigures]:
    """The figures of each genre, whose songs count once, however often they were tested."""
    figures = by_genre(scored, genres)
    return {genre: replace(of_genre, songs=of_genre.songs // repeats) for genre, of_genre in figures.items()}


def show_mean_curves(trainer: Trainer, folder: Path) -> None:
    """Log the mean of the folds' curves, as if it were a run's own."""
    for step, figures in mean_curves(fold_curves(folder)).items():
        for one in trainer.loggers:
            one.log_metrics(figures, step)


def fold_curves(folder: Path) -> list[Curves]:
    """The curves of each fold of a run."""
    return [read_history(path) for path in sorted(folder.glob(f"{FOLDS}/*/{HISTORY}"))]


def mean_curves(folds: Sequence[Curves]) -> Mapping[int, dict[str, float]]:
    """The mean of the folds' figures by training step, that of the first fold: others may differ by a few."""
    mean: dict[int, dict[str, float]] = {}
    for name in set.intersection(*map(set, folds)) if folds else set():
        for points in zip(*(curves[name] for curves in folds), strict=False):
            mean.setdefault(points[0][0], {})[name] = sum(value for _, value in points) / len(points)
    return dict(sorted(mean.items()))
