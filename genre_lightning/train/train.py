"""train(cfg): from a configuration to a trained model and its report."""

import logging
import math
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint
from omegaconf import DictConfig, OmegaConf

from genre_lightning.config import check_number, check_type, check_types
from genre_lightning.data.catalogue import MANIFEST, Catalogue, read_manifest, write_manifest
from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.selection import Selection, select_songs
from genre_lightning.devices import check_accelerator, keep_freed_memory, leave_group, without_harmless_warnings
from genre_lightning.errors import UserError
from genre_lightning.metrics import FIGURES
from genre_lightning.models.base import GenreClassifier
from genre_lightning.models.summary import layers, multiply_adds, parameters
from genre_lightning.runs.folders import CHECKPOINTS, holds_run
from genre_lightning.runs.run import read_checkpoint
from genre_lightning.text import table
from genre_lightning.train.evaluation import best_checkpoint, evaluate
from genre_lightning.train.tensorboard import board_of, open_board, show_model

logger = logging.getLogger(__name__)
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
# The least and the greatest value of settings that would fail late, or not at all and tell nothing.
WHOLE_NUMBERS = {
    "seed": (0, 2**32 - 1),
    "trainer.max_epochs": (1, math.inf),
    "loader.batch_size": (2, math.inf),  # networks compare its windows
    "loader.num_workers": (0, math.inf),
    "report.bootstrap_samples": (1, math.inf),
}
NUMBERS = {
    "loader.window_seconds": (1e-3, math.inf),
    "loader.overlap": (0, 0.99),
    "learning.label_smoothing": (0, 1),
    "baseline.regularisation": (1e-6, math.inf),
}
MONITORS = [f"val/{figure}" for figure in FIGURES]


def train(cfg: DictConfig, folder: Path) -> float:
    """Do a whole run in `folder`: cache features, train, test the best checkpoint once, write the report.

    Returns the best value of the monitored figure on the validation split. Raises UserError for what the user can mend.
    """
    check(cfg)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # what it has to tell, the run's log tells
    seed_everything(cfg.seed, workers=True, verbose=False)
    trainer = build_trainer(cfg, folder)
    if trainer.is_global_zero:
        logger.info("the run's folder: %s", folder)
        check_folder(cfg.ckpt_path, folder)
    selection, data = build_data(cfg)
    if cfg.ckpt_path is not None:
        check_same_songs(cfg.ckpt_path, selection)
    model = build_model(cfg, data)
    if trainer.is_global_zero:
        introduce(folder, trainer, model, selection, data)
    fit(trainer, model, data, cfg.ckpt_path)
    leave_group()
    best = best_score(trainer)
    if trainer.is_global_zero:
        evaluate(cfg, folder, trainer, model, data, selection)
    return best


def check(cfg: DictConfig) -> None:
    """Raise UserError for settings that cannot work, before any work is done."""
    check_types(cfg)
    for key, monitor in (("checkpoint", cfg.checkpoint.monitor), ("early_stopping", cfg.early_stopping.monitor)):
        if monitor not in MONITORS:
            raise UserError(f"{key}.monitor: {monitor!r} is none of {', '.join(MONITORS)}")
    for key, limits in WHOLE_NUMBERS.items():
        check_number(cfg, key, *limits)
    for key, limits in NUMBERS.items():
        check_number(cfg, key, *limits, whole=False)
    if cfg.loader.windows_per_song is not None:
        check_number(cfg, "loader.windows_per_song", 1)
    check_type("learning.class_weights", cfg.learning.class_weights, bool)
    if str(cfg.trainer.precision) not in PRECISIONS:
        raise UserError(f"trainer.precision: {cfg.trainer.precision} is none of {', '.join(PRECISIONS)}")
    if cfg.ckpt_path is not None:
        check_checkpoint(cfg.ckpt_path)
    instantiate(cfg.split, _partial_=True)(Catalogue([]))  # which takes fractions and methods to task all the same
    check_network(cfg)


def check_network(cfg: DictConfig) -> None:
    """Build a network and its optimizer before any song is read; Hydra's error or UserError says where that fails."""
    features = instantiate(cfg.features)
    n_frames = features.frames_in(cfg.loader.window_seconds)
    network(cfg, n_features=features.n_features, n_frames=n_frames, n_genres=2).build_optimizer()


def check_folder(ckpt_path: str | None, folder: Path) -> None:
    """Raise UserError where a new run would be written over another one."""
    if ckpt_path is None and holds_run(folder):
        last = (folder / CHECKPOINTS / "last.ckpt").as_posix()
        raise UserError(f"{folder} holds a run already; name another hydra.run.dir, or go on with ckpt_path={last}")


def check_checkpoint(path: str) -> None:
    """Raise UserError unless there is a checkpoint of plain values at `path`."""
    if not Path(path).is_file():
        raise UserError(f"ckpt_path: there is no file {path}")
    try:
        read_checkpoint(Path(path))
    except UserError as error:
        raise UserError(f"ckpt_path: {error}") from None


def check_same_songs(ckpt_path: str, selection: Selection) -> None:
    """Raise UserError where a run to be resumed was trained on other songs, or on songs that are now tested."""
    before = Path(ckpt_path).parent.parent / MANIFEST
    if before.is_file() and sides(read_manifest(before)) != sides(selection.catalogue):
        raise UserError(
            f"ckpt_path: the run of {before} had other songs or another split; "
            "repeat its settings with the songs as they were, or start a new run"
        )


def sides(catalogue: Catalogue) -> set[tuple[str, str, str]]:
    """Each song's file, genre and side."""
    return {(str(track.path.absolute()), track.genre, track.split) for track in catalogue}


def build_data(cfg: DictConfig) -> tuple[Selection, GenreDataModule]:
    """The songs that take part, and the module that serves them."""
    features = instantiate(cfg.features)
    cache = instantiate(cfg.cache, _partial_=True)(features=features)
    split = instantiate(cfg.split, _partial_=True)
    augments = [instantiate(augment, _partial_=True)(features) for augment in (cfg.augment or {}).values()]
    selection = select_songs(instantiate(cfg.data), cache, split, cfg.cache_workers)
    return selection, instantiate(cfg.loader, _partial_=True)(selection.catalogue, cache, augments)


def build_model(cfg: DictConfig, data: GenreDataModule) -> GenreClassifier:
    """The configured network for windows of this data, with its training split's statistics."""
    torch.manual_seed(cfg.seed)  # whatever has drawn numbers until now: musicnn's features do when they are new
    n_frames, n_features = data.window_shape
    class_weights = data.class_weights() if cfg.learning.class_weights else None
    model = network(cfg, class_weights, n_features=n_features, n_frames=n_frames, n_genres=len(data.genres))
    model.prepare(*data.statistics())
    return model.to(memory_format=torch.channels_last)  # convolutions are 1.6 times as fast on a CPU


def network(cfg: DictConfig, class_weights: list[float] | None = None, **shapes: int) -> GenreClassifier:
    """The configured network for `n_features`, `n_frames` and `n_genres`, before it knows anything of the songs."""
    learning: Any = OmegaConf.to_container(cfg.learning, resolve=True)
    learning["class_weights"] = class_weights
    if "mixed" in str(cfg.trainer.precision):
        learning["optimizer"].pop("fused", None)  # Lightning cannot clip the gradients of a fused optimizer then
    return instantiate(cfg.model, **shapes, **learning, _recursive_=False, _convert_="all")


def build_trainer(cfg: DictConfig, folder: Path) -> Trainer:
    """The configured Trainer, with checkpoints and TensorBoard's events in the run's folder."""
    callbacks = [
        instantiate(cfg.checkpoint, dirpath=str(folder / CHECKPOINTS), mode=better(cfg.checkpoint.monitor)),
        ModelCheckpoint(str(folder / CHECKPOINTS), "last", enable_version_counter=False),
        instantiate(cfg.early_stopping, mode=better(cfg.early_stopping.monitor)),
        LearningRateMonitor(logging_interval="epoch"),
        SeedEveryEpoch(cfg.seed),
    ]
    check_accelerator(cfg.trainer.accelerator)
    return instantiate(cfg.trainer, logger=open_board(folder), callbacks=callbacks, default_root_dir=str(folder))


def best_score(trainer: Trainer) -> float:
    """The monitored figure of the best epoch. Raises UserError where it is no number: the training went astray."""
    checkpoint = best_checkpoint(trainer)
    if checkpoint.best_model_score is None:
        raise UserError("ckpt_path: that run was moved, and its best epoch is not known here; move it back")
    best = float(checkpoint.best_model_score)
    if not math.isfinite(best):
        raise UserError(f"{checkpoint.monitor} became infinite or no number at all; lower learning.optimizer.lr")
    return best


def better(monitor: str) -> str:
    """Whether less or more of a figure is better: min or max."""
    return "min" if monitor.endswith(("loss", "error")) else "max"


class SeedEveryEpoch(Callback):
    """Ties an epoch's chance to the seed and the epoch's number: a resumed run goes on as if it had never stopped."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        torch.manual_seed(hash((self.seed, trainer.current_epoch, trainer.global_rank)) % 2**63)


def introduce(
    folder: Path, trainer: Trainer, model: GenreClassifier, selection: Selection, data: GenreDataModule
) -> None:
    """Write down what is going to be trained on what, before it begins."""
    window = data.window_shape
    layers_table = table(["layer", "of one window it makes", "parameters"], layers(model, window))
    sizes = f"{parameters(model):,} parameters, {multiply_adds(model, window):,} multiply-adds a window"
    logger.info("%s: %s\n%s", type(model).__name__, sizes, layers_table)
    write_manifest(selection.catalogue, folder / MANIFEST)
    show_model(board_of(trainer), f"{type(model).__name__}: {sizes}\n\n{layers_table}")


def fit(trainer: Trainer, model: GenreClassifier, data: GenreDataModule, ckpt_path: str | None) -> None:
    """Train, from a checkpoint where one is given. Raises UserError where the checkpoint does not fit the model."""
    keep_freed_memory()
    try:
        with without_harmless_warnings():
            trainer.fit(model, data, ckpt_path=ckpt_path, weights_only=True)
    except SystemExit:  # what Lightning makes of Ctrl-C
        if (last := Path(trainer.default_root_dir, CHECKPOINTS, "last.ckpt")).is_file():
            logger.info("to go on: python train.py ckpt_path='%s'", last.as_posix())
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if ckpt_path is not None and "state_dict" in str(error):
            raise UserError(f"ckpt_path: {ckpt_path} was written by another model or for other features") from None
        raise
