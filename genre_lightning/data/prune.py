"""Free the disk of features that no song needs any more, and of what kills leave behind: genre-lightning prune-cache"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from genre_lightning.data.building import SETTINGS
from genre_lightning.data.cache import FOLDER
from genre_lightning.data.extraction import song_key
from genre_lightning.data.index import Index, index_of, key_hash, read_index, shards_in
from genre_lightning.data.locks import take_lock
from genre_lightning.data.shards import KINDS, array_of
from genre_lightning.errors import UserError

# A file is written in less time than this; older ones that are not finished are what a kill has left.
ABANDONED_SECONDS = 600
UNFINISHED = re.compile(r".+\.[0-9a-f]{8}\.tmp")  # as files.write_whole names them
ARRAY = re.compile(rf".+\.({'|'.join(KINDS)})\.npy|[0-9a-f]{{32}}\.json")  # the latter was an index once


@dataclass(frozen=True, slots=True)
class Contents:
    """How many songs a cache has and how many may still be needed; and the files that can go, indexes first."""

    songs: int
    songs_in_use: int
    unneeded: list[Path]


def prune_all(root: Path, remove: bool) -> Iterator[str]:
    """Prune every cache in a folder, and all in it and below that was never finished; a line about each.

    Raises UserError if there is no such folder.
    """
    if not root.is_dir():
        raise UserError(f"there is no folder {root}")
    for folder in sorted(root.iterdir()):
        if FOLDER.fullmatch(folder.name) and folder.is_dir():
            yield prune(folder, remove)
    if left := list(abandoned(root)):
        yield f"{root}: {len(left)} files that were never finished, {free(left, remove)}"


def prune(folder: Path, remove: bool) -> str:
    """Tell in a line what a cache holds, and remove what can go if asked to, unless features are computed there."""
    try:
        with take_lock(folder) if remove else nullcontext():
            contents = look_into(folder)
            freed = free(contents.unneeded, remove)
            if remove and not contents.songs_in_use:
                remove_empty(folder)
    except Timeout:
        return f"{folder}: a run computes features there; prune it when that is done"
    except OSError as error:
        return f"{folder}: cannot be pruned: {error.strerror or error}"
    return f"{folder}: {contents.songs_in_use} of {contents.songs} songs in use, {freed}"


def look_into(folder: Path) -> Contents:
    """Count the songs that may still be needed; a shard without any, or without one of its arrays, can go."""
    kept, songs, songs_in_use, unneeded = set(), 0, 0, []
    for shard in shards_in(folder):
        index = read_index(folder, shard)
        whole = all(array_of(folder, shard, kind).is_file() for kind in KINDS)
        in_use = count_in_use(index) if whole else 0
        songs, songs_in_use = songs + len(index.rows), songs_in_use + in_use
        if in_use:
            kept.add(shard)
        else:
            unneeded.append(index_of(folder, shard))  # before its arrays: no index without them
    arrays = (path for path in folder.iterdir() if ARRAY.fullmatch(path.name) or UNFINISHED.fullmatch(path.name))
    unneeded += [path for path in arrays if path.name.split(".")[0] not in kept and path.is_file()]
    return Contents(songs, songs_in_use, unneeded)


def count_in_use(index: Index) -> int:
    """How many songs may still be needed; all of a damaged index, which the next run mends."""
    keys = index.rows["key"].tolist()
    return sum(map(may_be_needed, index.files, keys)) if index.sound else len(keys)


def may_be_needed(file: str, key: bytes) -> bool:
    """Whether a song's file is as it was when it was read, or its whole folder is elsewhere: moved, or not mounted."""
    path = Path(file)
    return key_hash(song_key(path)) == key or not os.path.isdir(path.parent)  # noqa: PTH112 (Path's raises for odd names)


def abandoned(root: Path) -> Iterator[Path]:
    """What kills have left below a folder of files that were being written."""
    oldest = time.time() - ABANDONED_SECONDS
    for folder, _, names in os.walk(root):
        for path in (Path(folder, name) for name in names if UNFINISHED.fullmatch(name)):
            with suppress(OSError):  # it was finished meanwhile
                if path.stat().st_mtime < oldest:
                    yield path


def free(files: Iterable[Path], remove: bool) -> str:
    """Remove files if asked to; say how much that frees, and what a system keeps that others use (Windows does)."""
    freed = in_use = 0
    for path in files:
        try:
            size = path.stat().st_size
            if remove:
                path.unlink()
            freed += size
        except FileNotFoundError:
            continue
        except OSError:
            in_use += 1
    told = f"{freed / 1e6:.1f} MB {'freed' if remove else 'can be freed with --remove'}"
    return f"{told}; {in_use} files are in use by a program, or may not be removed" if in_use else told


def remove_empty(folder: Path) -> None:
    """Remove a cache's folder, if there is nothing left in it but its settings."""
    with suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {SETTINGS}:
            (folder / SETTINGS).unlink(missing_ok=True)
            folder.rmdir()
