"""A run that was interrupted goes on with the settings that it began with: ckpt_path=, or the same sweep again."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.command_line.quoting import override
from genre_lightning.config import check_type, shown
from genre_lightning.data.catalogue import MANIFEST, TESTED_IN, Catalogue, Track, read_manifest
from genre_lightning.data.hub.listing import asked_in, is_kept
from genre_lightning.errors import UserError
from genre_lightning.runs.allowed import check_allowed, check_processes
from genre_lightning.runs.checkpoint import read_checkpoint
from genre_lightning.runs.folders import CHECKPOINTS, MULTIRUN, folder_of, holds_run
from genre_lightning.runs.foreign import CONFIG, DAMAGED, check_links, read_settings, read_yaml
from genre_lightning.runs.moved import PLACES, places, where_they_were
from genre_lightning.runs.pinned import encoders_in, keep_pinned, pin_encoders
from genre_lightning.runs.run import holds_caches

# A run may go on on another machine than the one it began on, and with the refit that it was to leave off; a single run
# with songs that have moved and for longer too.
DEVICE = ("trainer.accelerator", "trainer.devices", "trainer.num_nodes", "trainer.strategy")
ENGINE = ("engine._target_", "engine.address", "engine.num_workers")
MAY_BE_NEW_IN_SWEEP = (*DEVICE, *ENGINE, "loader.num_workers", "refit", "trust")
MAY_BE_NEW = (*MAY_BE_NEW_IN_SWEEP, "trainer.max_epochs")
LAST = Path(CHECKPOINTS, "last.ckpt")


def settings_to_go_on_with(cfg: DictConfig, overrides: Sequence[str], folder: Path) -> DictConfig:
    """The settings that the run of `cfg.ckpt_path` began with, or `cfg` if there is no such run to go on with.

    Those of MAY_BE_NEW that the `overrides` name are new; with folds, it may be no longer. Raises UserError for an
    override that would change any other setting, and if the new run is to lie in another `folder`.
    """
    old = folder_of(cfg.ckpt_path)
    if old is None or not (old / CONFIG).is_file():
        return cfg
    if old.resolve() != folder.resolve():
        raise UserError(f"ckpt_path: a run resumes in its own folder, {old}; remove hydra.run.dir (or -m)")
    began, typed = settings_it_began_with(old, cfg), keys(overrides)
    where_they_were(began, old)
    keep_pinned(began.data, cfg.data)
    may_be_new = MAY_BE_NEW_IN_SWEEP if began.get("folds") else MAY_BE_NEW  # its folds must have learnt for as long
    may_be_new += tuple(place for place in PLACES if place in typed)
    refuse_changes(began, cfg, typed, may_be_new)
    for key in (new for new in may_be_new if any(decides(one, new) for one in typed)):
        OmegaConf.update(began, key, OmegaConf.select(cfg, key))
    check_processes(began, cfg, old / CONFIG)
    check_set(began.data, cfg.trust or ("data.name" in typed and began.data.root == cfg.data.root))
    began.ckpt_path = cfg.ckpt_path
    return began


def check_set(data: DictConfig, trust: bool) -> None:
    """Raise UserError if the songs are a published set that would have to be read or fetched, and there is no trust."""
    if data._target_.endswith(".hub") and not trust and not is_kept(asked_in(data)):
        told = f"{shown(data.name)} is not in {shown(data.root)}; to read or fetch it, add trust=true"
        raise UserError(f"data.name: {told}")


def settings_it_began_with(folder: Path, cfg: DictConfig) -> DictConfig:
    """The settings in a run's folder, which may be somebody else's: they call nothing that could do harm.

    `trust` in the settings of the command, `cfg`, lets them call anything. Features are kept where the command says
    unless a cache is there already where the run says, and songs are composed nowhere else. Raises UserError.
    """
    began = read_settings(folder, trust=True)  # nothing in it is looked up before it is checked
    pin_encoders(began, Path(cfg.ckpt_path or folder / LAST))  # before it is judged what they are
    began.engine = cfg.engine  # a cluster runs whatever it is sent, to whoever says where it is
    check_type("trust", cfg.trust, bool)
    if cfg.trust:
        return began
    check_links(folder)
    check_allowed(began, cfg, folder / CONFIG)
    if not holds_caches(Path(began.cache.root)):
        began.cache.root = cfg.cache.root
    root = began.data.root
    if began.data._target_.endswith(".demo") and not Path(root).expanduser().is_dir() and root != cfg.data.get("root"):
        raise UserError(f"data.root: no songs were composed in {shown(root)}; to do so there, add trust=true")
    return began


def keys(overrides: Sequence[str]) -> list[str]:
    """The settings and groups that overrides name; a choice of trainer is one of the device."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    named = [override.key_or_group for override in OverridesParser.create().parse_overrides([*overrides])]
    device = DEVICE if "trainer" in named else ()
    return [*(key for key in named if key not in ("trainer", "ckpt_path")), *device]


def refuse_changes(before: DictConfig, now: DictConfig, typed: Sequence[str], may_be_new: Sequence[str]) -> None:
    """Raise UserError if something that was typed, and may not be new, is not what it was."""
    for key, old, new in changes(before, now, may_be_new):
        if any(decides(one, key) for one in typed):
            raise UserError(
                f"ckpt_path: that run was started with {key}={old}, which cannot change to {new}; pass only ckpt_path, "
                "or start a new run"
            )


def changes(before: DictConfig, now: DictConfig, but: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    """Every setting that is not what it was, with the old and the new value; but for some that may be new."""
    old, new = (leaves(OmegaConf.to_container(config)) for config in (before, now))
    for key in sorted((old | new).keys() - {*but, "ckpt_path"}):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def leaves(node: Any, where: str = "") -> dict[str, Any]:
    """Every single setting by its full key."""
    if not isinstance(node, dict):
        return {where: node}
    below = [leaves(value, f"{where}.{name}" if where else str(name)) for name, value in node.items()]
    return {key: value for found in below for key, value in found.items()}


def decides(override: str, key: str) -> bool:
    """Whether an override of a setting or a group is about the setting `key`; an experiment is about all."""
    return override == "experiment" or f"{key}.".startswith(f"{override}.")


def settings_of_job(cfg: DictConfig, folder: Path) -> DictConfig:
    """The settings of a sweep's job; if it was begun in its `folder` before, with the checkpoint that it goes on from.

    Raises UserError if a run with other settings lies there.
    """
    if not holds_run(folder):
        return cfg
    if not cfg.trust:
        check_links(folder)
    before = read_settings(folder, trust=True)  # which is only compared, as it is written
    cfg.ckpt_path = (folder / LAST).as_posix()
    if encoders_in(cfg) == encoders_in(before):  # or they are pinned, or others
        pin_encoders(cfg, folder / LAST)
    pin_encoders(before, folder / LAST)
    for key, old, new in changes(before, cfg, MAY_BE_NEW_IN_SWEEP):
        raise UserError(f"{folder} holds a run with {key}={old}, and not {new}; choose another hydra.sweep.dir")
    return cfg


def check_same_sweep(folder: Path, config: DictConfig) -> None:
    """Raise UserError if a sweep's folder holds another sweep: as a rule its jobs would be others of the same name.

    `config` is Hydra's, with the node `hydra`. A search may be made longer.
    """
    if not (folder / MULTIRUN).is_file():
        return
    try:
        before, now = read_yaml(folder / MULTIRUN), OmegaConf.to_container(config)
        old, new = (DictConfig(sweep_settings(one)) for one in (before, now))
    except (*DAMAGED, LookupError, TypeError, AttributeError):
        raise UserError(f"{folder / MULTIRUN} is damaged; choose another hydra.sweep.dir") from None
    for key, was, is_now in changes(old, new, MAY_BE_NEW_IN_SWEEP):
        raise UserError(
            f"hydra.sweep.dir: {folder} holds a sweep with {key}={was}, which cannot change to {is_now}; repeat its "
            "command to go on with it, or choose another folder"
        )


def sweep_settings(config: Any) -> dict[str, Any]:
    """What makes a sweep another one: what was typed, the space that is searched, and all settings of its jobs.

    `config` are plain settings, in which nothing is looked up: a sweep's folder may be somebody else's.
    """
    of_hydra, settings = config["hydra"], {name: config[name] for name in config if name != "hydra"}
    typed = [one for one in of_hydra["overrides"]["task"] if not {*keys([one])} <= {*MAY_BE_NEW_IN_SWEEP}]
    return settings | {"the command": " ".join(typed), "hydra.sweeper.params": of_hydra["sweeper"].get("params")}


def check_is_file(path: str) -> None:
    """Raise UserError unless there is a file at `path`."""
    if not Path(path).is_file():
        last = Path(path, LAST)
        hint = f"; type {override('ckpt_path', last.as_posix())}" if last.is_file() else ""
        raise UserError(f"ckpt_path: there is no file {path}{hint}")


def check_checkpoint(path: str) -> None:
    """Raise UserError unless there is a checkpoint of plain values at `path`."""
    check_is_file(path)
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
        {(path, track.genre, track.split, tested_in(track)) for path, track in zip(places(songs), songs, strict=True)}
        for songs in (read_manifest(old / MANIFEST), catalogue)
    )
    if before != now:
        raise UserError(
            f"ckpt_path: the run of {old / MANIFEST} had other songs or another split; resume it with the same "
            "songs, or start a new run"
        )


def tested_in(track: Track) -> str:
    """The number of a song's fold, the first one if it was divided several times; empty if it is in none."""
    return track.extra.get(TESTED_IN, "").partition(" ")[0]


def is_of_refit(ckpt_path: str | None) -> bool:
    """Whether a checkpoint was written while the refit was under way."""
    from genre_lightning.data.datamodule import LEARNT_FROM

    return ckpt_path is not None and len(read_checkpoint(Path(ckpt_path))["GenreDataModule"][LEARNT_FROM]) > 1


def is_over(cfg: DictConfig, path: Path) -> bool:
    """Whether the first fit, kept at `path`, had come to its end when the checkpoint was written that is gone on from.

    Raises UserError if the refit has begun, and the first fit is to be longer than it was, or is not there.
    """
    if not path.is_file():
        if is_of_refit(cfg.ckpt_path):
            told = f"that run had learnt anew, and its first fit, {path}, is missing; start a new run"
            raise UserError(f"ckpt_path: {told}")
        return False
    kept, last = read_checkpoint(path), read_checkpoint(Path(cfg.ckpt_path))
    as_long = kept["max_epochs"] == cfg.trainer.max_epochs
    if is_of_refit(cfg.ckpt_path) and not as_long:
        raise UserError(
            f"trainer.max_epochs: the first fit of that run was over after {kept['epoch']} epochs, and it has learnt "
            "anew since; only runs with refit=false go on for longer"
        )
    return is_of_refit(cfg.ckpt_path) or (as_long and kept["global_step"] == last["global_step"])
