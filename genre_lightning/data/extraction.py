"""From files to features."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeVar
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import torch

from genre_lightning.audio.fingerprint import Peaks
from genre_lightning.audio.reading import AudioError, read_song
from genre_lightning.data.engine import Threads
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness, Spans
from genre_lightning.errors import UserError, explain_import, reason
from genre_lightning.features.base import Features

logger = logging.getLogger(__name__)
HASHED_BYTES = 65536  # at the beginning, in the middle and at the end of a file


@dataclass(frozen=True, slots=True)
class Extracted:
    """A song's features `(n_frames, n_features)`, their mean and standard deviation `(2, n_features)`.

    `seconds` is the length of the whole song; `silences` are the stretches of it that the frames leave out. `digest` is
    a hash of the frames as stored: exact copies of a recording share it, even with other
    tags or containers; `fingerprint` `(peaks,)` tells other copies.
    """

    path: Path
    key: str
    frames: npt.NDArray[Any]
    stats: npt.NDArray[np.float32]
    seconds: float
    digest: str
    fingerprint: Peaks
    silences: Spans = ()


class NoMemoryError(AudioError):
    """A file for which there was no memory left."""


Outcome = tuple[Path, float | AudioError]  # the seconds of a song, or why it cannot be used
Result = TypeVar("Result")


def song_key(path: Path) -> str:
    """What tells a file from all others, wherever it lies and whenever it changes; empty if it cannot be read.

    That is its name, size, time of modification and a hash of three parts of it. The folder is left out, so that songs
    stay known when a library is moved, mounted elsewhere or sorted anew.
    """
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode) or not status.st_size:  # a pipe, or a file of /proc, may wait for ever
            return ""
        return key_of_state(path.absolute(), status.st_size, status.st_mtime_ns)
    except (OSError, ValueError):  # ValueError: a NUL in a name
        return ""


@cache
def key_of_state(path: Path, size: int, mtime_ns: int) -> str:
    """The key of a file as it is now, for which it is read only once: songs are looked up many times."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for start in (0, (size - HASHED_BYTES) // 2, size - HASHED_BYTES):
            file.seek(max(0, start))
            digest.update(file.read(HASHED_BYTES))
    seconds = mtime_ns // 10**9  # all that archives and network disks keep of the time
    return f"{normalize('NFC', path.name)}|{size}|{seconds}|{digest.hexdigest()[:32]}"


@torch.inference_mode()
def extract(path: Path, features: Features, dtype: str, loudness: Loudness, lengths: Lengths) -> Extracted:
    """Read a song and compute its features, stored as `dtype`, once `loudness` was applied.

    Raises AudioError, also if the song is shorter or longer than `lengths` allow.
    """
    key = song_key(path)  # before it is read: a file that changes meanwhile is then computed again
    waveform, fingerprint = read_song(path, features.sample_rate, lengths.longest)
    seconds = len(waveform) / features.sample_rate
    lengths.check_least(seconds)
    waveform, silences = loudness.apply(waveform, features.sample_rate)
    frames = features(torch.from_numpy(waveform))
    mean = frames.mean(dim=0)
    std = (frames - mean).square_().mean(dim=0).sqrt_()  # in a tenth of the time that torch.std_mean takes
    stats = torch.stack([mean, std]).numpy()
    if not np.isfinite(stats).all():
        raise AudioError("holds samples too large to compute with")
    stored = frames.to(getattr(torch, dtype)).numpy()
    digest = hashlib.sha256(stored.data).hexdigest()
    return Extracted(path, key, stored, stats, seconds, digest, fingerprint, silences)


def extract_all(
    paths: Sequence[Path], extract: Callable[[Path], Result], engine: Threads
) -> Iterator[tuple[Path, Result | AudioError]]:
    """Run `extract` over the files in their order; those for which the others left no memory come last, and alone.

    Whatever is raised for a file is its result, but for UserError and packages that cannot be loaded, which stand for
    all files.
    """
    again: list[Path] = []
    for path, result in engine.map(partial(attempt, extract), paths):
        if isinstance(result, NoMemoryError):
            again.append(path)
        else:
            yield path, result
    yield from (attempt(extract, path) for path in again)


def attempt(extract: Callable[[Path], Result], path: Path) -> tuple[Path, Result | AudioError]:
    """A file with what `extract` makes of it, or with the reason why it cannot."""
    try:
        return path, extract(path)
    except AudioError as error:
        return path, error
    except MemoryError:
        return path, NoMemoryError("takes more memory than there is")
    except Exception as error:
        if isinstance(error, UserError) or explain_import(error) is not None:
            raise
        logger.debug("%s", path, exc_info=True)
        return path, AudioError(f"cannot be worked on ({reason(error)})")


def with_progress(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """Show a bar with songs and hours of audio per second, in a terminal; say the same in a line at the end."""
    from tqdm import tqdm

    seconds, computed, begin = 0.0, 0, time.perf_counter()
    with tqdm(outcomes, "features", total, unit="song", disable=None) as bar:
        for path, result in bar:
            if not isinstance(result, AudioError):
                seconds, computed = seconds + result, computed + 1
            bar.set_postfix_str(f"{seconds / 3600 / (time.perf_counter() - begin):.2f} h of audio/s", refresh=False)
            yield path, result
    took, hours = time.perf_counter() - begin, seconds / 3600
    rate = f"{computed / took:.1f} songs/s, {hours / took:.2f} h of audio/s"
    logger.info("computed the features of %d songs, %.1f h, in %.1f s: %s", computed, hours, took, rate)
