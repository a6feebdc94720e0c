"""Shards: files with the features of some songs, which never change; and what tells that they are as they were written.

A shard is four files with one random name. NAME.features.npy `(frames, features)` holds all its songs one after the
other, NAME.stats.npy `(songs, 2, features)` each song's mean and standard deviation, NAME.peaks.npy `(peaks,)` the
fingerprints of all songs, and NAME.songs.npy is its index (`index.py`). A shard exists once its index does.

Disks lose and mix up what they hold. So a song has a checksum of its frames, and one of all else that is kept of it,
which tells settings apart, too. The headers of the arrays are for other programs: here it counts which bytes are there,
not what a header says.
"""

import hashlib
import logging
import zlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.fingerprint import Peaks
from genre_lightning.data.extraction import Extracted
from genre_lightning.data.index import HASH_BYTES, ROW, Rows, index_of, key_hash, write_index
from genre_lightning.files import write_whole

logger = logging.getLogger(__name__)
Bytes = npt.NDArray[np.uint8]
Stats = npt.NDArray[np.float32]
KINDS = ("features", "stats", "peaks")
HEADER_BYTES = 128  # of all arrays of fewer than four dimensions, in version 1.0 of NumPy's format
MOST_MAPPED = 32_768  # half of the files that Linux lets a process map
OTHER_FILES = 512  # that a process has open beside those of a cache, at most


def checksum(cache: str, shard: str, row: np.void, stats: Stats, fingerprint: Peaks) -> bytes:
    """What changes with any number of a song, its `stats`, its `fingerprint`, and its cache's name: its settings."""
    hashed = hashlib.sha256(f"{cache}/{shard}".encode())
    hashed.update(row.tobytes()[HASH_BYTES:])
    hashed.update(stats.tobytes())
    hashed.update(fingerprint.tobytes())
    return hashed.digest()[:HASH_BYTES]


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
        with path.open("rb") as file:  # of a path, np.memmap would look up every folder
            return np.asarray(np.memmap(file, mode="r", offset=HEADER_BYTES))  # slices of np.memmap are slow to make
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


def allow_open_files(count: int) -> int:
    """Let this process have so many files of a cache open: most systems allow 1,024 unasked, macOS 256.

    Returns how many it may have.
    """
    count = min(count, MOST_MAPPED)
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return count
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + OTHER_FILES if hard == resource.RLIM_INFINITY else min(count + OTHER_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return count if soft == resource.RLIM_INFINITY else min(count, max(soft - OTHER_FILES, soft // 4))


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
        files = [str(song.path.absolute()) for song in songs]
        write_index(folder, name, rows_of(folder.name, name, songs), files)
    except OSError:
        remove_shard(folder, name)
        raise


def write_array(array: npt.NDArray[Any], file: BinaryIO) -> None:
    """What np.save does, whose errors do not tell that a disk is full."""
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    file.write(array.data)


def remove_shard(folder: Path, name: str) -> None:
    """Remove the files of a shard, the index first; those that the system keeps, as Windows does with mapped ones,
    are nothing without it.
    """
    for path in (index_of(folder, name), *(array_of(folder, name, kind) for kind in KINDS)):
        with suppress(OSError):
            path.unlink()


def rows_of(cache: str, shard: str, songs: Sequence[Extracted]) -> Rows:
    """Where each song lies in a shard of a cache, `(songs,)`."""
    rows, start, first_peak = np.zeros(len(songs), ROW), 0, 0
    for number, (row, song) in enumerate(zip(rows, songs, strict=True)):
        row["key"], row["digest"] = key_hash(song.key), bytes.fromhex(song.digest)
        row["row"], row["seconds"], row["crc"] = number, song.seconds, zlib.crc32(song.frames.data)
        row["start"], row["n_frames"] = start, len(song.frames)
        row["first_peak"], row["n_peaks"] = first_peak, len(song.fingerprint)
        row["checksum"] = checksum(cache, shard, row, song.stats, song.fingerprint)
        start, first_peak = start + len(song.frames), first_peak + len(song.fingerprint)
    return rows
