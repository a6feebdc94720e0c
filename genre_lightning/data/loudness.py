"""What a song's loudness decides: what in it is silence. How loud it was recorded says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.reading import AudioError, Waveform

BLOCK_SECONDS = 0.1
REST_BLOCKS = 10  # shorter silences are rests, which belong to the rhythm
MOVED_AT_ONCE = 2**18  # samples
NO_SOUND_DB = -90.0  # 16 bits that hold nothing but their own noise have about -96 dB
Spans = tuple[tuple[float, float], ...]  # stretches of a song, from and to, in seconds


@dataclass(frozen=True)
class Loudness:
    """Cuts the silences out of songs and brings what is left to one level, before features are computed.

    Args:
        silence_db: A second or more of blocks of 0.1 s that all lie more than this below the song's loudest block is
            silence; None: nothing is.
        level_db: The level that songs are brought to: their mean power in dB re full scale, 1, silences left out. Peaks
            may exceed full scale. None: songs stay as loud as they are, so that a model can tell them apart by that.

    Raises:
        ValueError: If a setting is out of range.
    """

    silence_db: float | None
    level_db: float | None

    def __post_init__(self) -> None:
        for name in ("silence_db", "level_db"):  # so that equal settings share a cache, however they were typed
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
        if self.silence_db is not None and not 0 < self.silence_db < np.inf:
            raise ValueError(f"silence_db must be above 0, or null, not {self.silence_db}")
        if self.level_db is not None and not -100 <= self.level_db <= 100:
            raise ValueError(f"level_db must lie between -100 and 100, or be null, not {self.level_db}")

    def apply(self, waveform: Waveform, sample_rate: int) -> tuple[Waveform, Spans]:
        """Cut a song's silences out and bring it to the level.

        Args:
            waveform: `(samples,)`, which may be changed in place.
            sample_rate: In Hz.

        Returns:
            What is left of the waveform, and where in the song the silences were.

        Raises:
            AudioError: There is no sound in it, or samples so large that their squares are infinite.
        """
        block = min(len(waveform), round(BLOCK_SECONDS * sample_rate))
        powers = block_powers(waveform, block)
        silent = self.silent_blocks(powers)  # (silences, 2)
        spans = np.where(silent == len(powers), len(waveform), silent * block)
        if len(spans):
            waveform = without(spans, waveform)
            powers = without(silent, powers)
        if self.level_db is not None:
            waveform *= np.float32(10 ** (self.level_db / 20) / np.sqrt(powers.mean(dtype=np.float64)))
        return waveform, tuple((start / sample_rate, end / sample_rate) for start, end in spans.tolist())

    def silent_blocks(self, powers: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """The first block of each silence and the first one after it, `(silences, 2)`."""
        if self.silence_db is None:
            return np.empty((0, 2), np.int64)
        quiet = powers < powers.max() * 10 ** (-self.silence_db / 10)
        edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False)).reshape(-1, 2)
        return edges[edges[:, 1] - edges[:, 0] >= REST_BLOCKS]


def block_powers(waveform: Waveform, block: int) -> npt.NDArray[np.float32]:
    """The mean power of each block of so many samples, the incomplete last one left out: `(blocks,)`.

    Raises AudioError if there is no sound in them, or samples so large that their squares are infinite.
    """
    blocks = waveform[: len(waveform) // block * block].reshape(-1, block)
    powers = np.einsum("ij,ij->i", blocks, blocks) / block
    if not np.isfinite(powers).all():
        raise AudioError("holds samples too large to compute with")
    if powers.max() < 10 ** (NO_SOUND_DB / 10):
        raise AudioError(f"is silent: nothing in it is louder than {NO_SOUND_DB:.0f} dB")
    return powers


def without(spans: npt.NDArray[np.int64], values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What is left of `(n,)` values between the spans `(n_spans, 2)`, which are in order.

    It is moved together in place: of hours of sound there is no room for another copy.
    """
    edges, held = [0, *spans.flat, len(values)], 0
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        for first in range(start, end, MOVED_AT_ONCE):
            part = values[first : min(first + MOVED_AT_ONCE, end)]
            values[held : held + len(part)] = part
            held += len(part)
    return values[:held]


def heard_seconds(seconds: Sequence[float], silences: Spans) -> npt.NDArray[np.float64]:
    """Where moments of a song lie once its silences are cut out; both in seconds from the song's beginning."""
    moments, spans = np.array(seconds), np.array(silences).reshape(-1, 2)
    gone = (moments[:, None] - spans[:, 0]).clip(0, spans[:, 1] - spans[:, 0])  # (moments, silences)
    return moments - gone.sum(axis=1)
