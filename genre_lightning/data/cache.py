"""FeatureCache: the features of every song, computed once, in immutable memory-mapped shards.

A cache is a folder named after the feature settings. One build at a time works there: it holds a lock of the system,
which a kill releases too. A killed build loses only the shard it was at. What is damaged is computed again.
"""

import hashlib
import json
import logging
import re
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from genre_lightning.audio.reading import AudioError
from genre_lightning.audio.recording import MissingError
from genre_lightning.data.building import Builder, parts
from genre_lightning.data.engine import Dask, Threads
from genre_lightning.data.extraction import Outcome, song_key, with_progress
from genre_lightning.data.index import CachedSong
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.locks import wait_for_lock
from genre_lightning.data.loudness import Loudness
from genre_lightning.data.room import check_room
from genre_lightning.data.stored import StoredFeatures
from genre_lightning.errors import UserError
from genre_lightning.features.base import Features
from genre_lightning.text import printable

logger = logging.getLogger(__name__)
# 1: songs were known by their absolute paths; 2: with their silences, as loud as they were; 3: tags; 4: no checksums;
# 5: checksums that did not tell settings apart; 6: indexes in JSON
FORMAT_VERSION = 7
FOLDER = re.compile(r"\w+-[0-9a-f]{12}")  # as folder_name calls it
SHARED_DISK = "it must be on a disk that all of them share, and be called the same there"
LOOKUPS_AT_ONCE = 8  # a network disk answers them in the time of one
SLOW_SECONDS = 3  # lookups that take longer show how far they are


class FeatureCache(StoredFeatures):
    """The features of songs, computed once with one choice of settings and kept on the disk.

    Args:
        root: The folder that holds the caches of all settings, each in a folder of its own.
        features: What is computed of a song.
        dtype: The type of the stored numbers, "float16" or "float32".
        shard_megabytes: About how much features one file holds.
        engine: What works on the files; None: a thread on each core.
        silence_db, level_db: As in Loudness.
        min_seconds, max_seconds: As in Lengths.

    Raises:
        UserError: `dtype` is another one, or one of the last four is out of range.
    """

    def __init__(
        self, root: str | Path, features: Features, dtype: str = "float16", shard_megabytes: int = 64,
        engine: Threads | Dask | None = None, silence_db: float | None = 60.0, level_db: float | None = -20.0,
        min_seconds: float = Lengths.min_seconds, max_seconds: float | None = Lengths.max_seconds,
    ) -> None:  # fmt: skip
        if dtype not in ("float16", "float32"):
            raise UserError(f"cache.dtype: {dtype!r} is neither float16 nor float32")
        try:
            self.loudness, self.lengths = Loudness(silence_db, level_db), Lengths(min_seconds, max_seconds)
        except ValueError as error:
            raise UserError(f"cache.{error}") from None
        self.features, self.engine, self.shard_bytes = features, engine or Threads(), shard_megabytes * 2**20
        self.settings = {**features.settings, **asdict(self.loudness), "dtype": dtype, "format": FORMAT_VERSION}
        self.root = Path(root).absolute()
        folder = self.root / folder_name(type(features).__name__, self.settings)
        super().__init__(folder, features.n_features, dtype)

    def find(self, path: Path) -> CachedSong | None:
        """The song of a file as it is now; None if it has not been computed, or has changed or been damaged since, or
        is no song here.
        """
        song = self.song_of(song_key(path))
        return song if song is not None and self.lengths.allow(song.seconds) else None

    def build(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Compute the features that are missing or damaged, when no other process does.

        Args:
            paths: The files of songs.

        Returns:
            The files that cannot be used, each with the reason.

        Raises:
            UserError: The disk is full or cannot be written to; what was stored until then stays.
        """
        paths = list(dict.fromkeys(paths))
        if not self.missing(paths):  # nothing is written then, so that the cache may be one that cannot be
            return {}
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with wait_for_lock(self.folder):
                self.folder.mkdir(exist_ok=True)
                self.refresh()
                missing = self.missing(paths)
                self.set_aside()
                check_room(self.root, missing, self.features, np.dtype(self.dtype).itemsize, self.lengths.max_seconds)
                return self.compute(missing) if missing else {}  # another build has done them
        except OSError as error:
            raise UserError(
                f"cache.root: cannot write to {self.folder}: {error.strerror or error}; "
                f"{len(self)} songs are kept there, free some space or change cache.root and run again"
            ) from None

    def missing(self, paths: Sequence[Path]) -> list[Path]:
        """The files whose features are not in the cache."""
        from tqdm import tqdm

        how = {"leave": False, "unit": "song", "delay": SLOW_SECONDS, "disable": None}
        with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
            found = tqdm(pool.map(self.find, paths), "cached features", len(paths), **how)
            return [path for path, song in zip(paths, found, strict=True) if song is None]

    def compute(self, paths: Sequence[Path]) -> dict[Path, str]:
        """Compute the features of files, a shard at a time; returns as `build` does. Raises OSError, and UserError."""
        broken: dict[Path, str] = {}
        try:
            with closing(self.outcomes(paths)) as outcomes:
                for path, result in with_progress(outcomes, len(paths)):
                    if isinstance(result, AudioError):
                        broken[path] = str(result)
        finally:  # also after Ctrl-C or an error
            self.refresh()
        computed = [path for path in paths if path not in broken]
        if computed and not any(self.song_of(song_key(path)) for path in computed):
            raise UserError(
                f"engine: its workers do not write to {self.folder}, where this process reads; {SHARED_DISK}: "
                "cache.root=..."
            )
        return broken

    def outcomes(self, paths: Sequence[Path]) -> Generator[Outcome]:
        """Compute and store features where the engine does; what became of each file. Raises as `compute` does."""
        how = self.features, self.dtype, self.loudness, self.lengths
        builder = Builder(self.folder, self.settings, *how, self.shard_bytes)
        if isinstance(self.engine, Threads):
            yield from builder.build(paths, self.engine)
        else:
            for path, result in chain.from_iterable(self.engine.map(builder.build_part, parts(paths))):
                if isinstance(result, MissingError) and path.exists():
                    raise UserError(f"engine: a worker does not see {printable(path)}, which is there; {SHARED_DISK}")
                yield path, result


def folder_name(features: str, settings: dict[str, Any]) -> str:
    """What the folder of a cache is called, which is different for all settings."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return f"{features}-{digest[:12]}".lower()
