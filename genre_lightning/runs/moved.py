"""A run that goes on elsewhere than it began: another machine, another folder, songs that have moved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.data.catalogue import Catalogue
from genre_lightning.runs.run import Run

PLACES = ("data.root", "data.name", "cache.root")  # data.name may be the folder of a published set


def where_they_were(began: DictConfig, folder: Path) -> None:
    """Have relative paths in the settings of the run in `folder` mean what they meant where it began, if that is there.

    Changes `began`.
    """
    started_in = Run(folder).started_in
    if started_in.resolve() == Path.cwd():
        return
    for key in PLACES:
        root: Any = OmegaConf.select(began, key)
        if isinstance(root, str):
            OmegaConf.update(began, key, where_it_was(root, started_in))
        elif OmegaConf.is_list(root):
            OmegaConf.update(began, key, [where_it_was(one, started_in) for one in root])


def where_it_was(root: str, started_in: Path) -> str:
    """A folder as it is found from here."""
    before = started_in / Path(root).expanduser()
    return str(before) if before.is_dir() and not Path(root).is_absolute() else root


def places(songs: Catalogue) -> list[str]:
    """The path of each song within the folder that holds all of them, which may have moved."""
    paths = [track.path.absolute() for track in songs]
    try:
        root = Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError:  # they are on different drives
        return [path.as_posix() for path in paths]
    return [path.relative_to(root).as_posix() for path in paths]
