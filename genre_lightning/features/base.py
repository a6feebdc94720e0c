"""What all features have in common, and how they are made again from their settings."""

from abc import ABC, abstractmethod
from inspect import signature
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from genre_lightning.config import check_arguments, find_class

BANDS = 8  # as many as can be told apart by their names; of mel bands about an octave each


class Band(NamedTuple):
    """A stretch of neighbouring features, from `start` up to `end`, which is not among them, and what it is called."""

    name: str
    start: int
    end: int


class Spectrum(NamedTuple):
    """What is known of the spectrum of some frames.

    decibels: The power per Hz in bands, `(frames, bands)` in dB, with a constant that is the same for all songs;
    hertz: The middle of each band, ascending, `(bands,)`.
    """

    decibels: npt.NDArray[np.float32]
    hertz: npt.NDArray[np.float32]


class Features(nn.Module, ABC):
    """Turns the waveform of a song into what a network reads: `(samples,)` -> `(frames, n_features)`.

    A new kind of features is a subclass in a file of its own and a file in conf/features. Every argument of its
    constructor is a plain value, kept as an attribute of the same name; equal settings share a cache.

    Features that are composed of parts which each want their own sample rate ask for the highest one as `sample_rate`,
    resample to the others in their `forward`, and bring the parts' frames to the rate of `frames_per_second`.

    Attributes:
        sample_rate: The rate of the waveform that `forward` gets, in Hz.
        is_sequence: Whether a window of a few seconds has many frames, so that it has a course over time.
        is_image: Whether neighbouring features are neighbours in pitch too, so that a window makes a picture.
        has_one_scale: Whether features can be compared with each other, so that such a picture has one scale for all.
        unit: What the values are measured in, for the scale beside such a picture.
    """

    sample_rate: int
    is_sequence: ClassVar[bool] = True
    is_image: ClassVar[bool] = True
    has_one_scale: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    @property
    @abstractmethod
    def n_features(self) -> int:
        """The width of a frame."""

    @property
    @abstractmethod
    def frames_per_second(self) -> float:
        """How many frames a second of sound has."""

    @abstractmethod
    def forward(self, waveform: Tensor) -> Tensor:
        """Compute a song's features `(frames, n_features)`, float32, at least one frame, on the CPU.

        `waveform` is `(samples,)`, float32, at `sample_rate`; full scale is 1, which peaks may exceed.
        """

    def facts(self) -> dict[str, str]:
        """What a reader of a report wants to know of them beside what they are called; empty if there is nothing."""
        return {}

    def ticks(self) -> tuple[str, dict[float, str]]:
        """What an axis of the features is called, and what to write at some places on it, the first feature being 0."""
        return "feature", {}

    def bands(self) -> list[Band]:
        """Stretches of neighbouring features that people can tell apart, in order; together they are all features.

        A subclass says what a stretch is called in `band_name`, or names stretches of its own.
        """
        count = min(self.n_features, BANDS)
        edges = [round(band * self.n_features / count) for band in range(count + 1)]
        return [Band(self.band_name(start, end), start, end) for start, end in pairwise(edges)]

    def band_name(self, start: int, end: int) -> str:
        """What the features from `start` up to `end`, which is not among them, are called."""
        return spelt(self.ticks()[0], start, end)

    def spectrum(self, frames: npt.NDArray[Any]) -> Spectrum | None:
        """The spectrum that features `(frames, n_features)` were made of; None if they do not tell of it."""
        return None

    @property
    def settings(self) -> dict[str, Any]:
        """The class and the arguments of its constructor, as conf/features has them: plain values."""
        kind = type(self)
        arguments = {name: getattr(self, name) for name in signature(kind).parameters}
        return {"_target_": f"{kind.__module__}.{kind.__qualname__}", **arguments}

    def frames_in(self, seconds: float) -> int:
        """The number of frames that `seconds` of sound take, at least one."""
        return max(1, round(seconds * self.frames_per_second))

    def seconds_of(self, n_frames: int) -> float:
        """How many seconds of sound `n_frames` neighbouring frames stand for."""
        return n_frames / self.frames_per_second


def spelt(kind: str, start: int, end: int) -> str:
    """Some of a kind by their numbers: `feature 3`, or `features 3 to 5`."""
    return f"{kind} {start}" if end == start + 1 else f"{kind}s {start} to {end - 1}"


def read_features(settings: dict[str, Any], *, trust: bool = False) -> Features:
    """Make features again from their settings; `trust` allows a class from outside this project.

    Raises UserError if the class is not allowed or not found; KeyError, TypeError or ValueError if the settings are not
    those of the class.
    """
    kind: Any = find_class(settings["_target_"], Features, trust=trust)
    arguments = {name: value for name, value in settings.items() if name != "_target_"}
    check_arguments(kind, arguments)
    return kind(**arguments)
