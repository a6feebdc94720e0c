"""folds=5: every song is tested once, by a network that learnt from other artists; then a network learns from all."""

import io
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from lightning import Trainer
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.datamodule import LEARNT_FROM, GenreDataModule
from genre_lightning.data.splits import fold_catalogue
from genre_lightning.devices import leave_group
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.metrics import ScoredSongs, is_correct
from genre_lightning.models.base import GenreClassifier
from genre_lightning.runs.checkpoint import UNREADABLE, load_plain, read_checkpoint
from genre_lightning.runs.folders import FOLDS, JUDGED
from genre_lightning.runs.known import known_songs, write_known
from genre_lightning.text import percent
from genre_lightning.train import baseline
from genre_lightning.train.callbacks import History
from genre_lightning.train.evaluation import took
from genre_lightning.train.fit import (
    build_loggers,
    build_model,
    build_trainer,
    finite_loss,
    fit,
    introduce,
    keep,
    load_data,
    score,
    unwatched,
)
from genre_lightning.train.fold_report import OutOfFold, calibration, show_mean_curves, write_report_of_folds

logger = logging.getLogger(__name__)


class Fold(NamedTuple):
    """What the network of a fold makes of songs, each in the order of its fold."""

    tested: ScoredSongs  # those of the fold, whose artists it does not know
    known: ScoredSongs  # those of the next fold, from which it has learnt
    baseline: ScoredSongs  # those of the fold, as the baseline has them
    epochs: int  # that it learnt for
    seconds: float


class Repeat(NamedTuple):
    """Songs, each with its fold as its split, and what the folds have come to, in their order."""

    songs: Catalogue
    folds: list[Fold]


def cross_validate(cfg: DictConfig, folder: Path) -> float:
    """Test every song once for each of `repeats`, then have a network learn from all songs, and report.

    Folds that were finished before are not done again. Returns the log-loss of the songs out of fold. Raises UserError
    for what the user can mend.
    """
    cfg = unwatched(cfg)  # what is tested must choose nothing
    trainer = build_trainer(cfg, folder, build_loggers(cfg, folder))
    data = load_data(cfg, trainer, folder, division(cfg, 0))
    model = build_model(cfg, data)
    introduce(trainer, model, data)
    if cfg.trainer.get("fast_dev_run"):
        return try_out(cfg, trainer, data)
    repeats = judge_all(cfg, folder, data)
    judged, divided = together(repeats), [repeat.songs for repeat in repeats]
    loss = finite_loss(judged.tested, "the log-loss out of fold")
    show_mean_curves(trainer, folder)
    if cfg.refit is not False:
        model = learn_from_all(cfg, trainer, data, calibration(judged, divided[0]))
    leave_group()
    write_report_of_folds(cfg, trainer, model, data, judged, divided, time_taken(repeats))
    return loss


def division(cfg: DictConfig, repeat: int) -> Callable[[Catalogue], Catalogue]:
    """What divides the songs into folds, each time in another way."""
    how = {"method": cfg.split.method, "seed": cfg.split.seed}
    return partial(fold_catalogue, folds=cfg.folds, repeat=repeat, **how)


def try_out(cfg: DictConfig, trainer: Trainer, data: GenreDataModule) -> float:
    """See whether a fold can be learnt and judged; Lightning writes no checkpoint, so there is nothing to report on."""
    fold, *others = data.selection.catalogue.splits
    learn(cfg, trainer, data, others, fold)
    logger.info("fast_dev_run: training and validation work; there are no results")
    return float(trainer.callback_metrics["val/loss"])


def judge_all(cfg: DictConfig, folder: Path, data: GenreDataModule) -> list[Repeat]:
    """Have each fold's network judge songs, for each repeat."""
    repeats = []
    for number in range(cfg.repeats):
        if number:
            data.divide(division(cfg, number))
        repeats.append(Repeat(data.selection.catalogue, []))
        for fold in data.selection.catalogue.splits:
            repeats[-1].folds.append(judge_fold(cfg, folder, data, fold))
            tell([fold for repeat in repeats for fold in repeat.folds], cfg.folds * cfg.repeats)
    return repeats


@rank_zero_only
def tell(done: Sequence[Fold], of: int) -> None:
    """Log what the last fold has come to, and about how long the others take to learn."""
    right, songs = percent(float(is_correct(done[-1].tested).double().mean())), len(done[-1].tested.genre)
    seconds = sum(fold.seconds for fold in done) / len(done) * (of - len(done))
    left = f"; {seconds:.0f} s left" if len(done) < of else ""
    logger.info("fold %d of %d: %s of %d songs right%s", len(done), of, right, songs, left)


def time_taken(repeats: Sequence[Repeat]) -> tuple[int, float]:
    """For how many epochs each fold was learnt, at most, and the seconds of all."""
    folds = [fold for repeat in repeats for fold in repeat.folds]
    return max(fold.epochs for fold in folds), sum(fold.seconds for fold in folds)


def judge_fold(cfg: DictConfig, folder: Path, data: GenreDataModule, fold: str) -> Fold:
    """Have a network learn from all other folds, and judge this one; or read back what it has made of it before."""
    kept = folder / FOLDS / fold / JUDGED
    if kept.is_file():
        return read_fold(kept)
    kept.parent.mkdir(parents=True, exist_ok=True)
    folds = data.selection.catalogue.splits
    others, following = [one for one in folds if one != fold], folds[(folds.index(fold) + 1) % len(folds)]
    trainer = build_trainer(cfg, folder, [History(kept.parent)])
    model = learn(cfg, trainer, data, others, fold)
    scored = score(trainer, model, data, fold, following)
    theirs = baseline.score(baseline.fit(data, others, **cfg.baseline), data, [fold])
    judged = Fold(scored[fold], scored[following], theirs, *took(trainer))
    if trainer.is_global_zero:
        write_fold(judged, kept)
    return judged


def learn(
    cfg: DictConfig, trainer: Trainer, data: GenreDataModule, folds: Sequence[str], watched: str, phase: str = "train"
) -> GenreClassifier:
    """A network that has learnt from some folds. If the run is gone on with, and that stopped amid this: from there."""
    data.learn_from(*folds)
    data.watch(watched)
    model, begun = build_model(cfg, data), None
    model.phase = phase
    if cfg.ckpt_path is not None and read_checkpoint(Path(cfg.ckpt_path))["GenreDataModule"][LEARNT_FROM] == [*folds]:
        begun = cfg.ckpt_path
    fit(trainer, model, data, begun)
    return model


def learn_from_all(cfg: DictConfig, trainer: Trainer, data: GenreDataModule, temperature: float) -> GenreClassifier:
    """The network that is kept, beside how the songs sound."""
    folds = data.selection.catalogue.splits
    if trainer.is_global_zero:
        logger.info("learning from all %d songs", len(data.selection.catalogue))
    model = learn(cfg, trainer, data, folds, folds[0], "refit")
    keep(trainer, model, temperature)
    if trainer.is_global_zero:
        stats, _ = baseline.song_vectors(data, folds)
        write_known(known_songs(stats, data.artist_groups(*folds)), Path(trainer.default_root_dir))
    return model


def write_fold(fold: Fold, path: Path) -> None:
    """Keep what a fold has come to, in plain values."""
    plain = {
        name: value._asdict() if isinstance(value, ScoredSongs) else value for name, value in fold._asdict().items()
    }
    torch.save(plain, written := io.BytesIO())
    write_whole(path, lambda file: file.write(written.getbuffer()))


def read_fold(path: Path) -> Fold:
    """What `write_fold` has written. Raises UserError if it is damaged."""
    try:
        plain = load_plain(path)
        songs = {name: ScoredSongs(**plain[name]) for name in ("tested", "known", "baseline")}
        return Fold(**songs, epochs=plain["epochs"], seconds=plain["seconds"])
    except UNREADABLE:
        raise UserError(f"{path} is damaged; remove it, and the fold is done again") from None


def together(repeats: Sequence[Repeat]) -> OutOfFold:
    """The songs of all folds in the order of the catalogue, for each repeat behind each other."""
    judged = []
    for songs, folds in repeats:
        known = [folds[-1], *folds[:-1]]  # each network was asked about the fold behind its own
        kinds = [one.tested for one in folds], [one.known for one in known], [one.baseline for one in folds]
        judged.append([in_order(scored, songs) for scored in kinds])
    return OutOfFold(*(ScoredSongs(*map(torch.cat, zip(*kind, strict=True))) for kind in zip(*judged, strict=True)))


def in_order(folds: Sequence[ScoredSongs], catalogue: Catalogue) -> ScoredSongs:
    """The songs of each fold in the order of the catalogue, their numbers those in it."""
    rows = [row for fold in catalogue.splits for row, track in enumerate(catalogue) if track.split == fold]
    order = torch.tensor(rows).argsort()
    logits, genres = (torch.cat([getattr(songs, name) for songs in folds]) for name in ("logits", "genre"))
    return ScoredSongs(torch.arange(len(rows)), logits[order], genres[order])
