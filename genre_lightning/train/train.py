"""train(cfg, folder): from a configuration to a trained model and its report."""

import logging
from pathlib import Path

from lightning import Trainer, seed_everything
from omegaconf import DictConfig, open_dict

from genre_lightning.data.datamodule import LEARNT_FROM, GenreDataModule
from genre_lightning.devices import leave_group
from genre_lightning.files import write_whole
from genre_lightning.metrics import ScoredSongs, at_temperature, fit_temperature
from genre_lightning.models.base import GenreClassifier
from genre_lightning.runs.checkpoint import read_checkpoint
from genre_lightning.runs.folders import CHECKPOINTS
from genre_lightning.runs.resume import is_of_refit, is_over
from genre_lightning.train.checks import check
from genre_lightning.train.evaluation import write_report
from genre_lightning.train.fit import (
    another_model,
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
from genre_lightning.train.folds import cross_validate

logger = logging.getLogger(__name__)
FIRST_FIT = "first_fit.ckpt"


def train(cfg: DictConfig, folder: Path) -> float:
    """Do a whole run in `folder`: cache features, train, learn anew from train and validation, test, report.

    Returns the loss on the validation split at the end of the first fit; with folds, that of all songs out of fold.
    Raises UserError for what the user can mend.
    """
    check(cfg)
    seed_everything(cfg.seed, workers=True, verbose=False)
    if cfg.folds:
        return cross_validate(cfg, folder)
    trainer = build_trainer(cfg, folder, build_loggers(cfg, folder))
    data = load_data(cfg, trainer, folder)
    model = first_fit(cfg, trainer, data)
    if cfg.trainer.get("fast_dev_run"):  # Lightning writes no checkpoint, so there is nothing to report on
        logger.info("fast_dev_run: training and validation work; there are no results")
        return float(trainer.callback_metrics["val/loss"])
    first = score(trainer, model, data, "train", "val")
    loss = finite_loss(first["val"], "val/loss")
    if cfg.refit is not False or is_of_refit(cfg.ckpt_path):
        trainer, model = refit(cfg, trainer, data)
    finish(cfg, trainer, model, data, first)
    return loss


def first_fit(cfg: DictConfig, trainer: Trainer, data: GenreDataModule) -> GenreClassifier:
    """Train on the training split, watched by validation; or read back what came of it, if that is done already."""
    model, kept = build_model(cfg, data), Path(trainer.default_root_dir, CHECKPOINTS, FIRST_FIT)
    introduce(trainer, model, data)
    before = Path(cfg.ckpt_path or kept).with_name(FIRST_FIT)  # where a run that is gone on with keeps it
    if cfg.ckpt_path is not None and (cfg.refit is not False or is_of_refit(cfg.ckpt_path)) and is_over(cfg, before):
        restore(model, data, before)
        if before.resolve() != kept.resolve():
            write_whole(kept, lambda file: file.write(before.read_bytes()))
        return model
    fit(trainer, model, data, cfg.ckpt_path)
    if not cfg.trainer.get("fast_dev_run"):
        trainer.save_checkpoint(kept, weights_only=True)
    return model


def restore(model: GenreClassifier, data: GenreDataModule, path: Path) -> None:
    """Give the model the weights that were kept. Raises UserError if they are another model's, or are not there."""
    kept = read_checkpoint(path)
    data.load_state_dict(kept["GenreDataModule"])
    if kept["state_dict"].keys() != model.state_dict().keys():
        raise another_model(path)
    model.load_state_dict(kept["state_dict"])


def refit(cfg: DictConfig, first: Trainer, data: GenreDataModule) -> tuple[Trainer, GenreClassifier]:
    """Start again from the seed, and learn from train and validation for as many steps as the first fit took.

    The curves are logged under refit/.
    """
    data.learn_from("train", "val")
    if first.is_global_zero:
        logger.info("learning anew from train and validation, %d songs", len(data.datasets[LEARNT_FROM]))
    folder = Path(first.default_root_dir)
    kept = read_checkpoint(folder / CHECKPOINTS / FIRST_FIT)
    as_long = for_as_long(unwatched(cfg), kept["global_step"], kept["epoch"])
    trainer, model = build_trainer(as_long, folder, first.loggers), build_model(cfg, data)
    model.phase = "refit"
    fit(trainer, model, data, cfg.ckpt_path if is_of_refit(cfg.ckpt_path) else None)
    return trainer, model


def for_as_long(cfg: DictConfig, steps: int, epochs: int) -> DictConfig:
    """The settings for so many steps in so many epochs."""
    with open_dict(cfg):
        cfg.trainer.update(max_epochs=max(1, epochs), max_time=None)
        if steps and epochs and steps % epochs == 0:
            batches = steps // epochs * cfg.trainer.get("accumulate_grad_batches", 1)
            cfg.trainer.update(limit_train_batches=batches)
        elif steps:  # none are counted of a head that is solved; a run resumed from max_steps is not the same
            cfg.trainer.update(max_steps=steps, max_epochs=epochs + 1)
    return cfg


def finish(
    cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule, first: dict[str, ScoredSongs]
) -> None:  # fmt: skip
    """Calibrate the model on val, keep it, test it, and report; the `first` fit has scored train and val."""
    temperature = fit_temperature(first["val"], data.artist_groups("val"))
    keep(trainer, model, temperature)
    scored = score(trainer, model, data, LEARNT_FROM, "test")
    finite_loss(scored["test"], "the loss")
    leave_group()
    first = {split: at_temperature(songs, temperature) for split, songs in first.items()}
    write_report(cfg, trainer, model, data, scored | first)
