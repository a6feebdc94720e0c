"""What was probably meant by a command line that Hydra refuses: a line with what to type instead."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

from genre_lightning.command_line.quoting import in_shell, override
from genre_lightning.errors import UserError

# Hydra's options, which are no settings.
OPTIONS = ("help", "hydra-help", "version", "cfg", "resolve", "package", "run", "multirun", "shell-completion")
OPTIONS += ("config-path", "config-name", "config-dir", "experimental-rerun", "info")
ALIKE = 0.75  # for difflib: so much of two names is the same if one is taken for the other
HINT = "--cfg job lists all settings; one that is not listed is typed with +"


@dataclass(frozen=True)
class Settings:
    """The settings of a command that there are: of the config called `name` in the folder `conf`."""

    conf: Path
    name: str

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings as they are if nothing is typed."""
        from hydra import compose, initialize_config_dir
        from hydra.core.global_hydra import GlobalHydra
        from omegaconf import OmegaConf

        GlobalHydra.instance().clear()  # what Hydra has left when it refused the command line
        with initialize_config_dir(str(self.conf.absolute()), version_base="1.3"):
            config: Any = OmegaConf.to_container(compose(self.name, return_hydra_config=True))
        return config

    @cached_property
    def choices(self) -> dict[str, list[str]]:
        """The config groups, each with what can be chosen."""
        groups = {path.parent.name for path in self.conf.glob("*/*.yaml")} & {*self.config, "experiment"}
        return {group: sorted(path.stem for path in (self.conf / group).glob("*.yaml")) for group in sorted(groups)}

    @cached_property
    def lists(self) -> list[str]:
        """The config groups of which several can be chosen at once."""
        from omegaconf import OmegaConf

        defaults: Any = OmegaConf.to_container(OmegaConf.load(self.conf / f"{self.name}.yaml").defaults)
        return [name for one in defaults if isinstance(one, dict) for name in one if isinstance(one[name], list)]

    @cached_property
    def keys(self) -> dict[str, list[str]]:
        """Every setting, with the choices that bring it, such as features=mfcc; none if it is there anyway."""
        known: dict[str, list[str]] = {}
        for choice, settings in self.brought.items():
            for key in settings:
                known.setdefault(key, []).append(choice)
        return known | {key: [] for key in flat(self.config)}

    @cached_property
    def brought(self) -> dict[str, dict[str, Any]]:
        """The settings in the file of each choice, such as features=mfcc, by their full keys."""
        from omegaconf import OmegaConf

        found = {}
        for group in self.choices.keys() - {"experiment"}:
            for path in sorted((self.conf / group).glob("*.yaml")):
                settings: Any = OmegaConf.to_container(OmegaConf.load(path))
                settings.pop("defaults", None)
                everywhere = path.read_text(encoding="utf-8").startswith("# @package _global_")
                found[f"{group}={path.stem}"] = flat(settings if everywhere else {group: settings})
        return found

    def is_list(self, key: str) -> bool:
        """Whether several values of a setting make a list, and not a sweep only."""
        settings = (flat(self.config), *self.brought.values())
        return key in self.lists or any(isinstance(one.get(key), list) for one in settings)


def flat(settings: dict[Any, Any], above: str = "") -> dict[str, Any]:
    """Settings, and all that they hold, by their full keys."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        below = flat(value, f"{above}{name}.") if isinstance(value, dict) else {}
        found |= {f"{above}{name}": value, **below}
    return found


def check_options(arguments: Sequence[str]) -> None:
    """Raise UserError for a setting that is typed as an option, with dashes."""
    for argument, after in pairwise([*arguments, ""]):
        option = re.fullmatch(r"--([\w./-]+)(?:=(.*))?|-(\w[\w/]*\.[\w./]+)(?:=(.*))?", argument, re.DOTALL)
        if option is None or any(known.startswith(option[1] or "-") for known in OPTIONS if known != option[2]):
            continue
        value = next((given for given in (option[2], option[4]) if given is not None), after or "...")
        raise UserError(f"{argument}: a setting has no dashes; type {in_shell(f'{option[1] or option[3]}={value}')}")


def meant(error: Exception, arguments: Sequence[str], settings: Settings) -> str | None:
    """A line about a command line that Hydra refuses with `error`; None if it is about something else."""
    argument, said = getattr(error, "override", None), str(error)
    if isinstance(argument, str):
        return unreadable(argument, arguments, settings)
    if found := re.search(r"Could not override '(.+?)'\.", said):
        return unknown(found[1], arguments, settings)
    if found := re.search(r"Could not (?:find|load) '(\w+)/(.*?)'", said):
        return no_choice(found[1], found[2], settings)
    if found := re.search(r"Ambiguous value for argument '(.*)'", said):
        return sweep_or_list(found[1], settings)
    return refused_value(said, arguments, settings)


def refused_value(said: str, arguments: Sequence[str], settings: Settings) -> str | None:
    """A line about a value that can be read, but not used: half an interpolation, or null for a config group."""
    for argument in arguments:
        _, key, value = parts(argument)
        if said.startswith("Error merging override") and "${" in value:
            return f"{argument}: ${{ begins the name of another setting, as in ${{seed}}; no path or name can hold it"
        if said.startswith("Config group override must be") and re.fullmatch(r"null|[\d.]+", value):
            return no_choice(key, value, settings)
    return None


def unreadable(argument: str, arguments: Sequence[str], settings: Settings) -> str:
    """A line about an argument that Hydra's grammar does not know."""
    prefix, key, value = parts(argument)
    if "=" not in argument:
        return no_value(argument, arguments, settings)
    if not prefix and "/" not in key and key not in {*settings.keys, *settings.choices}:
        return unknown(key, arguments, settings)
    if "" in value.split(",") and value:
        return comma_too_many(argument, settings)
    if key in settings.choices:
        return no_choice(key, value, settings) or argument
    if any(value.count(opened) != value.count(closed) for opened, closed in ("[]", "{}", "()")):
        return f"{argument}: a bracket is not closed; as a text it is typed {override(prefix + key, value)}"
    return f"{argument}: this has more than one meaning; as a text it is typed {override(prefix + key, value)}"


def comma_too_many(argument: str, settings: Settings) -> str:
    """A line about an argument in which nothing stands before or behind a comma."""
    prefix, key, value = parts(argument)
    left = [one.strip() for one in value.split(",") if one.strip()]
    told = f"{argument}: there is a comma too many"
    if len(left) == 1:
        told += f"; for one value type {in_shell(f'{prefix}{key}={left[0]}')}"
        left.append(next((one for one in settings.choices.get(key, ()) if one != left[0]), "..."))
    several = in_shell(f"{prefix}{key}={','.join(left)}")
    return f"{told}; for a run with each of several type -m {several}"


def no_value(argument: str, arguments: Sequence[str], settings: Settings) -> str:
    """A line about an argument without a value, which often is the rest of a name with spaces."""
    if argument in settings.keys or argument in settings.choices:
        return f"{argument}: no value is given; type {argument}=..."
    before = arguments[: arguments.index(argument)] if argument in arguments else []
    if before and "=" in before[-1]:
        rest = takewhile(lambda one: "=" not in one and one[:1] != "-", arguments[len(before) :])
        whole = in_shell(" ".join([before[-1], *rest]).replace("= ", "=", 1))
        return f"{argument}: a setting is typed key=value; if it belongs to what stands before it, type {whole}"
    if os.path.exists(argument) and "data" in settings.choices:  # noqa: PTH110 (Path.exists may raise)
        return f"{argument}: a setting is typed key=value; for songs that lie there type {songs_in(argument)}"
    return f"{argument}: a setting is typed key=value; {HINT}"


def unknown(key: str, arguments: Sequence[str], settings: Settings) -> str:
    """A line about a setting that there is not."""
    value = next((value for _, typed, value in map(parts, arguments) if typed == key), "...")
    if choices := settings.keys.get(key):
        text = f"{choices[0]} {in_shell(f'{key}={value}')}"
        return f"{key} goes with {' or '.join(choices)}; type {text}"
    texts = [typed_for(one, value, arguments, settings) for one in similar(key, settings)]
    found = f"did you mean {' or '.join(texts)}? " if texts else ""
    return f"there is no setting {key!r}; {found}{HINT}"


def similar(key: str, settings: Settings) -> list[str]:
    """The settings that a key may be meant for, three at most."""
    if "/" in key:
        return get_close_matches(key, settings.config["hydra"]["runtime"]["choices"], 1, ALIKE)
    ours = [one for one in settings.keys if not one.startswith("hydra.") or key.startswith("hydra")]
    if key.lower() in ours:
        return [key.lower()]
    named: dict[str, list[str]] = {}
    for one in ours:
        named.setdefault(one.rpartition(".")[2], []).append(one)
    last = key.lower().rpartition(".")[2]
    if last in named:
        return named[last][:3]
    whole = get_close_matches(key.lower(), ours, 1, ALIKE)
    return whole or [one for name in get_close_matches(last, named, 1, ALIKE) for one in named[name][:3]]


def typed_for(key: str, value: str, arguments: Sequence[str], settings: Settings) -> str:
    """What is typed to give a setting a value: with the choice that brings it, unless that is typed already."""
    choices = settings.keys.get(key)
    needed = [] if not choices or {*choices} & {*arguments} else choices[:1]
    return " ".join([*needed, in_shell(f"{key}={value}")])


def no_choice(group: str, wrong: str, settings: Settings) -> str | None:
    """A line about something that a config group does not offer; None for one of Hydra's own."""
    if not (choices := settings.choices.get(group)):
        return None
    if group == "data" and (os.path.exists(wrong) or re.search(r"[/\\~]", wrong)):  # noqa: PTH110
        return f"data={wrong}: data says which kind of songs; for a folder type {songs_in(wrong)}"
    close = get_close_matches(wrong.lower(), choices, 1, 0.5)
    found = f"did you mean {group}={close[0]}? There" if close else "there"
    return f"there is no {group}={wrong}; {found} are {', '.join(choices)}"


def sweep_or_list(argument: str, settings: Settings) -> str:
    """A line about several values without a sweep."""
    prefix, key, value = parts(argument)
    told = f"{argument}: several values are a sweep, with a run for each; add -m"
    listed = settings.is_list(key)
    text = in_shell(f"{prefix}{key}=" + (f"[{value}]" if listed else value.partition(",")[0]))
    return f"{told}, or {'for a list type' if listed else 'name one, such as'} {text}"


def parts(argument: str) -> tuple[str, str, str]:
    """The signs before the key of a setting, the key and the value."""
    key, _, value = argument.partition("=")
    name = key.lstrip("+~")
    return key.removesuffix(name), name, value


def songs_in(folder: str) -> str:
    """What is typed for the songs in a folder."""
    return f"data=folder {in_shell(f'data.root={folder}')}"
