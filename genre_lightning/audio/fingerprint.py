"""A song's fingerprint: where its spectrum peaks, which a codec, another level or another sample rate hardly moves."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Peaks = npt.NDArray[np.uint32]
Samples = npt.NDArray[np.float32]

# Peaks of up to 1.3 kHz outlast every codec and sample rate. Windows overlap by two thirds, so that most peaks stay
# where they are wherever a copy begins: if by half, many more get lost.
LOW_RATE_HZ = 44100 / 16
WINDOW_SECONDS = 256 / LOW_RATE_HZ
HOP_SECONDS = 80 / LOW_RATE_HZ
# A peak is the largest of its neighbourhood, which makes about twelve a second; a bin is 10.8 Hz wide.
FIRST_BIN, LAST_BIN, BINS_A_FRAME = 12, 115, 128
BINS_AROUND, FRAMES_AROUND = 8, 5
# What is 60 dB below the loudest peak is what codecs add and leave out.
FLOOR = 1e-6
# Searched at once, 48 s: most excerpts in one go, and hours in little memory.
SAMPLES_AT_ONCE = 131072


class Fingerprint:
    """Takes a song's sound block by block as it is decoded, and finds the peaks of its spectrum.

    First it lowers the sample rate to about 2.8 kHz, by averages over whole numbers of samples: cheap, and a peak keeps
    its place to 0.2 bins whatever the rate was. Files of less than 2.8 kHz have fewer peaks.
    """

    def __init__(self, sample_rate: int) -> None:
        self.factor = max(1, round(sample_rate / LOW_RATE_HZ))
        low_rate = sample_rate / self.factor
        self.average = hann(2 * self.factor) / self.factor
        self.window = hann(max(1, round(WINDOW_SECONDS * low_rate)))
        self.hop = HOP_SECONDS * low_rate
        self.rest = np.zeros(0, np.float32)  # not averaged yet
        self.held: list[Samples] = []  # not searched yet
        self.frame = 0  # with which that begins
        self.found: list[tuple[npt.NDArray[np.int64], Samples]] = []

    def add(self, block: Samples) -> None:
        """Take the next samples `(n,)`, mono at the file's own sample rate."""
        sound = np.concatenate([self.rest, block])
        whole = len(sound) // self.factor
        parts: Any = sound[: whole * self.factor].reshape(whole, self.factor)
        with np.errstate(invalid="ignore", over="ignore"):  # the reader tells of infinite samples
            self.held.append((parts @ self.average[: self.factor])[:-1] + (parts @ self.average[self.factor :])[1:])
        self.rest = sound[max(0, whole - 1) * self.factor :]  # its first part is half of the next average
        if sum(map(len, self.held)) >= SAMPLES_AT_ONCE:
            self.search()

    def finish(self) -> Peaks:
        """The song's peaks `(n,)` in order of time, each as `BINS_A_FRAME * frame + bin`."""
        self.search()
        places, power = (np.concatenate(column) for column in zip(*self.found, strict=True))
        return places[power > FLOOR * power.max(initial=0)].astype(np.uint32)

    def search(self) -> None:
        """Find the peaks of what is held; what lies around the next ones is kept."""
        sound = np.concatenate([np.zeros(0, np.float32), *self.held])
        begin = round(self.frame * self.hop)
        count = max(0, math.floor((begin + len(sound) - len(self.window)) / self.hop) - self.frame + 1)
        starts = np.round((self.frame + np.arange(count)) * self.hop).astype(np.int64) - begin
        frames, bins, power = peaks(spectrum(sound, starts, self.window))
        self.found.append((BINS_A_FRAME * (self.frame + frames) + bins, power))
        done = max(0, count - 2 * FRAMES_AROUND)
        self.frame += done
        self.held = [sound[round(self.frame * self.hop) - begin :]]


def hann(length: int) -> Samples:
    """A Hann window `(length,)` without zeros at its ends; halves of it that overlap add up to 1."""
    return np.sin(np.pi * (np.arange(length) + 0.5) / length).astype(np.float32) ** 2


def spectrum(sound: Samples, starts: npt.NDArray[np.int64], window: Samples) -> Samples:
    """The power `(frames, bins)` of the windows that begin at `starts`, with zeros where the rate has no such bins."""
    last = LAST_BIN + BINS_AROUND + 1
    if not len(starts):
        return np.zeros((0, last - FIRST_BIN + BINS_AROUND), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, len(window))[starts]
    with np.errstate(invalid="ignore", over="ignore"):
        bins: Any = np.fft.rfft(frames * window)
        power = bins.real**2 + bins.imag**2
    if power.shape[1] < last:
        power = np.pad(power, ((0, 0), (0, last - power.shape[1])))
    return power[:, FIRST_BIN - BINS_AROUND : last]


def peaks(power: Samples) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Samples]:
    """Frame, bin and power of each peak of `(frames, bins)`, but for those at the edges."""
    largest = running_maximum(running_maximum(power, 2 * FRAMES_AROUND + 1).T, 2 * BINS_AROUND + 1).T
    middle = power[FRAMES_AROUND : FRAMES_AROUND + len(largest), BINS_AROUND:-BINS_AROUND]
    frames, bins = np.divmod(np.flatnonzero((middle == largest) & (middle > 0)), middle.shape[1])  # np.nonzero is slow
    return frames + FRAMES_AROUND, bins + FIRST_BIN, middle[frames, bins]


def running_maximum(rows: Samples, length: int) -> Samples:
    """The largest of every `length` consecutive rows: `length - 1` rows fewer."""
    reach = 1
    while 2 * reach <= length:
        rows, reach = np.maximum(rows[:-reach], rows[reach:]), 2 * reach
    return np.maximum(rows[: len(rows) - (length - reach)], rows[length - reach :])
