"""What lies in a run's folder is data, whoever has made it: nothing in it is run, resolved here, or without end."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genre_lightning.config import is_of
from genre_lightning.errors import UserError
from genre_lightning.text import printable

SETTINGS = ".hydra"  # where Hydra keeps them in a run's folder
CONFIG = Path(SETTINGS, "config.yaml")
MOST_BYTES = 2**20  # of settings; a run's own are a hundredth of that
MOST_NODES, DEEPEST = 10_000, 20  # of settings, those that others stand for counted too
MOST_TEXT = 2**26  # bytes of a table, or of metrics.json, which names every file that was left out
MOST_ARRAYS = 2**29  # bytes of embeddings.npz: a hundred thousand songs
# A setting that stands for another one, as those of conf/ do, and nothing that is looked up on this machine.
REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.\w+)*)\}")
# What reading a damaged YAML file raises.
DAMAGED = (OSError, ValueError, RecursionError, yaml.YAMLError, OmegaConfBaseException)

# What is used of a run's settings by all that reads it, and the types these must have.
USED: dict[str, Any] = {
    "cache.root": str,
    "data.root": str | list[str],
    "data._target_": str,
    "model._target_": str,
    "features._target_": str,
    "split.method": str,
}


def damaged(path: Path) -> UserError:
    """What to raise for a file that cannot be read."""
    return UserError(f"{path} is damaged, or was not written by this program")


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a file. Raises OSError or ValueError if it is none, or has more than so many bytes."""
    if not path.is_file():  # a link to /dev/zero has no end, and a pipe waits for ever
        raise ValueError("no file")
    if path.stat().st_size > most:
        raise ValueError("too large")
    return path.read_bytes()


def read_text(path: Path) -> str:
    """The text of a file that names others, which may be no UTF-8. Raises OSError or ValueError as `read_bytes`."""
    return read_bytes(path, MOST_TEXT).decode("utf-8", errors="surrogateescape")


def check_links(folder: Path) -> None:
    """Raise UserError for a link in a run's folder that leads out of it, where what is written would land elsewhere.

    Also for what is no file: whoever opens a pipe waits for ever.
    """
    root = os.path.realpath(folder)
    for above, folders, files in os.walk(root):
        for path in (Path(above, name) for name in (*folders, *files)):
            is_inside = Path(os.path.realpath(path)).is_relative_to(root)  # Path.resolve raises for circles
            if not is_inside or not (path.is_file() or path.is_dir()):
                told = "is a link that leads out of the run's folder, or no file; put a copy of it in its place"
                raise UserError(f"{printable(path)} {told}, or, if you trust that run, add trust=true")


def read_yaml(path: Path) -> Any:
    """What is in a YAML file of Hydra's, as plain values: `${...}` stays as it is.

    Raises one of DAMAGED, also for what would not end: aliases, of which nine lines make a billion values.
    """
    text, depth, deepest = read_bytes(path, MOST_BYTES).decode("utf-8"), 0, 0
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        deepest = max(depth, deepest)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
            raise ValueError("aliases, or too deep")
    if not deepest:
        raise ValueError("neither a list nor a mapping")
    return OmegaConf.to_container(OmegaConf.create(text))


def read_settings(folder: Path, trust: bool = False) -> DictConfig:
    """The settings in a run's folder, of which nothing is looked up on this machine: `${oc.env:HOME}` is a text.

    `trust` reads them as if they had just been typed. Raises UserError if they are damaged.
    """
    path = folder / CONFIG
    try:
        settings = read_yaml(path)
        config = OmegaConf.create(literal(settings))
        if not has_what_is_used(config):
            raise damaged(path)
    except DAMAGED:
        raise damaged(path) from None
    return OmegaConf.create(settings) if trust else config


def has_what_is_used(config: Any) -> bool:
    """Whether settings can be those of a run. Raises one of DAMAGED for some that cannot."""
    if not isinstance(config, DictConfig) or not {"model", "features", "cache", "loader"} <= config.keys():
        return False
    for key, kind in USED.items():
        group = OmegaConf.select(config, key.partition(".")[0])
        if group is not None and not isinstance(group, DictConfig):
            return False
        value = OmegaConf.select(config, key)
        value = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
        if value is not None and not is_of(value, kind):
            return False
    return True


def read_overrides(folder: Path) -> list[str]:
    """What was typed for the run in a folder; nothing if Hydra has not written it down. Raises UserError."""
    path = folder / SETTINGS / "overrides.yaml"
    if not path.is_file():
        return []
    try:
        typed = read_yaml(path)
    except DAMAGED:
        raise damaged(path) from None
    if not is_of(typed, list[str]):
        raise damaged(path)
    return typed


def read_json(path: Path) -> Any:
    """What is in a JSON file. Raises OSError or ValueError, also for what has no end, and for halves of characters."""
    content = read_bytes(path, MOST_TEXT)
    try:
        values = json.loads(content, parse_constant=lambda _: None)  # NaN, which is no JSON
        json.dumps(values, ensure_ascii=False).encode(errors="surrogateescape")  # names of files may be no UTF-8
    except RecursionError:
        raise ValueError("too deep") from None
    return values


def literal(node: Any) -> Any:
    """The same settings, in which nothing is looked up on this machine: only REFERENCEs still stand for something."""
    if isinstance(node, dict):
        return {name: literal(value) for name, value in node.items()}
    if isinstance(node, list):
        return [literal(value) for value in node]
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", node) if looked_up(node) else node


def looked_up(value: Any) -> bool:
    """Whether a setting is more than a value or the name of another setting, such as `${oc.env:HOME}`."""
    return isinstance(value, str) and "${" in value and not REFERENCE.fullmatch(value)


def as_they_are_used(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with those in the place of every REFERENCE that it stands for.

    Raises ValueError if they go in circles, become too many, name a setting that there is not, or have odd names.
    """
    counted = iter(range(MOST_NODES))

    def used(node: Any, depth: int) -> Any:
        if next(counted, None) is None or depth > DEEPEST:
            raise ValueError("settings without end")
        if isinstance(node, dict):
            if not all(isinstance(name, str) and re.fullmatch(r"\w+", name) for name in node):
                raise ValueError("a name that could be taken for the full key of another setting")
            return {name: used(value, depth + 1) for name, value in node.items()}
        if isinstance(node, list):
            return [used(value, depth + 1) for value in node]
        named = REFERENCE.fullmatch(node) if isinstance(node, str) else None
        return node if named is None else used(setting(settings, named[1]), depth + 1)

    return used(settings, 0)


def setting(settings: Any, key: str) -> Any:
    """The value of a setting by its full key. Raises ValueError if there is none."""
    for name in key.split("."):
        if not isinstance(settings, dict) or name not in settings:
            raise ValueError(f"no setting {key}")
        settings = settings[name]
    return settings


def nodes(node: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in plain settings at every depth, lists and mappings too, with its full key."""
    yield key, node
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in below:
        yield from nodes(value, f"{key}.{name}".lstrip("."))
