"""What cannot work is refused in one line, before any song is read."""

import math
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from genre_lightning.command_line.quoting import in_shell, override
from genre_lightning.config import check_number, check_type, check_types
from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.hub.asked import UNNAMED
from genre_lightning.data.sources import fma
from genre_lightning.data.sources.folder import existing_folder
from genre_lightning.devices import check_accelerator
from genre_lightning.errors import UserError
from genre_lightning.runs.folders import CHECKPOINTS, folder_of, holds_run
from genre_lightning.runs.resume import check_checkpoint, check_is_file

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
# The least and the greatest value of settings that would fail late, or not at all and tell nothing.
WHOLE_NUMBERS = {
    "seed": (0, 2**32 - 1),
    "trainer.max_epochs": (1, math.inf),
    "loader.batch_size": (2, 2**16),  # batch normalisation needs two windows
    "loader.num_workers": (0, 64),  # processes, each with a copy of this program
    "report.calibration_draws": (1, 10**6),
}
# The most of what may be null too, or is set for some only.
MANY = {"engine.num_workers": 256, "data.num_workers": 256, "cache.shard_megabytes": 4096, "trainer.num_nodes": 4096}
MOST_DEVICES = 64  # of a machine
NUMBERS = {
    "loader.window_seconds": (1e-3, 3600),
    "loader.overlap": (0, 0.99),
    "learning.label_smoothing": (0, 1),
    "baseline.C": (1e-6, math.inf),
}
# The sources of songs that want a folder to be there; others make theirs.
WANT_FOLDER = tuple(f"genre_lightning.data.sources.{name}.{name}" for name in ("folder", "gtzan", "fma"))
# Arguments of the Trainer that train.py sets itself, or that a run cannot do with, and what to do instead.
REFUSED = {
    "logger": "choose loggers with logger=csv, logger=[tensorboard,csv] or logger=[]",
    "callbacks": "add callbacks with +callbacks.NAME._target_=...",
    "default_root_dir": "choose the run's folder with hydra.run.dir=DIR",
    "limit_test_batches": "the report is about all songs of a split",
    "barebones": "a run needs its checkpoints and figures",
}
# Arguments of the Trainer that must keep these values, and why.
NEEDED = {
    "enable_checkpointing": ((None, True), "a run goes on from its last checkpoint"),
    "overfit_batches": ((None, 0), "windows are random in training; use trainer.limit_train_batches"),
    "use_distributed_sampler": ((False,), "the data module shares the songs out itself"),
}


def check(cfg: DictConfig) -> None:
    """Raise UserError for settings that cannot work, before any work is done."""
    check_values(cfg)
    check_callbacks(cfg.callbacks)
    check_types(cfg)
    check_accelerator(cfg.trainer.accelerator)
    if cfg.ckpt_path is not None:
        check_checkpoint(cfg.ckpt_path)
    check_network(cfg)


def check_values(cfg: DictConfig) -> None:
    """Raise UserError for settings that cannot work, as far as it is seen without loading a library for seconds."""
    check_songs(cfg.data)
    if cfg.ckpt_path is not None:
        check_is_file(cfg.ckpt_path)
    check_numbers(cfg)
    check_type("learning.class_weights", cfg.learning.class_weights, bool)
    check_balance(cfg)
    if cfg.refit is not None:
        check_type("refit", cfg.refit, bool)
    check_trainer(cfg.trainer)
    check_cross_validation(cfg)
    check_types(cfg.split, "split")
    instantiate(cfg.split)(Catalogue([]))  # validates the method and the fractions, also without songs


def check_numbers(cfg: DictConfig) -> None:
    """Raise UserError for a number that is too small or too large to be meant."""
    for key, limits in WHOLE_NUMBERS.items():
        check_number(cfg, key, *limits)
    for key, limits in NUMBERS.items():
        check_number(cfg, key, *limits, whole=False)
    if cfg.loader.windows_per_song not in (None, "all"):
        check_number(cfg, "loader.windows_per_song", 1)
    for key, highest in MANY.items():
        if OmegaConf.select(cfg, key) is not None:
            check_number(cfg, key, 1, highest)


def check_songs(data: DictConfig) -> None:
    """Raise UserError if nobody has said where the songs are, or there is no such folder."""
    if OmegaConf.is_missing(data, "name") or data.get("name", "given") in (None, ""):
        raise UserError(UNNAMED)
    if OmegaConf.is_missing(data, "root") or not data.root:
        raise UserError("data.root: is not set; add data.root=SONGS, the folder that holds the songs")
    if data._target_ not in WANT_FOLDER:
        return
    roots = [data.root] if isinstance(data.root, str) else data.root
    for root in roots:
        several = root.split(",")
        if len(several) > 1 and not Path(root).is_dir() and all(Path(one).is_dir() for one in several):
            texts = f"{override('data.root', several)}; for a run with each, -m {in_shell(f'data.root={root}')}"
            raise UserError(f"data.root: there is no folder {root}; for the songs of all, type {texts}")
        existing_folder(root)
        if data._target_.endswith(".fma"):
            fma.find(root, data.get("subset", "small"))


def check_cross_validation(cfg: DictConfig) -> None:
    """Raise UserError for a number of folds that is none, and for settings of a split that goes with no folds."""
    check_number(cfg, "repeats", 1, 1000)
    if cfg.folds is None:
        if cfg.repeats > 1:
            raise UserError("repeats: is for cross-validation; add folds=5")
        return
    check_number(cfg, "folds", 2, 1000)
    if cfg.split.method == "published":
        raise UserError("folds: every song is tested once, whatever its published split is; leave split.method at auto")
    for key, unset in (("train_songs_per_genre", None), ("train_artists_per_genre", None), ("draw", 0)):
        if cfg.split[key] != unset:
            raise UserError(f"split.{key}: folds use all songs; leave it out, or the folds")


def check_balance(cfg: DictConfig) -> None:
    """Raise UserError if unequal numbers of songs would be made up for twice, which favours the rare genres."""
    if cfg.loader.balanced and cfg.learning.class_weights:
        raise UserError(
            "loader.balanced: it and learning.class_weights both make up for unequal numbers of songs, together twice; "
            "leave one at false"
        )


def check_trainer(trainer: DictConfig) -> None:
    """Raise UserError for a switch of Lightning's Trainer with which there would be no run to read back."""
    if str(trainer.precision) not in PRECISIONS:
        raise UserError(f"trainer.precision: {trainer.precision} is not one of {', '.join(PRECISIONS)}")
    devices = str(trainer.devices)
    if devices.isdigit() and int(devices[:9]) > MOST_DEVICES:
        raise UserError(
            f"trainer.devices must be at most {MOST_DEVICES}, each of which is a process, not {devices[:9]}"
        )
    for key, instead in REFUSED.items():
        if key in trainer:
            raise UserError(f"trainer.{key} cannot be set; {instead}")
    for key, (values, reason) in NEEDED.items():
        if trainer.get(key, values[0]) not in values:
            raise UserError(f"trainer.{key}={trainer[key]} cannot be used: {reason}")


def check_callbacks(callbacks: DictConfig | None) -> None:
    """Raise UserError if a callback watches a figure of validation that does not exist."""
    from genre_lightning.metrics import FIGURES

    monitors = [f"val/{figure}" for figure in FIGURES]
    for name, callback in (callbacks or {}).items():
        monitor = None if callback is None else callback.get("monitor")
        if monitor is not None and monitor not in monitors:
            raise UserError(f"callbacks.{name}.monitor must be one of {', '.join(monitors)}, not {monitor!r}")


def check_network(cfg: DictConfig) -> None:
    """Build the augmentations, a network and its optimizer; Hydra's error or UserError says where that fails."""
    from genre_lightning.models.base import GenreClassifier

    features = instantiate(cfg.features)
    for augment in filter(None, instantiate(cfg.augment or {}).values()):
        augment(features)
    shape: dict[str, Any] = {
        "n_features": features.n_features,
        "n_frames": features.frames_in(cfg.loader.window_seconds),
    }
    model = instantiate(cfg.model, **shape, n_genres=2)
    if not isinstance(model, GenreClassifier):
        raise UserError(
            f"model: {type(model).__name__} does not subclass genre_lightning.models.base.GenreClassifier; do so, or "
            "train it with GenreDataModule and a Trainer of your own"
        )
    check_trained(cfg) if model.automatic_optimization else check_solved(cfg)
    model.build_schedule(model.build_optimizer(), total_steps=100)


def check_trained(cfg: DictConfig) -> None:
    """Raise UserError for settings that go with a head that is solved, if the network is trained instead."""
    if cfg.loader.windows_per_song == "all":
        raise UserError("loader.windows_per_song: all is for model=linear; a network needs a number, or null")


def check_solved(cfg: DictConfig) -> None:
    """Raise UserError for settings that go with training, if the head is solved instead."""
    solved = "the head of model=linear is solved, not trained"
    for name, callback in (cfg.callbacks or {}).items():
        if callback is not None and str(callback._target_).endswith("WeightAveraging"):
            raise UserError(f"callbacks.{name}: {solved}; leave it out")
    if cfg.loader.windows_per_song != "all":
        raise UserError(f"loader.windows_per_song: {solved}, on all windows; leave it at all")
    for name, harmless in (("gradient_clip_val", None), ("accumulate_grad_batches", 1)):
        if cfg.trainer.get(name, harmless) not in (None, harmless):
            raise UserError(f"trainer.{name}: {solved}; leave it out")


def check_folder(ckpt_path: str | None, folder: Path) -> None:
    """Raise UserError if a new run would be written over another one."""
    if holds_run(folder) and folder_of(ckpt_path) is None:
        last = (folder / CHECKPOINTS / "last.ckpt").as_posix()
        raise UserError(
            f"{folder} already contains a run; choose another hydra.run.dir, or resume it with "
            f"{override('ckpt_path', last)}"
        )
