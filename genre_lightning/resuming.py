"""ckpt_path=: a run that was interrupted goes on with the settings that it began with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.errors import UserError
from genre_lightning.run import CONFIG, folder_of, read_settings

# What is this command's: a run may go on on another machine than the one it began on.
OF_THE_MACHINE = ("trainer.accelerator", "trainer.devices", "trainer.strategy", "loader.num_workers", "cache_workers")
MORE_EPOCHS = "trainer.max_epochs"


def settings_to_go_on_with(cfg: DictConfig, overrides: Sequence[str], folder: Path) -> DictConfig:
    """The settings that the run of `cfg.ckpt_path` began with, or `cfg` where there is no such run to go on with.

    What OF_THE_MACHINE lists, and the number of epochs if it is among the `overrides`, are those of `cfg`. Where the
    run goes on in another `folder`, the settings are written there. Raises UserError for an override that would change
    any other setting.
    """
    old = folder_of(cfg.ckpt_path)
    if old is None or not (old / CONFIG).is_file():
        return cfg
    began, typed = read_settings(old), keys(overrides)
    anew = [*OF_THE_MACHINE, "ckpt_path", *(key for key in typed if key == MORE_EPOCHS)]
    refuse_changes(leaves(OmegaConf.to_container(began)), leaves(OmegaConf.to_container(cfg)), typed, anew)
    for key in anew:
        OmegaConf.update(began, key, OmegaConf.select(cfg, key))
    if not (folder / CONFIG).is_file():
        (folder / CONFIG).parent.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(began, folder / CONFIG)
    return began


def keys(overrides: Sequence[str]) -> list[str]:
    """The settings and groups that overrides name."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return [override.key_or_group for override in OverridesParser.create().parse_overrides([*overrides])]


def refuse_changes(before: dict[str, Any], now: dict[str, Any], typed: Sequence[str], anew: Sequence[str]) -> None:
    """Raise UserError where something that was typed, and may not be new, is not what it was."""
    for key in sorted((before | now).keys() - set(anew)):
        if before.get(key) != now.get(key) and any(decides(one, key) for one in typed):
            raise UserError(
                f"ckpt_path: that run began with {key}={before.get(key)}, not {now.get(key)}; type ckpt_path only, "
                "or start a new run"
            )


def leaves(node: Any, where: str = "") -> dict[str, Any]:
    """Every single setting by its full key."""
    if not isinstance(node, dict):
        return {where: node}
    below = [leaves(value, f"{where}.{name}" if where else str(name)) for name, value in node.items()]
    return {key: value for found in below for key, value in found.items()}


def decides(override: str, key: str) -> bool:
    """Whether an override of a setting or a group is about the setting `key`; a choice of trainer is the machine's."""
    return override == "experiment" or (override != "trainer" and f"{key}.".startswith(f"{override}."))
