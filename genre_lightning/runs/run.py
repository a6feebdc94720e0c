"""What lies where in a run's folder, and the finished run read back.

.hydra/config.yaml, checkpoints/best.ckpt and last.ckpt, manifest.csv (the songs and their sides), metrics.json,
report.md, pictures, TensorBoard's events.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.errors import UserError, explain_import
from genre_lightning.runs.folders import CHECKPOINTS, SETTINGS

if TYPE_CHECKING:
    from genre_lightning.data.cache import FeatureCache
    from genre_lightning.data.catalogue import Catalogue
    from genre_lightning.data.spec import Spec
    from genre_lightning.features.mel import Features
    from genre_lightning.models.base import GenreClassifier

CONFIG = Path(SETTINGS, "config.yaml")
BEST = Path(CHECKPOINTS, "best.ckpt")
METRICS = "metrics.json"


def finished_runs(*places: Path) -> list[Path]:
    """The folders of the finished runs in some folders or below them, the one that was finished last at the end."""
    reported = {path for place in places for path in place.rglob(METRICS)}
    return [path.parent for path in sorted(reported, key=lambda path: path.stat().st_mtime)]


def latest_run(logs: Path) -> Path:
    """The folder of the run below `logs` that was finished last. Raises UserError where there is none."""
    if not (runs := finished_runs(logs)):
        raise UserError(f"there is no finished run in {logs}; train one first, or name a run's folder")
    return runs[-1]


@dataclass(frozen=True)
class Run:
    """A finished run's folder, and what is in it. All properties raise UserError for what is missing or damaged.

    `cache_root` is where features are kept; None: where the run kept them.
    """

    folder: Path
    cache_root: str | None = None

    @cached_property
    def config(self) -> DictConfig:
        """The settings it was trained with."""
        if not (self.folder / CONFIG).is_file() or not (self.folder / BEST).is_file():
            raise UserError(f"{self.folder} is not a finished run: it has no {CONFIG.as_posix()} or {BEST.as_posix()}")
        return read_settings(self.folder)

    @cached_property
    def features(self) -> Features:
        """What turns sound into what the model reads."""
        from genre_lightning.features.mel import Features

        kind = own_class(self.config.features, Features)
        try:
            return kind(**{name: value for name, value in self.config.features.items() if name != "_target_"})
        except (TypeError, ValueError):
            raise UserError(f"{self.folder / CONFIG} fits another version of this program; train again") from None

    @cached_property
    def catalogue(self) -> Catalogue:
        """The songs that took part, with their sides."""
        from genre_lightning.data.catalogue import MANIFEST, read_manifest

        if not (self.folder / MANIFEST).is_file():
            raise UserError(f"{self.folder} is not a finished run: it has no {MANIFEST}")
        return read_manifest(self.folder / MANIFEST)

    @property
    def genres(self) -> list[str]:
        """What the model tells apart: a genre's place is its index in the logits."""
        return self.catalogue.genres

    @cached_property
    def spec(self) -> Spec:
        """What has to be known beside the weights to judge a song as validation did."""
        from genre_lightning.data.spec import Spec

        dtype, overlap = self.config.cache.get("dtype"), self.config.loader.get("overlap")
        features, hparams = self.features, self.model.hparams
        try:  # windows are those of the model: where songs are short, they are shorter than the configuration says
            return Spec(features, dtype, features.seconds_of(hparams["n_frames"]), overlap, self.genres)
        except (KeyError, TypeError, ValueError):
            raise UserError(f"{self.folder / CONFIG} fits another version of this program; train again") from None

    @cached_property
    def cache(self) -> FeatureCache:
        """Where the features of its songs are kept."""
        from genre_lightning.data.cache import FeatureCache

        settings: Any = {name: value for name, value in self.config.cache.items() if name != "_target_"}
        settings["root"] = self.cache_root or self.started_in / settings["root"]
        return FeatureCache(features=self.features, **settings)

    @property
    def started_in(self) -> Path:
        """The folder it was started in, which its paths are relative to; here if that is not known or gone."""
        path = self.folder / SETTINGS / "hydra.yaml"
        try:
            folder = Path(OmegaConf.load(path).hydra.runtime.cwd)
            return folder if folder.is_dir() else Path()
        except Exception:  # as read_settings; runs made in other ways have no such file, and some folders are private
            return Path()

    @cached_property
    def model(self) -> GenreClassifier:
        """The network with the weights that did best on the validation split, in evaluation mode on the CPU."""
        import torch

        from genre_lightning.models.base import GenreClassifier

        kind = own_class(self.config.model, GenreClassifier)
        checkpoint = read_checkpoint(self.folder / BEST)
        try:
            model = kind(**checkpoint["hyper_parameters"])
            model.load_state_dict(checkpoint["state_dict"])
        except (TypeError, RuntimeError):
            raise UserError(f"{self.folder / BEST} fits another version of this program; train again") from None
        return model.to(memory_format=torch.channels_last).eval()  # convolutions are 1.6 times as fast on a CPU

    @cached_property
    def fingerprint(self) -> str:
        """What only this model's checkpoint has: a hash of it."""
        return hashlib.sha256((self.folder / BEST).read_bytes()).hexdigest()[:16]


def read_settings(folder: Path) -> DictConfig:
    """The settings in a run's folder. Raises UserError where they are damaged."""
    try:
        config = OmegaConf.load(folder / CONFIG)
        assert isinstance(config, DictConfig) and {"model", "features", "cache", "loader"} <= config.keys()
    except Exception:  # a damaged file fails in as many ways as YAML and OmegaConf know
        raise UserError(f"{folder / CONFIG} is damaged, or was not written by this program") from None
    return config


def own_class(config: DictConfig, base: type) -> type:
    """The class that `config` names: one of this project's, so that a run from elsewhere cannot run code of its own.

    Raises UserError for any other.
    """
    from hydra.utils import get_class

    try:
        kind = get_class(config._target_) if str(config._target_).startswith("genre_lightning.") else None
    except Exception as error:  # Hydra raises whatever the import raises
        if explain_import(error) is not None:
            raise
        kind = None
    if kind is None or not issubclass(kind, base):
        raise UserError(f"{config.get('_target_')} is no {base.__name__} of this project; the run cannot be read")
    return kind


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What is in a checkpoint: plain values only, nothing in it is run.

    Raises UserError where it is damaged or not this program's.
    """
    import torch

    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        assert {"state_dict", "hyper_parameters"} <= checkpoint.keys()
    except Exception:  # what torch raises depends on where the file is damaged
        raise UserError(f"{path} is not a checkpoint of this program, or is damaged") from None
    return checkpoint
