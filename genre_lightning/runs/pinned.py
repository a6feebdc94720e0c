"""What a run goes on with as it was, though it comes from elsewhere: the revisions of its songs and of its networks."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.config import is_of
from genre_lightning.runs.checkpoint import read_checkpoint
from genre_lightning.runs.foreign import literal


def keep_pinned(before: DictConfig, now: DictConfig) -> None:
    """Have the songs of a run be of the revision that they had `before`, if nobody names another one `now`."""
    if before.get("revision") and now.get("revision", "") is None:
        now.revision = before.revision


def pin_encoders(began: DictConfig, path: Path) -> None:
    """Have a run go on with the very networks of a hub that it began with, as its checkpoint at `path` names them."""
    if encoders_in(began) and path.is_file():
        kept = read_checkpoint(path)["GenreDataModule"].get("features")
        if is_of(kept, dict[str, Any]) and is_of(kept.get("encoders"), list[str]):
            began.features.encoders = literal(kept["encoders"])  # the checkpoint may be somebody else's


def encoders_in(config: DictConfig) -> Any:
    """The encoders that settings name, as they are written: nothing is looked up for them. None if there are none."""
    plain: Any = OmegaConf.to_container(config)
    return plain["features"].get("encoders") if isinstance(plain.get("features"), dict) else None
