"""The configuration, checked before any work begins; and the classes that settings and runs name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import field, make_dataclass
from functools import cache
from importlib import import_module
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from genre_lightning.errors import UserError, explain_import

if TYPE_CHECKING:
    from omegaconf import DictConfig

Kind = TypeVar("Kind")
SHOWN_SIGNS = 80  # of what somebody else wrote


def find_class(name: object, base: type[Kind], *, trust: bool = False) -> type[Kind]:
    """The class of a dotted name in a run: one that this project keeps beside `base`; nothing else is even imported.

    `trust` allows any class. Raises UserError for a class that is not allowed, not found, or no `base`.
    """
    told = f"the run names {shown(name)}, which"
    module, _, attribute = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    if not trust and not module.startswith("genre_lightning."):
        cure = "if you trust its code, add trust=true (train.py, embed.py) or --trust (genre-lightning)"
        raise UserError(f"{told} is not part of this project; {cure}")
    if not trust and not f"{module}.".startswith(base.__module__.removesuffix("base")):
        raise UserError(f"{told} is no {base.__name__}")
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, ValueError, AttributeError) as error:
        if explain_import(error, sought=str(name)) is not None:
            raise
        raise UserError(f"{told} cannot be found here") from None
    if not isinstance(kind, type) or not issubclass(kind, base):
        raise UserError(f"{told} is no {base.__name__}")
    return kind


def shown(value: object) -> str:
    """What somebody else wrote, in a line of ours: cut, and without signs that would do something to a terminal."""
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:SHOWN_SIGNS])


def is_of(value: Any, kind: Any) -> bool:
    """Whether a plain value, as JSON, YAML and checkpoints have them, is of an annotated type.

    True is no number, a whole number is a fraction too, and all numbers are finite and fit into 64 bits.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        fits = any(is_of(value, part) for part in parts)
    elif origin is Literal:
        fits = any(type(value) is type(part) and value == part for part in parts)
    elif origin is list:
        fits = isinstance(value, list) and all(is_of(one, *parts) for one in value)
    elif origin is tuple:
        fits = isinstance(value, list | tuple) and len(value) == len(parts) and all(map(is_of, value, parts))
    elif origin is dict:
        key, one = parts
        fits = isinstance(value, dict) and all(is_of(name, key) and is_of(value[name], one) for name in value)
    elif kind in (int, float):
        fits = type(value) in (int, kind) and -(2**63) <= value < 2**63
    else:
        fits = kind is Any or type(value) is kind
    return fits


def check_arguments(called: Callable[..., Any], values: Any) -> None:
    """Raise TypeError unless `values` are a mapping whose values are of the types that a class or function declares."""
    hints = get_type_hints(called.__init__ if inspect.isclass(called) else called)
    for name, value in dict(values).items():
        if not is_of(value, hints.get(name, Any)):
            raise TypeError(f"{shown(name)} is of another type")


def check_types(config: DictConfig, where: str = "") -> None:
    """Hold every setting of a node with a `_target_` against the type that its class or function declares.

    `where` is the full key of `config`, if it is a part of the configuration. Types that OmegaConf has no word for are
    left to the class itself. Raises UserError that names the setting.
    """
    from omegaconf import DictConfig, OmegaConf

    for key, node in targets(config, where):
        for name, kind in declared_types(node._target_).items():
            if name not in node or OmegaConf.is_missing(node, name):
                continue
            if not (isinstance(node[name], DictConfig) and "_target_" in node[name]):  # an object still to be made
                check_type(f"{key}.{name}".lstrip("."), node[name], kind)


def targets(config: DictConfig, where: str = "") -> Iterator[tuple[str, DictConfig]]:
    """Every node below `config` that names a class or function to be called, with its full key."""
    from omegaconf import DictConfig, OmegaConf

    if "_target_" in config:
        yield where, config
    for name in map(str, config):
        key = f"{where}.{name}".lstrip(".")
        elsewhere = OmegaConf.is_missing(config, name) or OmegaConf.is_interpolation(config, name)
        if not elsewhere and isinstance(config[name], DictConfig):
            yield from targets(config[name], key)


def declared_types(target: str) -> dict[str, Any]:
    """The annotated parameters of a class or function given by its dotted name."""
    from hydra.utils import get_object

    try:
        called = get_object(target)
    except (ImportError, ValueError) as error:  # whatever the import raised is behind an ImportError of Hydra's
        if explain_import(error, sought=target) is not None:
            raise
        raise UserError(f"there is no {target}: {str(error.__cause__ or error).splitlines()[0]}") from None
    try:
        hints = get_type_hints(called.__init__ if inspect.isclass(called) else called)
    except NameError:  # names that are known to type checkers only
        return {}
    return {name: kind for name, kind in hints.items() if name != "return"}


def check_type(key: str, value: Any, kind: Any) -> None:
    """Raise UserError unless OmegaConf can read `value` as a `kind`; "no" and "off" are texts, which count as true."""
    from omegaconf import OmegaConf, ValidationError

    if kind is bool and not isinstance(value, bool):
        raise UserError(f"{key} must be true or false, not {value}")
    try:
        schema = OmegaConf.structured(setting_of(kind))
    except (ValidationError, ValueError):
        return
    if type(value) is int and "float" in str(kind):  # OmegaConf 2.4 takes no 1 for a float in a union
        value = float(value)
    try:
        OmegaConf.update(schema, "value", value)  # an assignment that reads 3 as 3.0 is deprecated in OmegaConf 2.4
    except ValidationError as error:
        wants_list = "list" in str(kind) and not OmegaConf.is_config(value)
        hint = f"; for one, write {key}=[{value}]" if wants_list else ""
        raise UserError(f"{key}: {str(error).splitlines()[0]}{hint}") from None


@cache
def setting_of(kind: Any) -> type:
    """A class with one setting of this type."""
    from omegaconf import MISSING

    return make_dataclass("Setting", [("value", kind, field(default=MISSING))])


def check_number(config: DictConfig, key: str, lowest: float, highest: float = math.inf, *, whole: bool = True) -> None:
    """Raise UserError unless the setting is a number, a `whole` one or any, from `lowest` to `highest`."""
    from omegaconf import OmegaConf

    value = OmegaConf.select(config, key)
    fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not fits or not lowest <= value <= highest:
        allowed = f"of at least {lowest}" if highest == math.inf else f"from {lowest} to {highest}"
        raise UserError(f"{key} must be a {'whole ' if whole else ''}number {allowed}, not {value}")
