"""Many songs are embedded part by part, here or by the workers of a cluster; what was cut off goes on from there."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.data.engine import Dask, Threads
from genre_lightning.embed.embedder import SongMeans, embed_songs, predicting_trainer
from genre_lightning.embed.embeddings import UnreadableError, read_arrays
from genre_lightning.files import write_whole
from genre_lightning.runs.run import Run

if TYPE_CHECKING:
    from lightning import Trainer

    from genre_lightning.data.cache import CachedSong

logger = logging.getLogger(__name__)
PART_SONGS, TASK_SONGS = 4096, 256  # in a part at home, and in a task of a cluster: half a minute of work each
PARTS = "parts"  # the folder in that of the songs, until all of them are embedded


def embed_by_parts(run: Run, songs: Sequence[CachedSong], trainer: Trainer, folder: Path) -> SongMeans:
    """Embed songs in the run's cache; where there are several parts, each is kept in `folder` until all are done.

    Raises UserError, as `embed_songs` does.
    """
    if trainer.is_global_zero:
        logger.info("%s: songs to embed: %d", run.folder, len(songs))
    size = TASK_SONGS if isinstance(run.engine, Dask) else PART_SONGS
    parts = [songs[first : first + size] for first in range(0, len(songs), size)]
    if len(parts) == 1 and not isinstance(run.engine, Dask):
        return embed_songs(run, songs, trainer)
    files = [folder / PARTS / f"{name_of(run, part)}.npz" for part in parts]
    todo = [number for number, part in enumerate(parts) if read_part(files[number], len(part)) is None]
    done = len(songs) - sum(len(parts[number]) for number in todo)
    for number, means in zip(todo, embedded(run, [parts[number] for number in todo], trainer), strict=True):
        done += len(parts[number])
        if trainer.is_global_zero:
            write_part(files[number], means)
            logger.info("embedded: %d of %d songs", done, len(songs))
    kept = [read_part(file, len(part)) for file, part in zip(files, parts, strict=True)]
    return SongMeans(*(np.concatenate(columns) for columns in zip(*filter(None, kept), strict=True)))


def embedded(run: Run, parts: Sequence[Sequence[CachedSong]], trainer: Trainer) -> Iterator[SongMeans]:
    """What the model makes of each part, here or wherever the run's engine has it done. Raises UserError."""
    if isinstance(run.engine, Dask):
        where = run.folder.absolute(), str(run.cache.root), run.trust, run.fingerprint
        return run.engine.map(partial(embed_part, where), parts)
    return (embed_songs(run, part, trainer) for part in parts)


def embed_part(where: tuple[Path, str, bool, str], songs: Sequence[CachedSong]) -> SongMeans:
    """Embed songs in a worker of a cluster, on its GPU if it has one. Raises UserError."""
    return embed_songs(opened(*where), songs, predicting_trainer(accelerator="auto", devices=1))


@cache
def opened(folder: Path, cache_root: str, trust: bool, _fingerprint: str) -> Run:
    """The run, which a worker reads once as long as its model stays the same."""
    return Run(folder, cache_root, Threads(1), trust)


def name_of(run: Run, songs: Iterable[CachedSong]) -> str:
    """What tells a part from others: its model, and the sound of its songs."""
    hashed = hashlib.sha256(run.fingerprint.encode())
    for song in songs:
        hashed.update(song.digest.encode())
    return hashed.hexdigest()[:32]


def write_part(path: Path, means: SongMeans) -> None:
    """Keep what a model makes of a part. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: np.savez(file, **means._asdict()))


def read_part(path: Path, n_songs: int) -> SongMeans | None:
    """What `write_part` has kept; None if there is nothing, or it is not of so many songs."""
    try:
        means = SongMeans(**read_arrays(path))
    except (OSError, UnreadableError, TypeError):
        return None
    whole = all(column.shape[:1] == (n_songs,) and column.dtype == np.float32 for column in means)
    return means if whole and all(np.isfinite(column).all() for column in means) else None


def forget_parts(folder: Path) -> None:
    """Remove what was kept of parts."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)
