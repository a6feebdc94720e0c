"""Free the disk of features that no song needs any more: genre-lightning prune-cache"""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genre_lightning.data.cache import FORMAT_VERSION, SETTINGS
from genre_lightning.data.extraction import song_key
from genre_lightning.errors import UserError

# A build writes its files in less time than this; older ones without an index are what a killed build has left.
ABANDONED_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Contents:
    """A cache's songs, those that may still be needed, and the files that can go."""

    songs: int
    songs_in_use: int
    unneeded: list[Path]


def prune_all(root: Path, remove: bool) -> Iterator[str]:
    """Prune every cache in a folder; a line about each. Raises UserError if there is no such folder."""
    if not root.is_dir():
        raise UserError(f"there is no folder {root}")
    for settings in sorted(root.glob(f"*/{SETTINGS}")):
        yield prune(settings.parent, remove)


def prune(folder: Path, remove: bool) -> str:
    """Tell in a line what a cache holds, and remove what can go if asked to."""
    contents = look_into(folder)
    megabytes = sum(file.stat().st_size for file in contents.unneeded) / 1e6
    if remove:
        for file in contents.unneeded:
            file.unlink()
        if not contents.songs_in_use and not list(folder.glob("*.npy")):
            shutil.rmtree(folder)
    told = f"{megabytes:.1f} MB {'freed' if remove else 'can be freed with --remove'}"
    return f"{folder}: {contents.songs_in_use} of {contents.songs} songs in use, {told}"


def look_into(folder: Path) -> Contents:
    """Count the songs that may still be needed; a shard without any, or of another format, can go."""
    readable = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["format"] == FORMAT_VERSION
    indexes = [path for path in folder.glob("*.json") if path.name != SETTINGS]
    kept, songs, songs_in_use, unneeded = set(), 0, 0, []
    for index in indexes:
        held = json.loads(index.read_text(encoding="utf-8"))
        in_use = sum(may_be_needed(Path(song["path"]), song["key"]) for song in held) if readable else 0
        songs, songs_in_use = songs + len(held), songs_in_use + in_use
        kept.add(index.stem)
        if not in_use:
            unneeded += [index, *folder.glob(f"{index.stem}.*.npy")]  # the index first: no shard without its arrays
    strays = [path for path in folder.iterdir() if path.name.split(".")[0] not in kept and path.name != SETTINGS]
    oldest_build = time.time() - ABANDONED_SECONDS
    return Contents(songs, songs_in_use, unneeded + [path for path in strays if path.stat().st_mtime < oldest_build])


def may_be_needed(path: Path, key: str) -> bool:
    """Whether a song's file is as it was when it was read, or its whole folder is elsewhere: moved, or not mounted."""
    return song_key(path) == key or not path.parent.is_dir()
