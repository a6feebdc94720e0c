"""What decoders have in common: the sound that they hand on in blocks, and what is said of a file that is no song."""

from collections.abc import Iterable, Iterator
from math import inf
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.fingerprint import Fingerprint, Peaks

Waveform = npt.NDArray[np.float32]

# Songs are decoded in blocks: large enough to be handed over rarely, small enough for the processor's cache.
SAMPLES_A_BLOCK = 131072
# What is outside is a damaged header; resampled from 1 Hz, a song would need gigabytes.
LEAST_RATE, GREATEST_RATE = 1000, 1_000_000
# A count of samples or bytes of 2^31 and about, or more, is what programs write that do not know the length yet.
UNKNOWN = 0x7FFFF000
JOINED = "holds several files, one after another: cut it into them"


class AudioError(Exception):
    """A file that cannot be used; the text says why, as its owner would understand it."""


class MissingError(AudioError):
    """There is no such file."""


class LengthError(AudioError):
    """A file that is longer than songs may be."""


class Recording(NamedTuple):
    """A decoded file: mono `(samples,)` at `sample_rate` Hz, its length, that in its header (0: none), and its
    fingerprint, `(peaks,)`, which is empty unless it was asked for.
    """

    waveform: Waveform
    sample_rate: int
    seconds: float
    promised_seconds: float
    fingerprint: Peaks


class Wanted(NamedTuple):
    """The sample rate wanted in Hz (None: the file's own), how long a file may be, and whether it is fingerprinted."""

    sample_rate: int | None = None
    max_seconds: float = inf
    fingerprint: bool = False


def mono(blocks: Iterable[npt.NDArray[Any]], scale: float = 1.0) -> Iterator[Waveform]:
    """Average the channels of blocks `(frames, channels)` and multiply by `scale`: `(frames,)` each."""
    for block in blocks:
        with np.errstate(invalid="ignore"):  # infinite samples are told of later
            mixed = block @ np.full(block.shape[1], scale / block.shape[1], np.float32)  # 20 times as fast as np.mean
        yield mixed


def record(blocks: Iterable[Waveform], rate: int, wanted: Wanted, promised: int) -> Recording:
    """Resample blocks at `rate` Hz as they come, since songs may last hours; the header `promised` so many samples.

    Raises AudioError for an impossible rate, and for a file that is too long, as soon as that is known.
    """
    import soxr

    check_rate(rate)
    promised = promised if promised < UNKNOWN else 0
    check_length(promised / rate, wanted)
    sample_rate = wanted.sample_rate or rate
    stream = soxr.ResampleStream(rate, sample_rate, 1, "float32", "HQ") if sample_rate != rate else None
    fingerprint = Fingerprint(rate) if wanted.fingerprint else None
    held, waveform = 0, bytearray()  # which grows in place; a list of arrays would be copied
    for block in blocks:
        held += len(block)
        check_length(held / rate, wanted)
        if fingerprint:
            fingerprint.add(block)
        waveform += (stream.resample_chunk(block) if stream else block).data
    if stream:
        waveform += stream.resample_chunk(np.zeros(0, np.float32), last=True).data
    peaks = fingerprint.finish() if fingerprint else np.zeros(0, np.uint32)
    return Recording(np.frombuffer(waveform, np.float32), sample_rate, held / rate, promised / rate, peaks)


def check_rate(rate: int) -> None:
    """Raise AudioError for a rate that no song has."""
    if not LEAST_RATE <= rate <= GREATEST_RATE:
        raise AudioError(f"has {rate} samples a second by its header; songs have {LEAST_RATE} to {GREATEST_RATE}")


def check_length(seconds: float, wanted: Wanted) -> None:
    """Raise LengthError for a file that lasts longer than is wanted."""
    if seconds > wanted.max_seconds:
        hours = f"{seconds / 3600:.1f} h or more, and songs may last {wanted.max_seconds / 3600:.3g} h"
        raise LengthError(f"lasts {hours}; cut it, or train with a larger cache.max_seconds")
