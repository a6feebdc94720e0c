"""FeatureCache: the features of every song, computed once, in immutable memory-mapped shards.

A cache is a folder named after the feature settings. A shard is four files with one random name: NAME.features.npy
`(frames, features)`, all its songs one after the other; NAME.stats.npy `(songs, 2, features)`, each song's mean and
standard deviation; NAME.peaks.npy `(peaks,)`, the fingerprints of all songs; and NAME.json, the index. A shard exists
once its index does, and never changes after that, so a killed build loses only the shard it was at, and several builds
at once can't harm each other.
"""

import hashlib
import json
import random
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.fingerprint import Peaks
from genre_lightning.audio.reading import AudioError
from genre_lightning.data.extraction import Extracted, extract, extract_all, song_key, with_progress
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.errors import UserError
from genre_lightning.features.base import Features
from genre_lightning.files import write_text_whole, write_whole

FORMAT_VERSION = 4  # 1: songs were known by their absolute paths; 2: with their silences, as loud as they were; 3: tags
SETTINGS = "settings.json"
LOOKUPS_AT_ONCE = 8  # a network disk answers them in the time of one
SHARD_SECONDS = 30  # of work at most are lost to a kill, and done twice by two builds at once


@dataclass(frozen=True, slots=True)
class CachedSong:
    """Where a song's features lie in the cache, and what was learnt while its file was read.

    `path` is where the file was then; `row` is the song's index in the shard, `start` its first frame there; its
    fingerprint is `n_peaks` long and begins with `first_peak`.
    """

    key: str
    path: str
    shard: str
    row: int
    start: int
    n_frames: int
    seconds: float
    digest: str
    first_peak: int
    n_peaks: int


class FeatureCache:
    """The features of songs, computed once with one choice of settings and kept on the disk.

    Opening it reads the indexes only; the features are mapped into memory when they are used.

    Args:
        root: The folder that holds the caches of all settings, each in a folder of its own.
        features: What is computed of a song.
        dtype: The type of the stored numbers, "float16" or "float32".
        shard_megabytes: About how much features one file holds.
        num_workers: How many files are worked on at once; None: one on each core.
        silence_db, level_db: As in Loudness.
        min_seconds, max_seconds: As in Lengths.

    Raises:
        UserError: `dtype` is another one, or one of the last four is out of range.
    """

    def __init__(
        self, root: str | Path, features: Features, dtype: str = "float16", shard_megabytes: int = 64,
        num_workers: int | None = None, silence_db: float | None = 60.0, level_db: float | None = -20.0,
        min_seconds: float = Lengths.min_seconds, max_seconds: float | None = Lengths.max_seconds,
    ) -> None:  # fmt: skip
        if dtype not in ("float16", "float32"):
            raise UserError(f"cache.dtype: {dtype!r} is neither float16 nor float32")
        try:
            self.loudness, self.lengths = Loudness(silence_db, level_db), Lengths(min_seconds, max_seconds)
        except ValueError as error:
            raise UserError(f"cache.{error}") from None
        self.num_workers = num_workers
        self.features, self.dtype, self.shard_bytes = features, dtype, shard_megabytes * 2**20
        self.settings = {**features.settings, **asdict(self.loudness), "dtype": dtype, "format": FORMAT_VERSION}
        self.root = Path(root).absolute()
        self.folder = self.root / folder_name(type(features).__name__, self.settings)
        self.songs: dict[str, CachedSong] = {}
        self.indexes: set[str] = set()
        self.opened: dict[str, npt.NDArray[Any]] = {}
        self.refresh()

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process maps the shards itself."""
        return {**self.__dict__, "opened": {}}

    def refresh(self) -> None:
        """Read the indexes that have appeared since the last time."""
        for index in sorted(self.folder.glob("*.json")):
            if index.name != SETTINGS and index.name not in self.indexes:
                self.indexes.add(index.name)
                songs = (CachedSong(**song) for song in json.loads(index.read_text(encoding="utf-8")))
                self.songs |= {song.key: song for song in songs}

    def find(self, path: Path) -> CachedSong | None:
        """The song of a file as it is now; None if it has not been computed, has changed since, or is no song here."""
        song = self.songs.get(song_key(path))
        return song if song is not None and self.lengths.allow(song.seconds) else None

    def frames(self, song: CachedSong) -> npt.NDArray[Any]:
        """The features of a song: `(n_frames, n_features)`, a view of the mapped shard."""
        return self.array(f"{song.shard}.features.npy")[song.start : song.start + song.n_frames]

    def fingerprint(self, song: CachedSong) -> Peaks:
        """What tells other copies of a song, whatever the features are: `(peaks,)`."""
        return self.array(f"{song.shard}.peaks.npy")[song.first_peak : song.first_peak + song.n_peaks]

    def stats(self, song: CachedSong) -> npt.NDArray[np.float32]:
        """The mean and the standard deviation of each feature over a song: `(2, n_features)`."""
        return self.array(f"{song.shard}.stats.npy")[song.row]

    def array(self, name: str) -> npt.NDArray[Any]:
        """A shard's file, mapped on first use; a plain array, since slices of np.memmap are slow to make."""
        if name not in self.opened:
            self.opened[name] = np.asarray(np.load(self.folder / name, mmap_mode="r"))
        return self.opened[name]

    def build(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Compute the features that are missing.

        Args:
            paths: The files of songs.

        Returns:
            The files that cannot be used, each with the reason.

        Raises:
            UserError: The disk is full or cannot be written to; what was stored until then stays.
        """
        if not (missing := self.missing(list(dict.fromkeys(paths)))):
            return {}
        random.SystemRandom().shuffle(missing)  # two builds at once, equally seeded, then seldom do the same song
        broken: dict[Path, str] = {}
        unstored: list[Extracted] = []
        due = time.monotonic() + SHARD_SECONDS
        try:
            for path, result in with_progress(extract_all(missing, self.extract, self.num_workers), len(missing)):
                if isinstance(result, AudioError):
                    broken[path] = str(result)
                elif result is not None:
                    unstored.append(result)
                if sum(song.frames.nbytes for song in unstored) >= self.shard_bytes or time.monotonic() > due:
                    self.store(unstored)
                    due = time.monotonic() + SHARD_SECONDS
        finally:  # also after Ctrl-C or an error
            self.store(unstored)
        return broken

    def missing(self, paths: list[Path]) -> list[Path]:
        """The files whose features are not in the cache."""
        with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
            return [path for path, song in zip(paths, pool.map(self.find, paths), strict=True) if song is None]

    def extract(self, path: Path) -> Extracted | None:
        """Compute one song, unless another process has stored it by now. Raises AudioError."""
        return None if self.find(path) else extract(path, self.features, self.dtype, self.loudness, self.lengths)

    def store(self, songs: list[Extracted]) -> None:
        """Write a shard, the index last, and forget the songs; then see what other processes have written.

        Raises UserError.
        """
        name = uuid.uuid4().hex
        try:
            if songs:
                self.write_shard(name, songs)
                songs.clear()
        except OSError as error:
            songs.clear()
            for part in self.folder.glob(f"{name}.*"):
                part.unlink()
            raise UserError(
                f"cache.root: cannot write to {self.folder}: {error.strerror or error}; "
                f"{len(self.songs)} songs are kept there, free some space or change cache.root and run again"
            ) from None
        self.refresh()

    def write_shard(self, name: str, songs: Sequence[Extracted]) -> None:
        """Write the files of a shard, and the settings that the folder's name stands for. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / SETTINGS).exists():
            write_text_whole(self.folder / SETTINGS, json.dumps(self.settings, indent=2))
        arrays = {
            "features": np.concatenate([song.frames for song in songs]),
            "stats": np.stack([song.stats for song in songs]),
            "peaks": np.concatenate([song.fingerprint for song in songs]),
        }
        for kind, array in arrays.items():
            write_whole(self.folder / f"{name}.{kind}.npy", partial(np.save, arr=array))
        index = [asdict(song) for song in indexed(name, songs)]
        write_text_whole(self.folder / f"{name}.json", json.dumps(index))


def folder_name(features: str, settings: dict[str, Any]) -> str:
    """What the folder of a cache is called, which is different for all settings."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return f"{features}-{digest[:12]}".lower()


def indexed(shard: str, songs: Sequence[Extracted]) -> Iterator[CachedSong]:
    """Where each song lies in a shard."""
    start = first_peak = 0
    for row, song in enumerate(songs):
        peaks = first_peak, len(song.fingerprint)
        where = str(song.path.absolute()), shard, row, start, len(song.frames)
        yield CachedSong(song.key, *where, song.seconds, song.digest, *peaks)
        start, first_peak = start + len(song.frames), sum(peaks)
