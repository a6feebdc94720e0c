"""The index of a shard: which songs it has, where they lie, and what tells that they are as they were written.

NAME.songs.npy is an array of ROW, one for each song, which NumPy reads; behind it, where NumPy does not look, the paths
of the songs' files, then END. Columns are read by the million; a song is made of them when it is asked for.
"""

import errno
import hashlib
import os
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genre_lightning.files import write_whole

# checksum: what `shards.checksum` makes of all else; key: a hash of `song_key`; digest: Extracted's; row, start and
# first_peak: where the song's stats, frames and fingerprint begin in the arrays of the shard; seconds: how long the
# song is; crc: its frames' CRC-32.
ROW = np.dtype([
    ("checksum", "V16"), ("key", "V16"), ("digest", "V32"), ("start", "<i8"), ("first_peak", "<i8"), ("seconds", "<f8"),
    ("row", "<i4"), ("n_frames", "<i4"), ("n_peaks", "<i4"), ("crc", "<u4"),
])  # fmt: skip
Rows = npt.NDArray[Any]  # of ROW
HASH_BYTES = 16  # of a checksum, and of a key
ROWS_BEGIN = 320  # behind the header of such an array, in version 1.0 of NumPy's format
END = Struct("<II")  # how many songs; a CRC-32 of all before it, and of whose index it is
INDEX = re.compile(r"([0-9a-f]{32})\.songs\.npy")  # what has another name is no index
# Errors that say nothing about what a file holds.
NOT_DAMAGE = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


@dataclass(frozen=True, slots=True)
class CachedSong:
    """A song of a cache, by its `number` there, as long as the cache is open; `digest` is Extracted's."""

    number: int
    n_frames: int
    seconds: float
    digest: str


class Index(NamedTuple):
    """What an index holds: its rows `(songs,)`, and the path of each song's file when it was read.

    Of one that is not `sound`, any of it may be wrong.
    """

    rows: Rows
    paths: bytes
    sound: bool

    @property
    def files(self) -> list[str]:
        """The path of each song, empty where it is lost."""
        names = self.paths.decode("utf-8", "surrogatepass" if self.sound else "replace").split("\0")
        return [*names, *[""] * len(self.rows)][: len(self.rows)]


def shards_in(folder: Path) -> list[str]:
    """The names of the shards that have an index in a folder, in order; none if there is no such folder."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        return sorted(found[1] for entry in entries if (found := INDEX.fullmatch(entry.name)) and entry.is_file())
    return []


def index_of(folder: Path, shard: str) -> Path:
    """The index of a shard."""
    return folder / f"{shard}.songs.npy"


def read_index(folder: Path, shard: str) -> Index:
    """The songs of a shard. Raises OSError if the file may not be read."""
    try:
        # A library has tens of thousands: what pathlib adds to each is a sixth of the time.
        with open(f"{folder}{os.sep}{shard}.songs.npy", "rb", buffering=0) as file:  # noqa: PTH123
            data = file.read()
    except OSError as error:
        if error.errno in NOT_DAMAGE:
            raise
        data = b""
    room = len(data) - ROWS_BEGIN - END.size
    if room < 0:
        return Index(np.empty(0, ROW), b"", sound=False)
    count, crc = END.unpack_from(data, len(data) - END.size)
    rows = np.frombuffer(data, ROW, min(count, room // ROW.itemsize), ROWS_BEGIN)
    sound = len(rows) == count and crc == crc_of(folder, shard, memoryview(data)[:-4])
    return Index(rows, data[ROWS_BEGIN + rows.nbytes : -END.size], sound)


def crc_of(folder: Path, shard: str, data: bytes | memoryview) -> int:
    """A CRC-32 of an index and whose it is: the cache's name stands for its settings."""
    return zlib.crc32(data, zlib.crc32(f"{folder.name}/{shard}".encode()))


def write_index(folder: Path, shard: str, rows: Rows, files: Sequence[str]) -> None:
    """Write the index of a shard, also anew. Raises OSError."""
    head = BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(rows))
    paths = "\0".join(files).encode("utf-8", "surrogatepass")
    data = head.getvalue() + rows.tobytes() + paths + len(rows).to_bytes(4, "little")
    data += crc_of(folder, shard, data).to_bytes(4, "little")
    write_whole(index_of(folder, shard), lambda file: file.write(data))


def key_hash(key: str) -> bytes:
    """A key as the rows have it."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:HASH_BYTES]
