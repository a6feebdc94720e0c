"""What can be said of a song in a plain word, from the features that are cached anyway."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from genre_lightning.data.cache import CachedSong, FeatureCache
    from genre_lightning.features.base import Spectrum

HEARD_SECONDS = 30.0  # from the middle of a song
LEAST_SECONDS = 1.0  # in which a rate or a change can be told
LEAST_FRAMES_A_SECOND = 20.0  # at which onsets can be told apart
HIGH_HZ = 2000.0
PAUSE_DB = 40.0  # frames that are quieter than the loudest by more are no music
ONSET_SECONDS = 0.1  # from an onset to the next one at least
Bands = npt.NDArray[np.float32]


class Words(NamedTuple):
    """What songs are of which a descriptor is larger than of others, and what those are."""

    more: str
    less: str


# What the columns of descriptors are, see `describe`
DESCRIPTORS = (
    Words("louder", "quieter"),
    Words("more highs", "fewer highs"),
    Words("noisier", "more tonal"),
    Words("busier", "calmer"),
    Words("changing level", "steady level"),
)


def unknown(songs: int) -> npt.NDArray[np.float32]:
    """The descriptors of songs of which nothing is known: NaN."""
    return np.full((songs, len(DESCRIPTORS)), np.nan, np.float32)


def describe_songs(cache: "FeatureCache", songs: "Sequence[CachedSong]") -> npt.NDArray[np.float32]:
    """The descriptors of songs in a cache, `(songs, descriptors)`, NaN where its features do not tell them.

    A song's level is known only if the cache keeps songs as loud as they are.
    """
    found, fps = unknown(len(songs)), cache.features.frames_per_second
    for row, song in enumerate(songs):
        frames = cache.frames(song)
        start = max(0, (len(frames) - cache.features.frames_in(HEARD_SECONDS)) // 2)
        spectrum = cache.features.spectrum(frames[start : len(frames) - start])
        if spectrum is None:
            return found
        found[row] = describe(spectrum, fps)
    if cache.loudness.level_db is not None:
        found[:, 0] = np.nan
    return found


def describe(spectrum: "Spectrum", frames_per_second: float) -> npt.NDArray[np.float32]:
    """The descriptors of a stretch of sound: `(descriptors,)`, NaN where it is too short, or has too few bands.

    In this order: its mean power in dB; the share of it above HIGH_HZ, in dB; how flat the spectrum of a frame is once
    its slope is taken out, the geometric over the arithmetic mean of the bands' power, in dB, on average (spectral
    flatness, Johnston 1988); onsets a second; the standard deviation of the frames' power in dB, pauses left out.
    """
    found, decibels = unknown(1)[0], spectrum.decibels
    if decibels.shape[1] < 2:
        return found
    power = 10 ** (decibels / 10) * np.gradient(spectrum.hertz)  # (frames, bands)
    total, high = power.sum(axis=1), power[:, spectrum.hertz > HIGH_HZ].sum()
    found[0] = 10 * np.log10(total.mean())
    if high > 0:
        found[1] = 10 * np.log10(high / total.sum())
    found[2] = flatness(decibels).mean()
    if len(decibels) >= LEAST_SECONDS * frames_per_second:
        levels = 10 * np.log10(total)
        found[4] = levels[levels > levels.max() - PAUSE_DB].std()
        if frames_per_second >= LEAST_FRAMES_A_SECOND:
            found[3] = onset_rate(decibels, frames_per_second)
    return found


def flatness(decibels: Bands) -> Bands:
    """How flat the spectrum of each frame is but for its slope, in dB, 0 at most: `(frames,)`."""
    slope = np.linalg.qr(np.vander(np.arange(decibels.shape[1], dtype=np.float32), 2))[0]  # (bands, 2)
    left = decibels - (decibels @ slope) @ slope.T
    return left.mean(axis=1) - 10 * np.log10((10 ** (left / 10)).mean(axis=1))


def onset_rate(decibels: Bands, frames_per_second: float) -> float:
    """Onsets a second: peaks of the mean rise of the bands, in dB from a frame to the next, over that around them."""
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import find_peaks

    rises = np.diff(decibels, axis=0).clip(min=0).mean(axis=1)
    around = uniform_filter1d(rises, round(frames_per_second))
    peaks, _ = find_peaks(rises, height=1.3 * around + 0.1, distance=max(1, round(ONSET_SECONDS * frames_per_second)))
    return len(peaks) / len(rises) * frames_per_second
