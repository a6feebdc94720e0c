"""StoredFeatures: the songs in the shards of a folder, checked when a process first asks for them."""

import logging
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.fingerprint import Peaks
from genre_lightning.data.shards import (
    INDEX,
    KINDS,
    NOT_DAMAGE,
    Bytes,
    CachedSong,
    Stats,
    allow_open_files,
    array_of,
    checksum,
    map_array,
    read_index,
    read_part,
    remove_shard,
    write_index,
)
from genre_lightning.text import printable

logger = logging.getLogger(__name__)
NAMED = 3  # of what is damaged


class StoredFeatures:
    """The features of songs in a folder: `n_features` numbers of a `dtype` a frame.

    Opening it reads the indexes only; the features are mapped into memory when they are used.
    """

    def __init__(self, folder: Path, n_features: int, dtype: str) -> None:
        self.folder, self.n_features, self.dtype = folder, n_features, dtype
        self.songs: dict[str, CachedSong] = {}  # by their keys
        self.checked: dict[CachedSong, bool] = {}
        self.unreadable: set[str] = set()  # shards of which the index, or a part of it, is damaged
        self.indexes: set[str] = set()
        self.opened: dict[tuple[str, str], Bytes] = {}
        self.refresh()

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process maps the shards itself; it need not check the songs again."""
        return {**self.__dict__, "opened": {}}

    def refresh(self) -> None:
        """Read the indexes that have appeared since the last time."""
        for index in sorted(self.folder.glob("*.json")):
            if INDEX.fullmatch(index.name) and index.name not in self.indexes and index.is_file():
                self.indexes.add(index.name)
                songs = read_index(index)
                self.songs |= {song.key: song for song in songs if song is not None}
                if None in songs:
                    self.unreadable.add(index.stem)
        allow_open_files(len(KINDS) * len(self.indexes))

    def is_sound(self, song: CachedSong) -> bool:
        """Whether what is stored of a song is what was computed; it is read once for that."""
        if song not in self.checked:
            self.checked[song] = self.check(song)
        return self.checked[song]

    def check(self, song: CachedSong) -> bool:
        """Hold what is stored of a song against its checksums. Raises OSError if it may not be read."""
        frame = self.n_features * np.dtype(self.dtype).itemsize
        try:
            if checksum(self.folder.name, song, self.stats(song), self.fingerprint(song)) != song.checksum:
                return False
            # Read, not mapped: where a disk fails, that is an error here, and would be the end of the process there.
            path = array_of(self.folder, song.shard, "features")
            frames = read_part(path, song.start * frame, song.n_frames * frame)
        except ValueError:  # a file does not end with a whole number, or has no header
            return False
        except OSError as error:
            if error.errno in NOT_DAMAGE:
                raise
            return False
        return zlib.crc32(frames) == song.crc  # in half the time of the digest

    def frames(self, song: CachedSong) -> npt.NDArray[Any]:
        """The features of a song: `(n_frames, n_features)`, a view of the mapped shard."""
        first, count = song.start * self.n_features, song.n_frames * self.n_features
        return self.numbers(song.shard, "features", self.dtype, first, count).reshape(-1, self.n_features)

    def stats(self, song: CachedSong) -> Stats:
        """The mean and the standard deviation of each feature over a song: `(2, n_features)`."""
        count = 2 * self.n_features
        return self.numbers(song.shard, "stats", "float32", song.row * count, count).reshape(-1, self.n_features)

    def fingerprint(self, song: CachedSong) -> Peaks:
        """What tells other copies of a song, whatever the features are: `(peaks,)`."""
        return self.numbers(song.shard, "peaks", "uint32", song.first_peak, song.n_peaks)

    def numbers(self, shard: str, kind: str, dtype: str, first: int, count: int) -> npt.NDArray[Any]:
        """A part of an array of a shard, which is mapped on first use; fewer than `count` where it ends before.

        Raises OSError, and ValueError if it does not end with a whole number.
        """
        size = np.dtype(dtype).itemsize
        if (shard, kind) not in self.opened:
            self.opened[shard, kind] = map_array(array_of(self.folder, shard, kind))
        return self.opened[shard, kind][first * size : (first + count) * size].view(dtype)

    def set_aside(self) -> None:
        """Take what was found to be damaged out of the indexes, and name it. Raises OSError."""
        lost = [song for song in self.songs.values() if self.checked.get(song) is False]
        if not lost and not self.unreadable:
            return
        for song in lost:
            del self.songs[song.key]
        names = [*(song.path for song in lost), *(f"songs of {shard}.json" for shard in self.unreadable)]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        few = ", ".join(map(printable, names[:NAMED])) + more
        logger.warning("%s: damaged there, so computed again: %s", self.folder, few)
        for shard in self.unreadable.union(song.shard for song in lost):
            if left := [song for song in self.songs.values() if song.shard == shard]:
                write_index(self.folder, shard, left)
            else:
                remove_shard(self.folder, shard)
        self.unreadable.clear()
