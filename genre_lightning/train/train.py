"""train(cfg, folder): from a configuration to a trained model and its report."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import Trainer, seed_everything
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from genre_lightning.data.catalogue import MANIFEST, SPLITS, write_manifest
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.devices import leave_group, without_harmless_warnings
from genre_lightning.errors import UserError
from genre_lightning.models.base import GenreClassifier
from genre_lightning.models.summary import describe
from genre_lightning.runs.folders import CHECKPOINTS
from genre_lightning.runs.resume import check_same_songs
from genre_lightning.train.callbacks import BestCheckpoint, History, RunCheckpoint, SeedEveryEpoch
from genre_lightning.train.checks import check, check_folder
from genre_lightning.train.evaluation import write_report
from genre_lightning.train.tensorboard import show_model

logger = logging.getLogger(__name__)


def train(cfg: DictConfig, folder: Path) -> float:
    """Do a whole run in `folder`: cache features, train, test the best checkpoint once, write the report.

    Returns the best value of the monitored figure on the validation split. Raises UserError for what the user can mend.
    """
    check(cfg)
    seed_everything(cfg.seed, workers=True, verbose=False)
    trainer = build_trainer(cfg, folder)
    data: GenreDataModule = instantiate(cfg.loader)
    if trainer.is_global_zero:
        logger.info("the run's folder: %s", folder)
        check_folder(cfg.ckpt_path, folder)
        data.prepare_data()
    data.setup()
    check_same_songs(cfg.ckpt_path, data.selection.catalogue)
    model = build_model(cfg, data)
    introduce(folder, trainer, model, data)
    fit(trainer, model, data, cfg.ckpt_path)
    if cfg.trainer.get("fast_dev_run"):  # Lightning writes no checkpoint, so there is nothing to report on
        logger.info("fast_dev_run: training and validation work; there are no results")
        return float(trainer.callback_metrics[cfg.callbacks.checkpoint.monitor])
    score = test(trainer, model, data)
    write_report(cfg, trainer, model, data, {**model.tested, "learnt_from": model.tested["train"]}, ("train",), 1.0)
    return score


def build_trainer(cfg: DictConfig, folder: Path) -> Trainer:
    """The Trainer with the configured callbacks and loggers, and with those that every run has."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # our own log says it already
    callbacks = [*filter(None, instantiate(cfg.callbacks).values()), RunCheckpoint("last"), SeedEveryEpoch(cfg.seed)]
    chosen = filter(None, instantiate(cfg.logger).values())  # one that is null is switched off
    loggers = [History(folder), *(one(save_dir=str(folder)) if isinstance(one, partial) else one for one in chosen)]
    return instantiate(cfg.trainer, callbacks=callbacks, logger=loggers, default_root_dir=str(folder))


def build_model(cfg: DictConfig, data: GenreDataModule) -> GenreClassifier:
    """The configured network for windows of this data, with the statistics of its training split."""
    torch.manual_seed(cfg.seed)  # computing features may have used random numbers
    shape: Any = {"n_features": data.n_features, "n_frames": data.n_frames, "n_genres": len(data.genres)}
    model: GenreClassifier = instantiate(cfg.model, **shape)
    model.prepare(data.statistics())
    return model.to(memory_format=torch.channels_last)  # convolutions are 1.6 times as fast on a CPU


@rank_zero_only
def introduce(folder: Path, trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> None:
    """Write down what is going to be trained on what, before it begins."""
    description = describe(model, data.window_shape)
    logger.info(description)
    write_manifest(data.selection.catalogue, folder / MANIFEST)
    show_model(trainer, description)


def fit(trainer: Trainer, model: GenreClassifier, data: GenreDataModule, ckpt_path: str | None) -> None:
    """Train, from a checkpoint if one is given. Raises UserError if the checkpoint does not fit the model."""
    try:
        with quietly():
            trainer.fit(model, data, ckpt_path=ckpt_path, weights_only=True)
    except KeyboardInterrupt:
        if (last := Path(trainer.default_root_dir, CHECKPOINTS, "last.ckpt")).is_file():
            logger.info("to resume: python train.py ckpt_path='%s'", last.as_posix())
        raise
    except RuntimeError as error:
        if ckpt_path is not None and "state_dict" in str(error):
            raise UserError(f"ckpt_path: {ckpt_path} was written by another model or for other features") from None
        raise
    except ValueError as error:
        if "val_check_interval" in str(error):  # more than an epoch has batches, which the songs decide
            raise UserError(f"trainer.val_check_interval: {str(error).splitlines()[0]}") from None
        raise


def test(trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> float:
    """Score the whole songs of every split with the best checkpoint; returns the monitored figure of its epoch.

    Raises UserError if that is not a number: the training went astray.
    """
    (best,) = (callback for callback in trainer.checkpoint_callbacks if isinstance(callback, BestCheckpoint))
    with quietly():
        if not best.best_model_path:  # training ended before the first validation
            trainer.validate(model, data, verbose=False)
            best.keep(trainer)
        score = math.nan if best.best_model_score is None else float(best.best_model_score)
        if not math.isfinite(score):
            raise UserError(f"{best.monitor} became infinite or NaN; try a lower learning.optimizer.lr")
        data.test_splits = SPLITS
        trainer.test(model, data, ckpt_path=best.best_model_path, weights_only=True, verbose=False)
    leave_group()
    return score


@contextmanager
def quietly() -> Iterator[None]:
    """Keep Lightning's harmless warnings from the user, and let Ctrl-C be Ctrl-C."""
    try:
        with without_harmless_warnings():
            yield
    except SystemExit:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from None
