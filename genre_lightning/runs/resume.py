"""ckpt_path=: a run that was interrupted goes on with the settings that it began with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.data.catalogue import MANIFEST, Catalogue, read_manifest
from genre_lightning.errors import UserError
from genre_lightning.runs.folders import folder_of
from genre_lightning.runs.run import CONFIG, read_checkpoint, read_settings

# A run may go on on another machine than the one it began on, for longer, and with the refit that it was to leave off.
MAY_BE_NEW = ("trainer.accelerator", "trainer.devices", "trainer.strategy", "trainer.max_epochs")
MAY_BE_NEW += ("loader.num_workers", "cache.num_workers", "refit")


def settings_to_go_on_with(cfg: DictConfig, overrides: Sequence[str], folder: Path) -> DictConfig:
    """The settings that the run of `cfg.ckpt_path` began with, or `cfg` if there is no such run to go on with.

    Those of MAY_BE_NEW that the `overrides` name are new. Raises UserError for an override that would change any other
    setting, and if the new run is to lie in another `folder`.
    """
    old = folder_of(cfg.ckpt_path)
    if old is None or not (old / CONFIG).is_file():
        return cfg
    if old.resolve() != folder.resolve():
        raise UserError(
            f"ckpt_path: a run resumes in its own folder, {old}; remove hydra.run.dir (or -m) from the command"
        )
    began, typed = read_settings(old), keys(overrides)
    refuse_changes(leaves(OmegaConf.to_container(began)), leaves(OmegaConf.to_container(cfg)), typed)
    for key in MAY_BE_NEW:
        if any(decides(one, key) for one in typed):
            OmegaConf.update(began, key, OmegaConf.select(cfg, key))
    began.ckpt_path = cfg.ckpt_path
    return began


def keys(overrides: Sequence[str]) -> list[str]:
    """The settings and groups that overrides name; a choice of trainer is one of the device."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    named = [override.key_or_group for override in OverridesParser.create().parse_overrides([*overrides])]
    device = MAY_BE_NEW[:3] if "trainer" in named else ()
    return [*(key for key in named if key not in ("trainer", "ckpt_path")), *device]


def refuse_changes(before: dict[str, Any], now: dict[str, Any], typed: Sequence[str]) -> None:
    """Raise UserError if something that was typed, and may not be new, is not what it was."""
    for key in sorted((before | now).keys() - {*MAY_BE_NEW, "ckpt_path"}):
        if before.get(key) != now.get(key) and any(decides(one, key) for one in typed):
            raise UserError(
                f"ckpt_path: that run was started with {key}={before.get(key)}, which cannot change to {now.get(key)}; "
                "pass only ckpt_path, or start a new run"
            )


def leaves(node: Any, where: str = "") -> dict[str, Any]:
    """Every single setting by its full key."""
    if not isinstance(node, dict):
        return {where: node}
    below = [leaves(value, f"{where}.{name}" if where else str(name)) for name, value in node.items()]
    return {key: value for found in below for key, value in found.items()}


def decides(override: str, key: str) -> bool:
    """Whether an override of a setting or a group is about the setting `key`; an experiment is about all."""
    return override == "experiment" or f"{key}.".startswith(f"{override}.")


def check_checkpoint(path: str) -> None:
    """Raise UserError unless there is a checkpoint of plain values at `path`."""
    if not Path(path).is_file():
        raise UserError(f"ckpt_path: there is no file {path}")
    try:
        checkpoint = read_checkpoint(Path(path))
    except UserError as error:
        raise UserError(f"ckpt_path: {error}") from None
    if "optimizer_states" not in checkpoint:
        raise UserError(f"ckpt_path: {path} holds weights only; a run goes on from its checkpoints/last.ckpt")


def check_same_songs(ckpt_path: str | None, catalogue: Catalogue) -> None:
    """Raise UserError if a run to be resumed was trained on other songs, or on songs that are now tested."""
    old = folder_of(ckpt_path)
    if old is None or not (old / MANIFEST).is_file():
        return
    before, now = (
        {(str(track.path.absolute()), track.genre, track.split) for track in songs}
        for songs in (read_manifest(old / MANIFEST), catalogue)
    )
    if before != now:
        raise UserError(
            f"ckpt_path: the run of {old / MANIFEST} had other songs or another split; resume it with the same "
            "songs, or start a new run"
        )
