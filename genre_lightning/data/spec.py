"""Preprocessing spec: what turns a song into windows, and logits into genres; it lies beside the weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from genre_lightning.data.loudness import Loudness
from genre_lightning.features.base import Features, read_features

FORMAT_VERSION = 2


@dataclass(frozen=True)
class Spec:
    """The features, what is done to songs before, and the numbers `dtype` they are rounded to, as in the cache; the
    windows of validation; the genres.

    A genre's position in `genres` is its index in the logits. Raises ValueError for values that make no windows.
    """

    features: Features
    dtype: str
    loudness: Loudness
    window_seconds: float
    overlap: float
    genres: list[str]

    def __post_init__(self) -> None:
        if self.dtype not in ("float16", "float32"):
            raise ValueError(f"dtype {self.dtype!r} is neither float16 nor float32")
        if self.window_seconds <= 0 or not 0 <= self.overlap < 1:
            raise ValueError(f"windows of {self.window_seconds} s that overlap by {self.overlap}")
        if not isinstance(self.genres, list) or {type(genre) for genre in self.genres} != {str}:
            raise ValueError(f"genres {self.genres}")

    @property
    def window_shape(self) -> tuple[int, int]:
        """`(frames, n_features)` of every window."""
        return self.features.frames_in(self.window_seconds), self.features.n_features

    def plain(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        own = {"features": self.features.settings, "loudness": asdict(self.loudness)}
        return {"format": FORMAT_VERSION, **values, **own}


def read_spec(values: dict[str, Any], *, trust: bool = False) -> Spec:
    """What `plain` made; `trust` allows features from outside this project.

    Raises KeyError, TypeError or ValueError for anything else, and UserError for features that are not allowed.
    """
    if values["format"] != FORMAT_VERSION:
        raise ValueError(f"format {values['format']}")
    known = {field.name: values[field.name] for field in fields(Spec)}
    known["features"] = read_features(known["features"], trust=trust)
    known["loudness"] = Loudness(**known["loudness"])
    return Spec(**known)
