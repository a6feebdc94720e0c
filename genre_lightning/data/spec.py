"""Preprocessing spec: what turns a song into windows, and logits into genres; it lies beside the weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from math import inf
from typing import Any

from genre_lightning.config import check_arguments
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.features.base import Features, read_features

FORMAT_VERSION = 2
PLAIN = ("dtype", "window_seconds", "overlap", "genres")
MOST_OVERLAP = 0.99  # of neighbouring windows
MOST_FRAMES, MOST_VALUES = 2**15, 2**20  # in a window: those of log-mel features in six minutes


@dataclass(frozen=True)
class Spec:
    """The features, what is done to songs before, and the numbers `dtype` they are rounded to, as in the cache; the
    windows of validation; the genres; how long songs may be.

    A genre's position in `genres` is its index in the logits. Raises ValueError for values that make no windows.
    """

    features: Features
    dtype: str
    loudness: Loudness
    window_seconds: float
    overlap: float
    genres: list[str]
    lengths: Lengths = field(default_factory=Lengths)

    def __post_init__(self) -> None:
        if self.dtype not in ("float16", "float32"):
            raise ValueError(f"dtype {self.dtype!r} is neither float16 nor float32")
        if not 0 < self.window_seconds < inf or not 0 <= self.overlap <= MOST_OVERLAP:
            raise ValueError(f"windows of {self.window_seconds} s that overlap by {self.overlap}")
        if not isinstance(self.genres, list) or {type(genre) for genre in self.genres} != {str}:
            raise ValueError(f"genres {self.genres}")
        frames, n_features = self.window_shape
        if frames > MOST_FRAMES or frames * n_features > MOST_VALUES:
            raise ValueError(f"windows of {frames} frames of {n_features} features, which are too long")

    @property
    def window_shape(self) -> tuple[int, int]:
        """`(frames, n_features)` of every window."""
        return self.features.frames_in(self.window_seconds), self.features.n_features

    def plain(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        values = {known.name: getattr(self, known.name) for known in fields(self)}
        own = {"features": self.features.settings}
        own |= {name: asdict(values[name]) for name in ("loudness", "lengths")}
        return {"format": FORMAT_VERSION, **values, **own}


def read_spec(values: dict[str, Any], *, trust: bool = False) -> Spec:
    """What `plain` made; `trust` allows features from outside this project.

    Raises KeyError, TypeError or ValueError for anything else, and UserError for features that are not allowed.
    """
    if values["format"] != FORMAT_VERSION:
        raise ValueError(f"format {values['format']}")
    known = {known.name: values[known.name] for known in fields(Spec) if known.name != "lengths"}
    known["features"] = read_features(known["features"], trust=trust)
    lengths = values.get("lengths", {})  # runs of before there were any have the usual
    for kind, settings in ((Loudness, known["loudness"]), (Lengths, lengths), (Spec, {n: known[n] for n in PLAIN})):
        check_arguments(kind, settings)
    known["loudness"] = Loudness(**known["loudness"])
    return Spec(**known, lengths=Lengths(**lengths))
