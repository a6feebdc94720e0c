"""One fit: what it is done with, the fit itself, and the songs that are scored behind it."""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import Trainer
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, open_dict

from genre_lightning.data.catalogue import MANIFEST, Catalogue, write_manifest
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.splits import listed
from genre_lightning.devices import without_harmless_warnings
from genre_lightning.errors import UserError, reason
from genre_lightning.launched import check_launched, first_says
from genre_lightning.metrics import ScoredSongs, song_metrics
from genre_lightning.models.base import GenreClassifier
from genre_lightning.models.summary import describe
from genre_lightning.runs.checkpoint import read_checkpoint
from genre_lightning.runs.folders import write_log
from genre_lightning.runs.results import METRICS
from genre_lightning.runs.resume import check_same_songs
from genre_lightning.runs.run import MODEL
from genre_lightning.train.callbacks import History, WholeCheckpoints, build_callbacks
from genre_lightning.train.checks import check_folder
from genre_lightning.train.processes import EndTogether
from genre_lightning.train.tensorboard import show_model
from genre_lightning.train.too_large import told_what_to_lower

logger = logging.getLogger(__name__)

# What comes of a checkpoint to go on from whose parts are not what they were.
MISTAKES = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError)


def build_loggers(cfg: DictConfig, folder: Path) -> list[Logger]:
    """The configured loggers, and the one that every run has; both fits of a run share them."""
    chosen = filter(None, instantiate(cfg.logger).values())  # one that is null is switched off
    return [History(folder), *(one(save_dir=str(folder)) if isinstance(one, partial) else one for one in chosen)]


def build_trainer(cfg: DictConfig, folder: Path, loggers: list[Logger]) -> Trainer:
    """The Trainer with its callbacks. Raises UserError if a launcher has started another number of processes."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # our own log says it already
    callbacks = build_callbacks(cfg)
    trainer = instantiate(cfg.trainer, callbacks=callbacks, logger=loggers, default_root_dir=str(folder))
    check_launched(trainer.num_devices, trainer.num_nodes)
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:  # and not one of the user's own
        trainer.strategy.checkpoint_io = WholeCheckpoints()
    EndTogether.watch(trainer)
    return trainer


def unwatched(cfg: DictConfig) -> DictConfig:
    """The settings without callbacks that watch validation: there is none, or it must choose nothing."""
    with open_dict(copied := cfg.copy()):
        for name, callback in (copied.callbacks or {}).items():
            if callback is not None and "monitor" in callback:
                copied.callbacks[name] = None
    return copied


def load_data(
    cfg: DictConfig, trainer: Trainer, folder: Path, split: Callable[[Catalogue], Catalogue] | None = None
) -> GenreDataModule:
    """The songs, divided by `split` or as the settings say, their features computed by the first process."""
    own: dict[str, Any] = {} if split is None else {"split": split}
    data: GenreDataModule = instantiate(cfg.loader, **own)
    first_says("prepared", partial(prepare, cfg, trainer, folder, data))
    data.setup()
    data.watch("val" if "val" in data.datasets else data.selection.catalogue.splits[0])
    check_same_songs(cfg.ckpt_path, listed(data.selection.catalogue))
    write_log()
    return data


def prepare(cfg: DictConfig, trainer: Trainer, folder: Path, data: GenreDataModule) -> str:
    """What one process does before all have their data: it computes the features that are missing."""
    if trainer.is_global_zero:
        logger.info("the run's folder: %s", folder)
        check_folder(cfg.ckpt_path, folder)
        data.prepare_data()
    return "the features are computed"


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
    write_manifest(listed(data.selection.catalogue), Path(trainer.default_root_dir, MANIFEST))
    show_model(trainer, description)


def fit(trainer: Trainer, model: GenreClassifier, data: GenreDataModule, ckpt_path: str | None) -> None:
    """Train, from a checkpoint if one is given. Raises UserError if the checkpoint does not fit the model."""
    model.to(trainer.strategy.root_device)  # averages of weights are kept where these are before the Trainer moves them
    begun = None if ckpt_path is None else read_checkpoint(Path(ckpt_path))
    try:
        with quietly(), told_what_to_lower(data, trainer.strategy.root_device):
            trainer.fit(model, data, ckpt_path=ckpt_path, weights_only=True)
    except MISTAKES as error:
        if "val_check_interval" in str(error):  # more than an epoch has batches, which the songs decide
            raise UserError(f"trainer.val_check_interval: {str(error).splitlines()[0]}") from None
        if ckpt_path is None or len(model.trained) > 1:
            raise
        if "state_dict" in str(error):
            raise another_model(ckpt_path) from None
        raise UserError(f"ckpt_path: {ckpt_path} is damaged, no run can go on from it ({reason(error)})") from error
    if begun is not None and begun["global_step"] == trainer.global_step:
        model.load_state_dict(begun["state_dict"])  # nothing was left to do: the Trainer has restored raw weights


def another_model(path: str | Path) -> UserError:
    """What to raise for a checkpoint that does not fit."""
    return UserError(f"ckpt_path: {path} was written by another model or for other features")


def keep(trainer: Trainer, model: GenreClassifier, temperature: float) -> None:
    """Calibrate a model that has learnt all it is to learn, and keep it; the run is finished when it is tested too."""
    model.calibrate(temperature)
    if trainer.is_global_zero:
        Path(trainer.default_root_dir, METRICS).unlink(missing_ok=True)  # of the model before, if there is one
    trainer.save_checkpoint(Path(trainer.default_root_dir, MODEL), weights_only=True)


def score(trainer: Trainer, model: GenreClassifier, data: GenreDataModule, *splits: str) -> dict[str, ScoredSongs]:
    """Score the whole songs of splits with the model as it is: a checkpoint would bring back weights not averaged."""
    data.test_splits = splits
    with quietly(), told_what_to_lower(data, trainer.strategy.root_device):
        trainer.test(model, data, verbose=False)
    return {split: model.tested[split] for split in splits}


def finite_loss(scored: ScoredSongs, name: str) -> float:
    """The log-loss of songs. Raises UserError if it is no number: the training went astray."""
    if not math.isfinite(loss := song_metrics(scored)["loss"]):
        raise UserError(f"{name} became infinite or NaN; try a lower learning.optimizer.lr")
    return loss


@contextmanager
def quietly() -> Iterator[None]:
    """Keep Lightning's harmless warnings from the user, and let Ctrl-C be Ctrl-C."""
    try:
        with without_harmless_warnings():
            yield
    except SystemExit:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from None
