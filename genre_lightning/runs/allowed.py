"""What the settings of a run may name that is gone on with: somebody else may have written them, to run code here.

They name the classes and functions that are called, with what; all that is not known to be harmless is refused before
anything is imported.
"""

import os
import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.config import check_types, find_class, shown
from genre_lightning.errors import UserError
from genre_lightning.runs.checkpoint import MOST_LAYERS, lists
from genre_lightning.runs.folders import CHECKPOINTS
from genre_lightning.runs.foreign import as_they_are_used, damaged, looked_up, nodes

# What may be called by the settings that match a key, and whether Hydra only prepares the call (`_partial_`).
OURS = r"genre_lightning\."
ALLOWED = {
    r"(loader\.source|data)": (rf"{OURS}data\.sources\.(\w+)\.\1", True),
    r"(loader\.)?features": (rf"{OURS}features\.\w+\.[A-Z]\w*", False),
    r"(loader\.)?augment\.\w+": (rf"{OURS}data\.augment\.[A-Z]\w*", True),
    r"(loader\.)?split": (rf"{OURS}data\.splits\.split_catalogue", True),
    r"(loader\.)?cache": (rf"{OURS}data\.cache\.FeatureCache", True),
    r"loader": (rf"{OURS}data\.datamodule\.GenreDataModule", False),
    r"model": (rf"{OURS}models\.\w+\.[A-Z]\w*", False),
    r"(model|learning)\.optimizer": (r"torch\.optim\.[A-Z]\w*", False),
    r"(model|learning)\.schedule": (r"torch\.optim\.lr_scheduler\.[A-Z]\w*", False),
    r"trainer": (r"lightning\.(pytorch\.)?Trainer", False),
    # None that keeps checkpoints: those that it removes later are named in the checkpoint that is gone on from.
    r"callbacks\.\w+": (r"lightning\.pytorch\.callbacks\.(?!\w*Checkpoint)[A-Z]\w*", False),
    r"logger\.\w+": (rf"{OURS}train\.tensorboard\.Curves|lightning\.pytorch\.loggers\.CSVLogger", True),
}
NEEDED = ("data", "features", "split", "cache", "loader", "model", "trainer", "learning.optimizer")
GROUPS = ("augment", "callbacks", "logger")
# Where a class of Lightning's would write, which is the run's folder if nothing is said.
WRITES = r"(trainer|callbacks|logger)\..*"
NAMES_PLACE = r"(.*_)?(dir|dirpath|path|root|file|filename|folder|url|suffix)"
# The most of what only strains the machine, or waits for others that never come.
MOST = {
    r"loader\.windows_per_song": 10_000,
    r"loader\.batch_size": 4096,
    r"trainer\.num_nodes": 1,
    r"data\.artists_per_genre": 100,  # of which songs are composed
    r"data\.songs_per_artist": 20,
    r"data\.song_seconds": 60,
    r"report\.calibration_draws": 100_000,
    r"learning\.optimizer\.\w+": 1000,  # such as the steps within a step of LBFGS
    r"callbacks\.\w+\.\w+": 1000,  # such as the trials of BatchSizeFinder
}
IS_PLACE = r"\s*([/~\\]|\w:[/\\])|.*(\.\.|://|\\)"


def check_allowed(config: DictConfig, command: DictConfig, path: Path) -> None:
    """Raise UserError unless settings, read from `path`, call only what is ALLOWED, with values of the declared types.

    They may stand for one another, but for nothing that is looked up on this machine, such as `${oc.env:HOME}`. What
    the user's own `command` sets in the same way is theirs, and not asked about.
    """
    found, own = everything(config), everything(command)
    calling = {key for key, node in found.items() if isinstance(node, dict) and "_target_" in node}
    if not {*NEEDED} <= calling or not all(isinstance(found.get(group), dict) for group in GROUPS):
        raise damaged(path)
    others = {key: node for key, node in found.items() if key not in own or own[key] != node}
    for key, node in others.items():
        if looked_up(node):
            raise refused(path, key, node, "would be looked up on this machine")
        check_strain(path, key, node)
        check_call(path, key, node)
        check_place(path, key, node)
    check_classes(others)
    check_types(config)
    check_network(config, path)


def everything(config: DictConfig) -> dict[str, Any]:
    """All settings at every depth as they are used, by their full keys; nothing if there is no end to them."""
    plain: Any = OmegaConf.to_container(config)
    try:
        return dict(nodes(as_they_are_used(plain)))
    except ValueError:
        return {}


def check_call(path: Path, key: str, node: Any) -> None:
    """Raise UserError for what calls something that it may not call, or in a way that our own settings never do."""
    called, is_partial = next((how for known, how in ALLOWED.items() if re.fullmatch(known, key)), ("", False))
    of_hydra = {name: node[name] for name in node if re.match("_.*_$", str(name))} if isinstance(node, dict) else {}
    target = of_hydra.pop("_target_", None)
    if target is not None and not (isinstance(target, str) and re.fullmatch(called, target)):
        raise refused(path, key, target, "may not be called by a run from elsewhere")
    if called and target is None and node is not None:
        raise refused(path, key, node, "is nothing that can be called")
    how = {"_partial_": True} if is_partial and called else {"_recursive_": False} if key == "model" else {}
    of_hydra.pop("_convert_", None)
    how = how if target is not None else {}
    for name in sorted(of_hydra.keys() | how.keys()):
        if of_hydra.get(name) != how.get(name):
            raise refused(path, key, name, "is not how this program calls it")


def check_place(path: Path, key: str, value: Any) -> None:
    """Raise UserError if a class of Lightning's is told where to write."""
    if re.fullmatch(WRITES, key) and not isinstance(value, dict | list | None):
        name = key.rpartition(".")[2]
        if re.fullmatch(NAMES_PLACE, name) or (isinstance(value, str) and re.match(IS_PLACE, value)):
            raise refused(path, key, value, "may lead out of the run's folder")


def check_strain(path: Path, key: str, value: Any) -> None:
    """Raise UserError for a number that only strains the machine."""
    most = next((most for known, most in MOST.items() if re.fullmatch(known, key)), None)
    if most is not None and isinstance(value, int | float) and not abs(value) <= most:
        told = f"is more than the {most} that a run from elsewhere may ask for; if you trust that run, add trust=true"
        raise UserError(f"{path}: {key} {told}")


def check_network(config: DictConfig, path: Path) -> None:
    """Raise UserError for a network that is larger than each checkpoint of its run, or has layers without end.

    Its size is found out without memory, by tensors that have a shape and no values.
    """
    import torch
    from hydra.utils import instantiate

    settings: Any = OmegaConf.to_container(config.model, resolve=True)
    shape = {"n_features": instantiate(config.features).n_features, "n_frames": 1, "n_genres": 2}  # about
    kept = [one.stat().st_size for one in (path.parent.parent / CHECKPOINTS).glob("*.ckpt")]
    if all(len(one) <= MOST_LAYERS for one in lists(settings)):
        with torch.device("meta"):
            weights = instantiate(config.model, **shape).state_dict().values()
        if not any(kept) or sum(one.nbytes for one in weights) <= max(kept):
            return
    raise UserError(f"{path}: model is larger than the checkpoints of that run; it is damaged")


def check_classes(called: dict[str, Any]) -> None:
    """Raise UserError for one of our names that is not of the class it has to be."""
    from genre_lightning.data.augment import Augment
    from genre_lightning.features.base import Features
    from genre_lightning.models.base import GenreClassifier

    kinds: dict[str, type] = {"features": Features, "model": GenreClassifier, r"augment\.\w+": Augment}
    for known, kind in kinds.items():
        for key, node in called.items():
            if re.fullmatch(known, key) and node is not None:
                find_class(node["_target_"], kind)


def refused(path: Path, key: str, value: object, why: str) -> UserError:
    """What to raise for a setting that somebody else may have written to do harm."""
    return UserError(f"{path}: {key} names {shown(value)}, which {why}; if you trust that run, add trust=true")


def check_processes(began: DictConfig, cfg: DictConfig, path: Path) -> None:
    """Raise UserError if a run from elsewhere would start more processes than this machine has processors.

    How many the command, `cfg`, says is not asked about.
    """
    cores = os.cpu_count() or 1
    for key in () if cfg.trust else ("trainer.devices", "loader.num_workers"):
        value: Any = OmegaConf.select(began, key)
        count = len(value) if OmegaConf.is_list(value) else int(value) if str(value).lstrip("-").isdecimal() else 0
        if count > cores and value != OmegaConf.select(cfg, key):
            raise UserError(f"{path}: {key} is {count}, and this machine has {cores} processors; say how many: {key}=1")
