"""Shards: files with the features of some songs, which never change; and what tells that they are as they were written.

A shard is four files with one random name. NAME.features.npy `(frames, features)` holds all its songs one after the
other, NAME.stats.npy `(songs, 2, features)` each song's mean and standard deviation, NAME.peaks.npy `(peaks,)` the
fingerprints of all songs, and NAME.json, the index, is a list of `CachedSong`s. A shard exists once its index does.

Disks lose and mix up what they hold. So a song has a checksum of its frames, and one of all else that is kept of it,
which tells settings apart, too. The headers of the arrays are for other programs: here it counts which bytes are there,
not what a header says.
"""

import errno
import hashlib
import json
import logging
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.fingerprint import Peaks
from genre_lightning.data.extraction import Extracted
from genre_lightning.files import write_text_whole, write_whole

logger = logging.getLogger(__name__)
Bytes = npt.NDArray[np.uint8]
Stats = npt.NDArray[np.float32]
KINDS = ("features", "stats", "peaks")
HEADER_BYTES = 128  # of all arrays of fewer than four dimensions, in version 1.0 of NumPy's format
# Errors that say nothing about what a file holds.
NOT_DAMAGE = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
OTHER_FILES = 512  # that a process has open beside those of a cache, at most
INDEX = re.compile(r"[0-9a-f]{32}\.json")  # what has another name is no index


@dataclass(frozen=True, slots=True)
class CachedSong:
    """Where a song's features lie in the cache, and what was learnt while its file was read.

    `path` is where the file was then; `row` is the song's index in the shard, `start` its first frame there; its
    fingerprint is `n_peaks` long and begins with `first_peak`. `digest` is `Extracted`'s, `crc` the frames' CRC-32, and
    `checksum` one of all else.
    """

    key: str
    path: str
    shard: str
    row: int
    start: int
    n_frames: int
    seconds: float
    digest: str
    crc: int
    first_peak: int
    n_peaks: int
    checksum: str = ""


TYPES: dict[str, Any] = {field.name: field.type for field in fields(CachedSong)}


def read_index(path: Path) -> list[CachedSong | None]:
    """The songs of an index, None for each entry that is none; one None for a file that is no index.

    Raises OSError if it may not be read.
    """
    try:
        entries = json.loads(path.read_bytes())
    except OSError as error:
        if error.errno in NOT_DAMAGE:
            raise
        entries = None
    except (ValueError, RecursionError):
        entries = None
    return [as_song(entry, path.stem) for entry in entries] if isinstance(entries, list) else [None]


def as_song(entry: Any, shard: str) -> CachedSong | None:
    """An entry of a shard's index as a song, whose numbers may still be wrong; None if it is none."""
    if isinstance(entry, dict) and {name: type(entry[name]) for name in entry} == TYPES and entry["shard"] == shard:
        return CachedSong(**entry)
    return None


def checksum(cache: str, song: CachedSong, stats: Stats, fingerprint: Peaks) -> str:
    """What changes with any number of a song, its `stats`, its `fingerprint`, and its cache's name: its settings."""
    known = [cache, *(getattr(song, name) for name in TYPES if name != "checksum")]
    hashed = hashlib.sha256(json.dumps(known).encode())
    hashed.update(stats.tobytes())
    hashed.update(fingerprint.tobytes())
    return hashed.hexdigest()


def array_of(folder: Path, shard: str, kind: str) -> Path:
    """The file with the features, stats or peaks of a shard."""
    return folder / f"{shard}.{kind}.npy"


def read_part(path: Path, first: int, count: int) -> bytes:
    """Bytes of an array: fewer than `count` where the file ends before. Raises OSError."""
    with path.open("rb") as file:
        file.seek(HEADER_BYTES + first)
        return file.read(count)


def map_array(path: Path) -> Bytes:
    """The bytes of an array, mapped into memory, or read where the disk cannot map. Raises OSError, or ValueError for
    a file that has less than a header.
    """
    try:
        return np.asarray(np.memmap(path, mode="r", offset=HEADER_BYTES))  # slices of np.memmap are slow to make
    except OSError:
        held = np.fromfile(path, np.uint8, offset=HEADER_BYTES)
        tell_unmapped(path.parent)
        return held


@cache
def tell_unmapped(folder: Path) -> None:
    """Say once what a disk lacks."""
    what = (
        "files cannot be mapped into memory on that disk, so all features are held there; another cache.root needs less"
    )
    logger.warning("%s: %s", folder, what)


def allow_open_files(count: int) -> None:
    """Let this process have so many files of a cache open: most systems allow 1,024 unasked, macOS 256."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = count + OTHER_FILES if hard == resource.RLIM_INFINITY else min(count + OTHER_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def write_shard(folder: Path, name: str, songs: Sequence[Extracted]) -> None:
    """Write the files of a shard, the index last; an error leaves none of them. Raises OSError."""
    arrays = {
        "features": np.concatenate([song.frames for song in songs]),
        "stats": np.stack([song.stats for song in songs]),
        "peaks": np.concatenate([song.fingerprint for song in songs]),
    }
    try:
        for kind, array in arrays.items():
            write_whole(array_of(folder, name, kind), partial(write_array, array))
        write_index(folder, name, [*indexed(folder.name, name, songs)])
    except OSError:
        remove_shard(folder, name)
        raise


def write_array(array: npt.NDArray[Any], file: BinaryIO) -> None:
    """What np.save does, whose errors do not tell that a disk is full."""
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    file.write(array.data)


def write_index(folder: Path, name: str, songs: Sequence[CachedSong]) -> None:
    """Write the index of a shard, also anew. Raises OSError."""
    write_text_whole(folder / f"{name}.json", json.dumps([asdict(song) for song in songs]))


def remove_shard(folder: Path, name: str) -> None:
    """Remove the files of a shard, the index first; those that the system keeps, as Windows does with mapped ones,
    are nothing without it.
    """
    for path in (folder / f"{name}.json", *(array_of(folder, name, kind) for kind in KINDS)):
        with suppress(OSError):
            path.unlink()


def indexed(cache: str, shard: str, songs: Sequence[Extracted]) -> Iterator[CachedSong]:
    """Where each song lies in a shard of a cache."""
    start = first_peak = 0
    for row, song in enumerate(songs):
        peaks = first_peak, len(song.fingerprint)
        where = str(song.path.absolute()), shard, row, start, len(song.frames)
        cached = CachedSong(song.key, *where, song.seconds, song.digest, zlib.crc32(song.frames.data), *peaks)
        yield replace(cached, checksum=checksum(cache, cached, song.stats, song.fingerprint))
        start, first_peak = start + len(song.frames), sum(peaks)
