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
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, open_dict

from genre_lightning.data.catalogue import MANIFEST, write_manifest
from genre_lightning.data.datamodule import LEARNT_FROM, GenreDataModule
from genre_lightning.devices import leave_group, without_harmless_warnings
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.metrics import ScoredSongs, at_temperature, fit_temperature, song_metrics
from genre_lightning.models.base import GenreClassifier
from genre_lightning.models.summary import describe
from genre_lightning.runs.folders import CHECKPOINTS, write_log
from genre_lightning.runs.resume import check_same_songs, is_of_refit, is_over
from genre_lightning.runs.run import MODEL, read_checkpoint
from genre_lightning.train.callbacks import History, build_callbacks
from genre_lightning.train.checks import check, check_folder
from genre_lightning.train.evaluation import write_report
from genre_lightning.train.tensorboard import show_model

logger = logging.getLogger(__name__)
FIRST_FIT = "first_fit.ckpt"


def train(cfg: DictConfig, folder: Path) -> float:
    """Do a whole run in `folder`: cache features, train, learn anew from train and validation, test, report.

    Returns the loss on the validation split at the end of the first fit. Raises UserError for what the user can mend.
    """
    check(cfg)
    seed_everything(cfg.seed, workers=True, verbose=False)
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


def finite_loss(scored: ScoredSongs, name: str) -> float:
    """The log-loss of songs. Raises UserError if it is no number: the training went astray."""
    if not math.isfinite(loss := song_metrics(scored)["loss"]):
        raise UserError(f"{name} became infinite or NaN; try a lower learning.optimizer.lr")
    return loss


def build_loggers(cfg: DictConfig, folder: Path) -> list[Logger]:
    """The configured loggers, and the one that every run has; both fits of a run share them."""
    chosen = filter(None, instantiate(cfg.logger).values())  # one that is null is switched off
    return [History(folder), *(one(save_dir=str(folder)) if isinstance(one, partial) else one for one in chosen)]


def build_trainer(cfg: DictConfig, folder: Path, loggers: list[Logger]) -> Trainer:
    """The Trainer with its callbacks."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # our own log says it already
    return instantiate(cfg.trainer, callbacks=build_callbacks(cfg), logger=loggers, default_root_dir=str(folder))


def load_data(cfg: DictConfig, trainer: Trainer, folder: Path) -> GenreDataModule:
    """The songs, their features computed by the first process, ready to be served."""
    data: GenreDataModule = instantiate(cfg.loader)
    if trainer.is_global_zero:
        logger.info("the run's folder: %s", folder)
        check_folder(cfg.ckpt_path, folder)
        data.prepare_data()
    data.setup()
    data.watch_training()
    check_same_songs(cfg.ckpt_path, data.selection.catalogue)
    write_log()
    return data


def build_model(cfg: DictConfig, data: GenreDataModule) -> GenreClassifier:
    """The configured network for windows of this data, with the statistics of the songs that it is to learn from."""
    torch.manual_seed(cfg.seed)  # computing features may have used random numbers
    shape: Any = {"n_features": data.n_features, "n_frames": data.n_frames, "n_genres": len(data.genres)}
    model: GenreClassifier = instantiate(cfg.model, **shape)
    model.prepare(data.statistics())
    return model.to(memory_format=torch.channels_last)  # convolutions are 1.6 times as fast on a CPU


@rank_zero_only
def introduce(trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> None:
    """Write down what is going to be trained on what, before it begins."""
    description = describe(model, data.window_shape)
    logger.info(description)
    write_manifest(data.selection.catalogue, Path(trainer.default_root_dir, MANIFEST))
    show_model(trainer, description)


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


def another_model(path: str | Path) -> UserError:
    """What to raise for a checkpoint that does not fit."""
    return UserError(f"ckpt_path: {path} was written by another model or for other features")


def refit(cfg: DictConfig, first: Trainer, data: GenreDataModule) -> tuple[Trainer, GenreClassifier]:
    """Start again from the seed, and learn from train and validation for as many steps as the first fit took.

    The curves are logged under refit/.
    """
    data.learn_from("train", "val")
    if first.is_global_zero:
        logger.info("learning anew from train and validation, %d songs", len(data.datasets[LEARNT_FROM]))
    folder = Path(first.default_root_dir)
    kept = read_checkpoint(folder / CHECKPOINTS / FIRST_FIT)
    cfg_refit = unwatched(cfg, kept["global_step"], kept["epoch"])
    trainer, model = build_trainer(cfg_refit, folder, first.loggers), build_model(cfg, data)
    model.phase = "refit"
    fit(trainer, model, data, cfg.ckpt_path if is_of_refit(cfg.ckpt_path) else None)
    return trainer, model


def unwatched(cfg: DictConfig, steps: int, epochs: int) -> DictConfig:
    """The settings for so many steps in so many epochs, without callbacks that watch validation: there is none."""
    cfg = cfg.copy()
    with open_dict(cfg):
        cfg.trainer.update(max_epochs=max(1, epochs), max_time=None)
        if steps and epochs and steps % epochs == 0:
            batches = steps // epochs * cfg.trainer.get("accumulate_grad_batches", 1)
            cfg.trainer.update(limit_train_batches=batches)
        elif steps:  # none are counted of a head that is solved; a run resumed from max_steps is not the same
            cfg.trainer.update(max_steps=steps, max_epochs=epochs + 1)
        for name, callback in (cfg.callbacks or {}).items():
            if callback is not None and "monitor" in callback:
                cfg.callbacks[name] = None
    return cfg


def fit(trainer: Trainer, model: GenreClassifier, data: GenreDataModule, ckpt_path: str | None) -> None:
    """Train, from a checkpoint if one is given. Raises UserError if the checkpoint does not fit the model."""
    model.to(trainer.strategy.root_device)  # averages of weights are kept where these are before the Trainer moves them
    begun = None if ckpt_path is None else read_checkpoint(Path(ckpt_path))
    try:
        with quietly():
            trainer.fit(model, data, ckpt_path=ckpt_path, weights_only=True)
    except KeyboardInterrupt:
        if (last := Path(trainer.default_root_dir, CHECKPOINTS, "last.ckpt")).is_file():
            logger.info("to resume: python train.py ckpt_path='%s'", last.as_posix())
        raise
    except RuntimeError as error:
        if ckpt_path is not None and "state_dict" in str(error):
            raise another_model(ckpt_path) from None
        raise
    except ValueError as error:
        if "val_check_interval" in str(error):  # more than an epoch has batches, which the songs decide
            raise UserError(f"trainer.val_check_interval: {str(error).splitlines()[0]}") from None
        raise
    if begun is not None and begun["global_step"] == trainer.global_step:
        model.load_state_dict(begun["state_dict"])  # nothing was left to do: the Trainer has restored raw weights


def score(trainer: Trainer, model: GenreClassifier, data: GenreDataModule, *splits: str) -> dict[str, ScoredSongs]:
    """Score the whole songs of splits with the model as it is: a checkpoint would bring back weights not averaged."""
    data.test_splits = splits
    with quietly():
        trainer.test(model, data, verbose=False)
    return {split: model.tested[split] for split in splits}


def finish(
    cfg: DictConfig, trainer: Trainer, model: GenreClassifier, data: GenreDataModule, first: dict[str, ScoredSongs]
) -> None:  # fmt: skip
    """Calibrate the model on val, keep it, test it, and report; the `first` fit has scored train and val."""
    temperature = fit_temperature(first["val"], data.artist_groups("val"))
    model.calibrate(temperature)
    trainer.save_checkpoint(Path(trainer.default_root_dir, MODEL), weights_only=True)
    scored = score(trainer, model, data, LEARNT_FROM, "test")
    finite_loss(scored["test"], "the loss")
    leave_group()
    first = {split: at_temperature(songs, temperature) for split, songs in first.items()}
    write_report(cfg, trainer, model, data, scored | first)


@contextmanager
def quietly() -> Iterator[None]:
    """Keep Lightning's harmless warnings from the user, and let Ctrl-C be Ctrl-C."""
    try:
        with without_harmless_warnings():
            yield
    except SystemExit:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from None
