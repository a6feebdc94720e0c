"""Builder: computes songs' features and writes them as shards, in this process or in a worker's of a cluster."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from genre_lightning.data.engine import Threads
from genre_lightning.data.extraction import Extracted, Outcome, extract, extract_all
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.data.shards import write_shard
from genre_lightning.features.base import Features, read_features
from genre_lightning.files import write_text_whole

SETTINGS = "settings.json"
SHARD_SECONDS = 30  # of work at most are lost to a kill
PART_SONGS, PART_BYTES = 256, 2**27  # at most in a task of a cluster: half a minute of work for one worker


@dataclass(frozen=True)
class Builder:
    """What it takes to build a cache in `folder`, small enough to be sent to other processes.

    `settings` are what the folder's name stands for; the features are stored as `dtype`, about `shard_bytes` in a file.
    """

    folder: Path
    settings: dict[str, Any]
    features: Features
    dtype: str
    loudness: Loudness
    lengths: Lengths
    shard_bytes: int

    def __reduce__(self) -> tuple[Any, ...]:
        """Features travel as their settings: a process makes them once, however many tasks it gets."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return arrived, (values | {"features": json.dumps(self.features.settings)},)

    def build(self, paths: Sequence[Path], engine: Threads) -> Iterator[Outcome]:
        """Compute and store the features of files, a shard at a time. Raises OSError."""
        unstored: list[Extracted] = []
        due = time.monotonic() + SHARD_SECONDS
        try:
            with closing(extract_all(paths, self.extract, engine)) as extracted:  # pyright: ignore[reportArgumentType]
                for path, result in extracted:
                    if isinstance(result, Extracted):
                        unstored.append(result)
                    if sum(song.frames.nbytes for song in unstored) >= self.shard_bytes or time.monotonic() > due:
                        self.store(unstored)
                        due = time.monotonic() + SHARD_SECONDS
                    yield path, result.seconds if isinstance(result, Extracted) else result
        finally:  # also after Ctrl-C or an error
            self.store(unstored)

    def build_part(self, paths: Sequence[Path]) -> list[Outcome]:
        """The same in one go, as the workers of a cluster do. Raises OSError."""
        return [*self.build(paths, Threads(1))]

    def extract(self, path: Path) -> Extracted:
        """Compute one song. Raises AudioError."""
        return extract(path, self.features, self.dtype, self.loudness, self.lengths)

    def store(self, songs: list[Extracted]) -> None:
        """Write a shard, and the settings that the folder's name stands for; then forget the songs. Raises OSError."""
        try:
            if songs:
                if not (self.folder / SETTINGS).exists():
                    write_text_whole(self.folder / SETTINGS, json.dumps(self.settings, indent=2))
                write_shard(self.folder, uuid.uuid4().hex, songs)
                songs.clear()
        except OSError:
            songs.clear()
            raise


def arrived(values: dict[str, Any]) -> Builder:
    """The Builder that another process has sent, whose own command chose the class of its features."""
    features: Any = remembered(values["features"])
    return Builder(**values | {"features": features})


@cache
def remembered(settings: str) -> Features:
    """Features of these settings, in JSON."""
    return read_features(json.loads(settings), trust=True)


def parts(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The files, as many at a time as make about a shard, judged by their sizes."""
    part, size = [], 0
    for path in paths:
        part.append(path)
        with suppress(OSError):  # it is told when it is read
            size += path.stat().st_size
        if len(part) == PART_SONGS or size >= PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part
