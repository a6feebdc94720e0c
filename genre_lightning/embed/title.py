"""The title of a map, as a person would write it: which songs, which model, and when it was trained."""

import re
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.runs.run import MODEL, Run
from genre_lightning.text import printable

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# What people call collections, features and models; all others go by the names of their folders and classes.
COLLECTIONS = {"demo": "composed songs", "gtzan": "GTZAN", "fma": "FMA"}
CLASSES = {"LogMel": "log-mel", "Chroma": "chroma", "Pretrained": "pre-trained networks", "Linear": "linear model"}
LONGEST_NAME = 60


def map_title(run: Run, songs: int, data: DictConfig | None) -> str:
    """The title for a number of songs: of the run's own ones, or of those that `data` has chosen instead.

    "216 composed songs, as the CNN on log-mel hears them, 28 November 2026"
    """
    learnt = run.config.get("data") or DictConfig({})
    trained = f" trained on {data_name(learnt)}" if data is not None else ""
    model, features = (CLASSES.get(name, name) for name in (maker(run.config.model), maker(run.config.features)))
    hears = f"as the {model} on {features}{trained} hears {'it' if songs == 1 else 'them'}"
    return f"{counted(songs, learnt if data is None else data)}, {hears}, {spoken(began(run.folder.resolve()))}"


def counted(songs: int, data: DictConfig) -> str:
    """How many songs there are of which data: "Jazz Archive: 512 songs"."""
    noun = "song" if songs == 1 else "songs"
    return f"{songs} composed {noun}" if maker(data) == "demo" else f"{data_name(data)}: {songs} {noun}"


def data_name(data: DictConfig) -> str:
    """What to call some data: a known collection, or the names of its folders, on one line and not too long."""
    if maker(data) in COLLECTIONS:
        return COLLECTIONS[maker(data)]
    root: Any = OmegaConf.select(data, "name") or OmegaConf.select(data, "root") or []
    folders = [root] if isinstance(root, str) else root
    names = printable(" + ".join(Path(folder).expanduser().resolve().name for folder in folders)) or "songs"
    return names if len(names) <= LONGEST_NAME else f"{names[: LONGEST_NAME - 1]}…"


def maker(settings: DictConfig) -> str:
    """The name of the class or function that makes something of settings."""
    return str(settings.get("_target_", "")).rpartition(".")[2]


def began(folder: Path) -> date:
    """The day on which a run began, by the name of its folder or its sweep's; or that of its model's file."""
    for name in (folder.name, folder.parent.name):
        for day in re.findall(r"(\d{4}-\d\d-\d\d)_\d\d-\d\d-\d\d", name):
            with suppress(ValueError):  # no such day
                return date.fromisoformat(day)
    return date.fromtimestamp((folder / MODEL).stat().st_mtime)


def spoken(day: date) -> str:
    """28 November 2026, whatever language the system speaks."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
