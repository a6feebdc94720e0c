"""StoredFeatures: the songs in the shards of a folder, checked when a process first asks for them."""

import logging
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.fingerprint import Peaks
from genre_lightning.data.index import NOT_DAMAGE, ROW, CachedSong, key_hash, read_index, shards_in, write_index
from genre_lightning.data.shards import (
    KINDS,
    Stats,
    allow_open_files,
    array_of,
    checksum,
    map_array,
    read_part,
    remove_shard,
)
from genre_lightning.text import printable

logger = logging.getLogger(__name__)
NAMED = 3  # of what is damaged
UNCHECKED, SOUND, DAMAGED, SET_ASIDE = range(4)  # what may be known of a song
Numbers = npt.NDArray[np.int64]


class StoredFeatures:
    """The features of songs in a folder: `n_features` numbers of a `dtype` a frame.

    Opening it reads the indexes only; the features are mapped into memory when they are used.

    Attributes:
        rows: What the indexes say of each song, `(songs,)`; a song's number is its place here, and never changes.
        shard: The shard of each song, `(songs,)`, by its place in `shards`.
        state: What is known of each song, `(songs,)`: UNCHECKED, SOUND, DAMAGED or SET_ASIDE.
    """

    def __init__(self, folder: Path, n_features: int, dtype: str) -> None:
        self.folder, self.n_features, self.dtype = folder, n_features, dtype
        # The type and the width of the rows of each array.
        self.layout = {"features": (dtype, n_features), "stats": ("float32", 2 * n_features), "peaks": ("uint32", 1)}
        self.rows, self.shard, self.state = np.empty(0, ROW), np.empty(0, np.int32), np.empty(0, np.int8)
        self.shards: list[str] = []
        self.unsound: set[str] = set()  # shards of which the index, or a part of it, is damaged
        self.opened: OrderedDict[tuple[int, str], npt.NDArray[Any]] = OrderedDict()
        self.refresh()

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process maps the shards itself; it need not check the songs again."""
        kept = {name: value for name, value in self.__dict__.items() if name != "numbers"}
        return {**kept, "opened": OrderedDict()}

    def __len__(self) -> int:
        """How many songs there are, but for those that are known to be damaged."""
        return int((self.state <= SOUND).sum())

    def refresh(self) -> None:
        """Read the indexes that have appeared since the last time. Raises OSError if one may not be read."""
        known = {*self.shards}
        new = [shard for shard in shards_in(self.folder) if shard not in known]
        indexes = [read_index(self.folder, shard) for shard in new]
        counts = [len(index.rows) for index in indexes]
        self.rows = np.frombuffer(b"".join([self.rows.tobytes(), *(index.rows.tobytes() for index in indexes)]), ROW)
        numbers = np.arange(len(known), len(known) + len(new), dtype=np.int32)
        self.shard = np.concatenate([self.shard, np.repeat(numbers, counts)])
        self.state = np.concatenate([self.state, np.full(sum(counts), UNCHECKED, np.int8)])
        self.shards += new
        self.most_open = allow_open_files(len(KINDS) * len(self.shards))
        self.unsound |= {shard for shard, index in zip(new, indexes, strict=True) if not index.sound}
        unsound = [place for place, shard in enumerate(self.shards) if shard in self.unsound]
        for number in np.flatnonzero(np.isin(self.shard, unsound)).tolist():
            self.is_sound(number)  # even a key may be another song's
        self.__dict__.pop("numbers", None)

    @cached_property
    def numbers(self) -> dict[bytes, int]:
        """The songs by their keys, but for those that are known to be damaged; of several the last."""
        there = np.flatnonzero(self.state <= SOUND)
        return dict(zip(self.rows["key"][there].tolist(), there.tolist(), strict=True))

    def song_of(self, key: str) -> CachedSong | None:
        """The song of a key, if it is there and as it was when it was computed."""
        number = self.numbers.get(key_hash(key))
        if number is None or not self.is_sound(number):
            return None
        return self.song(number)

    def song(self, number: int) -> CachedSong:
        """The song of a number."""
        row = self.rows[number]
        return CachedSong(number, int(row["n_frames"]), float(row["seconds"]), row["digest"].item().hex())

    def songs_of(self, digests: Sequence[str]) -> list[CachedSong]:
        """The songs of digests, which stay what they are in another process. Raises KeyError if one is not there."""
        heads = np.ascontiguousarray(self.rows["digest"]).view("<u8")[::4]
        wanted = np.frombuffer(bytes.fromhex("".join(digests)), "<u8")[::4]
        there = [number for number in np.flatnonzero(np.isin(heads, wanted)).tolist() if self.is_sound(number)]
        found = {song.digest: song for song in map(self.song, there)}
        return [found[digest] for digest in digests]

    def is_sound(self, number: int) -> bool:
        """Whether what is stored of a song is what was computed; it is read once for that."""
        if self.state[number] == UNCHECKED:
            self.state[number] = SOUND if self.check(number) else DAMAGED
        return bool(self.state[number] == SOUND)

    def check(self, number: int) -> bool:
        """Hold what is stored of a song against its checksums. Raises OSError if it may not be read."""
        row, shard = self.rows[number], self.shards[self.shard[number]]
        frame = self.n_features * np.dtype(self.dtype).itemsize
        try:
            stats = self.array(int(self.shard[number]), "stats")[int(row["row"]) :][:1]
            peaks = self.part(number, "peaks", "first_peak", "n_peaks")
            if checksum(self.folder.name, shard, row, stats, peaks) != row["checksum"].item():
                return False
            # Read, not mapped: where a disk fails, that is an error here, and would be the end of the process there.
            path = array_of(self.folder, shard, "features")
            frames = read_part(path, int(row["start"]) * frame, int(row["n_frames"]) * frame)
        except ValueError:  # a file has no header
            return False
        except OSError as error:
            if error.errno in NOT_DAMAGE:
                raise
            return False
        return zlib.crc32(frames) == row["crc"]  # in half the time of the digest

    def frames(self, song: CachedSong) -> npt.NDArray[Any]:
        """The features of a song: `(n_frames, n_features)`, a view of the mapped shard."""
        return self.part(song.number, "features", "start", "n_frames")

    def stats(self, song: CachedSong) -> Stats:
        """The mean and the standard deviation of each feature over a song: `(2, n_features)`."""
        return self.stats_of(np.array([song.number]))[0]

    def stats_of(self, numbers: Numbers) -> Stats:
        """The same of many songs, by their numbers: `(songs, 2, n_features)`."""
        stats = np.empty((len(numbers), 2 * self.n_features), np.float32)
        shards, rows = self.shard[numbers], self.rows["row"][numbers]
        order = np.argsort(shards, kind="stable")
        for places in np.split(order, np.flatnonzero(np.diff(shards[order])) + 1):
            stats[places] = self.array(int(shards[places[0]]), "stats")[rows[places]]
        return stats.reshape(-1, 2, self.n_features)

    def fingerprint(self, song: CachedSong) -> Peaks:
        """What tells other copies of a song, whatever the features are: `(peaks,)`."""
        return self.part(song.number, "peaks", "first_peak", "n_peaks")[:, 0]

    def part(self, number: int, kind: str, first: str, count: str) -> npt.NDArray[Any]:
        """A song's part of an array, by the columns that say where; less where it ends before.

        Raises OSError, ValueError.
        """
        begin, length = int(self.rows[number][first]), int(self.rows[number][count])
        return self.array(int(self.shard[number]), kind)[begin : begin + length]

    def array(self, shard: int, kind: str) -> npt.NDArray[Any]:
        """An array of a shard by its place in `shards`, as rows: `(rows, width)`; it is mapped on first use.

        Not more are mapped at once than the system lets a process have. Raises OSError, ValueError.
        """
        if (shard, kind) not in self.opened:
            dtype, width = self.layout[kind]
            held = map_array(array_of(self.folder, self.shards[shard], kind))
            whole = len(held) // (width * np.dtype(dtype).itemsize) * width * np.dtype(dtype).itemsize
            while len(self.opened) >= self.most_open:
                self.opened.popitem(last=False)
            self.opened[shard, kind] = held[:whole].view(dtype).reshape(-1, width)
        return self.opened[shard, kind]

    def set_aside(self) -> None:
        """Take what was found to be damaged out of the indexes, and name it. Raises OSError."""
        damaged = self.state == DAMAGED
        hit = sorted({*(self.shards[shard] for shard in np.unique(self.shard[damaged])), *self.unsound})
        names = [name for shard in hit for name in self.mend(shard)]
        self.state[damaged] = SET_ASIDE
        self.unsound.clear()
        self.__dict__.pop("numbers", None)
        if names:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            few = ", ".join(map(printable, names[:NAMED])) + more
            logger.warning("%s: damaged there, so computed again: %s", self.folder, few)

    def mend(self, shard: str) -> list[str]:
        """Leave only sound songs in an index, and return what was lost. Raises OSError."""
        index = read_index(self.folder, shard)
        there = (self.shard == self.shards.index(shard)) & (self.state <= SOUND)
        mine = {row.tobytes() for row in self.rows[there]}
        kept, lost = [], []
        files = index.files
        for place, row in enumerate(index.rows):
            (kept if row.tobytes() in mine else lost).append(place)
        if kept:
            write_index(self.folder, shard, index.rows[kept], [files[place] for place in kept])
        else:
            remove_shard(self.folder, shard)
        return [f"songs of {shard}"] if shard in self.unsound else [files[place] for place in lost]
