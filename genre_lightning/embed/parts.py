"""Many songs are embedded part by part, here or by the workers of a cluster; what was cut off goes on from there."""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from omegaconf import OmegaConf

from genre_lightning.data.engine import Dask, Threads
from genre_lightning.embed.embedder import SongMeans, embed_songs, predicting_trainer
from genre_lightning.embed.embeddings import UnreadableError, read_arrays
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.launched import settle_ranks
from genre_lightning.runs.run import Run

if TYPE_CHECKING:
    from lightning import Trainer

    from genre_lightning.data.cache import CachedSong

logger = logging.getLogger(__name__)
PART_SONGS, TASK_SONGS = 4096, 256  # in a part at home, and in a task of a cluster: half a minute of work each
PARTS = "parts"  # the folder in that of the songs, until all of them are embedded
Kept = dict[str, tuple[np.ndarray, ...]]  # of each song, by its digest, its row in each of SongMeans


def embed_by_parts(run: Run, songs: Sequence[CachedSong], trainer: Trainer, folder: Path) -> SongMeans:
    """Embed songs in the run's cache; where there are several parts, each is kept in `folder` until all are done.

    Raises UserError, as `embed_songs` does.
    """
    if trainer.is_global_zero:
        logger.info("%s: songs to embed: %d", run.folder, len(songs))
    kept = read_parts(folder / PARTS, run)
    todo = [*{song.digest: song for song in songs if song.digest not in kept}.values()]
    size = TASK_SONGS if isinstance(run.engine, Dask) else PART_SONGS
    parts, done = [todo[first : first + size] for first in range(0, len(todo), size)], len(songs) - len(todo)
    if not kept and len(parts) == 1 and not isinstance(run.engine, Dask):
        kept = by_digest(todo, embed_songs(run, todo, trainer))
        parts = []
    for part, means in zip(parts, embedded(run, parts, trainer), strict=True):
        kept |= by_digest(part, means)
        done += len(part)
        if trainer.is_global_zero:
            write_part(folder / PARTS / f"{run.fingerprint}-{uuid.uuid4().hex}.npz", part, means)
            logger.info("embedded: %d of %d songs", done, len(songs))
    return SongMeans(*map(np.stack, zip(*(kept[song.digest] for song in songs), strict=True)))


def embedded(run: Run, parts: Sequence[Sequence[CachedSong]], trainer: Trainer) -> Iterator[SongMeans]:
    """What the model makes of each part, here or wherever the run's engine has it done. Raises UserError."""
    if isinstance(run.engine, Dask):
        where = run.folder.absolute(), str(run.cache.root), run.trust, run.fingerprint
        return run.engine.map(partial(embed_part, where), [[song.digest for song in part] for part in parts])
    return (embed_songs(run, part, trainer) for part in parts)


def embed_part(where: tuple[Path, str, bool, str], digests: Sequence[str]) -> SongMeans:
    """Embed songs in a worker of a cluster, on its GPU if it has one: those of `digests`. Raises UserError."""
    settle_ranks(OmegaConf.create({"devices": 1}))  # srun may have started the workers
    run = opened(*where)
    run.cache.refresh()  # the numbers of its songs are this process's own
    try:
        songs = run.cache.songs_of(digests)
    except KeyError:
        there = run.cache.folder
        raise UserError(f"engine: a worker lacks songs in {there}; all need one disk there: cache.root=...") from None
    return embed_songs(run, songs, predicting_trainer(accelerator="auto", devices=1))


@cache
def opened(folder: Path, cache_root: str, trust: bool, _fingerprint: str) -> Run:
    """The run, which a worker reads once as long as its model stays the same."""
    return Run(folder, cache_root, Threads(1), trust)


def by_digest(songs: Sequence[CachedSong], means: SongMeans) -> Kept:
    """What a model makes of each song."""
    return dict(zip((song.digest for song in songs), zip(*means, strict=True), strict=True))


def write_part(path: Path, songs: Sequence[CachedSong], means: SongMeans) -> None:
    """Keep what a model makes of songs. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digests = np.array([song.digest for song in songs])
    write_whole(path, lambda file: np.savez(file, digests=digests, **means._asdict()))


def read_parts(folder: Path, run: Run) -> Kept:
    """All that `write_part` has kept of a run's model; parts that are damaged are passed over."""
    kept: Kept = {}
    n_genres, embedding = run.model.head.weight.shape
    for path in sorted(folder.glob(f"{run.fingerprint}-*.npz")):
        with suppress(OSError, UnreadableError, TypeError, KeyError, ValueError):
            arrays = read_arrays(path)
            digests = arrays.pop("digests").tolist()
            means = SongMeans(**arrays)
            shapes = [(len(digests), embedding), (len(digests), n_genres)]
            whole = [column.shape for column in means] == shapes and all(np.isfinite(column).all() for column in means)
            if whole and all(column.dtype == np.float32 for column in means):
                kept |= dict(zip(digests, zip(*means, strict=True), strict=True))
    return kept


def forget_parts(folder: Path) -> None:
    """Remove what was kept of parts."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)
