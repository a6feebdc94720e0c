"""The figures of songs out of fold, and what the run with folds shows of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig
from torch import Tensor

from genre_lightning.data.catalogue import MANIFEST, Catalogue, linked, write_manifest
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.selection import Selection
from genre_lightning.data.splits import listed, shared_artists
from genre_lightning.metrics import ScoredSongs, at_temperature, fit_temperature, song_metrics
from genre_lightning.models.base import GenreClassifier
from genre_lightning.runs.folders import FOLDS
from genre_lightning.runs.results import Figures, GenreFigures, Results, split_titles
from genre_lightning.train.about_songs import about_songs
from genre_lightning.train.callbacks import HISTORY, Curves, read_history
from genre_lightning.train.evaluation import by_genre, draw_scored, facts, figures_of, history_of, left_out, publish
from genre_lightning.train.figures import curves_picture
from genre_lightning.train.judged import judge

PARTS = {"learnt_from": ("train",), "test": ("train",)}  # every song is both


class OutOfFold(NamedTuple):
    """All songs, in the order of the catalogue; of repeats, one behind the other."""

    tested: ScoredSongs  # by networks that know none of their artists
    known: ScoredSongs  # by networks that have learnt from them
    baseline: ScoredSongs  # as `tested`


@rank_zero_only
def write_report_of_folds(
    cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule, judged: OutOfFold,
    divided: Sequence[Catalogue], time_taken: tuple[int, float],
) -> None:  # fmt: skip
    """Put the figures of songs out of fold beside those of the baseline, and publish them.

    Args:
        cfg: The run's settings.
        trainer: Of the run; the pictures show its curves.
        model: The network that has learnt from all songs, or is as yet to do so.
        data: The songs.
        judged: What networks and the baseline make of them.
        divided: The songs in their folds, for each repeat.
        time_taken: For how many epochs a fold has learnt, and the seconds of all.
    """
    songs, folder = listed(*divided), Path(trainer.default_root_dir)
    write_manifest(songs, folder / MANIFEST)  # again, now that every repeat has its folds
    skipped = [replace(skip, track=replace(skip.track, split="train")) for skip in data.selection.skipped]
    selection = replace(data.selection, catalogue=songs, skipped=skipped)
    temperatures = of_other_folds(judged, divided)
    scored = {"learnt_from": judged.known, "test": judged.tested}
    scored = {part: at_temperature(of_part, temperatures) for part, of_part in scored.items()}
    told = facts(cfg, model, data, *time_taken) | {"temperature": round(calibration(judged, songs), 3)}
    results = results_of_folds(cfg, scored, judged.baseline, selection, divided, told, temperatures)
    pictures = draw_scored(scored, split_titles(results.refitted, results.folds, results.repeats), songs.genres)
    pictures["curves"] = curves_picture(history_of(trainer).curves, fold_curves(folder))
    publish(cfg, trainer, results, selection, (scored, PARTS), pictures)


def calibration(judged: OutOfFold, catalogue: Catalogue) -> float:
    """The temperature of all songs out of fold, for new songs; an artist weighs as much in it as one song."""
    groups = np.array(linked(track.links for track in catalogue))
    return fit_temperature(judged.tested, groups[judged.tested.song].tolist())


def of_other_folds(judged: OutOfFold, divided: Sequence[Catalogue]) -> Tensor:
    """For each song, `(songs, 1)`, the temperature of other folds' songs: its own would flatter its figures."""
    folds = np.array([track.split for catalogue in divided for track in catalogue])
    n_songs, temperatures = len(divided[0]), torch.ones(len(folds), 1)
    for number, fold in ((number, fold) for number, catalogue in enumerate(divided) for fold in catalogue.splits):
        of_repeat = np.arange(len(folds)) // n_songs == number
        others = torch.from_numpy(of_repeat & (folds != fold))
        rest = judged._replace(tested=ScoredSongs(*(values[others] for values in judged.tested)))
        temperatures[torch.from_numpy(folds == fold)] = calibration(rest, divided[0])
    return temperatures


def results_of_folds(
    cfg: DictConfig, scored: Mapping[str, ScoredSongs], baseline: ScoredSongs, selection: Selection,
    divided: Sequence[Catalogue], told: Mapping[str, str | int | float], temperatures: Tensor,
) -> Results:  # fmt: skip
    """The results of networks beside those of the baseline; the gap is paired, since each song was judged twice."""
    catalogue = selection.catalogue
    judged = {part: judge(songs, catalogue, PARTS[part]) for part, songs in scored.items()}
    how = cfg.report.calibration_draws, temperatures
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
        {**told}, about_songs(selection), "", len(divided[0].splits), cfg.repeats,
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
