"""What in a song speaks for a genre, and what against it, by occlusion: what a network says without it.

A part of a song, some seconds of some bands, is replaced by the mean of the songs that the network learnt from, which
says nothing of any genre (Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section 4.2).
Integrated gradients point at the same parts, take twice the time, and say it in no unit: docs/explain.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from genre_lightning.data.extraction import Extracted, extract
from genre_lightning.data.loudness import heard_seconds
from genre_lightning.data.windows import regular_starts
from genre_lightning.features.base import Band
from genre_lightning.models.base import Standardise
from genre_lightning.predict.predictor import Predictor
from genre_lightning.runs.run import Run
from genre_lightning.text import clock, percent

Frames = npt.NDArray[Any]  # a song's features, `(n_frames, n_features)`
STRETCH_SECONDS = 1.0  # and at most half a window; what is shorter hardly changes what a network says
MOST_STRETCHES = 60  # of longer songs they are longer instead

# What the numbers of evidence mean, for people.
SCALE = """\
What speaks for a genre is by how much its log-odds fall without the part: by 0.7 means that its odds halve. What is
below 0 speaks against it."""


class Patch(NamedTuple):
    """A part of a song and its name: frames from `start` up to `end`, which is not among them, of a band."""

    name: str
    start: int
    end: int
    band: Band


class Part(NamedTuple):
    """What a part of a song says of a genre.

    Attributes:
        name: What people call the part: its seconds, its band, or both.
        evidence: By how much the genre's log-odds are higher with it than without it; below 0 it speaks against.
        without: The genre's probability without it.
    """

    name: str
    evidence: float
    without: float

    def plain(self) -> dict[str, Any]:
        """It as JSON holds it."""
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in self._asdict().items()}


@dataclass(frozen=True)
class Evidence:
    """What in a song speaks for a genre, and what against it.

    Attributes:
        edges: Where the stretches of time begin and end, in seconds from the song's beginning.
        bands: Each band, over the whole song.
        times: Each stretch of time, with all bands.
        places: Each stretch of time of each band, the bands of the first stretch first.
    """

    edges: Sequence[float]
    bands: Sequence[Part]
    times: Sequence[Part]
    places: Sequence[Part]


class Listener:
    """Finds out what the model of a finished run listens to. Raises UserError if the run is damaged."""

    def __init__(self, run: Run) -> None:
        self.spec, self.predictor = run.spec, Predictor(run.folder, run.trust)
        standardise = run.model.encoder[0]
        assert isinstance(standardise, Standardise)
        self.mean = standardise.mean.numpy()  # (n_features,)
        self.bands = self.spec.features.bands()

    def read(self, path: Path) -> Extracted:
        """A song's features. Raises AudioError."""
        spec = self.spec
        return extract(path, spec.features, spec.dtype, spec.loudness, spec.lengths)

    def probabilities(self, song: Extracted) -> dict[str, float]:
        """Each genre's probability, the most probable first, as `genre-lightning predict` has it."""
        windows = self.predictor.predict_windows(song.frames, self.starts(len(song.frames)))
        return self.predictor.by_genre(windows.mean(dim=0))

    def of_nothing(self) -> str:
        """What the model makes of a song of which every part is left out, as a sentence: what holes may speak for."""
        nothing = np.broadcast_to(self.mean, (self.predictor.n_frames, len(self.mean)))
        genre, sure = next(iter(self.predictor.by_genre(self.predictor.predict_windows(nothing, [0])[0]).items()))
        told = f"With everything left out the model says {genre}, {percent(sure)}"
        return f"{told}: leaving out a part leans towards that by itself."

    def evidence(self, song: Extracted, genre: str) -> Evidence:
        """What each band, each stretch of time, and each stretch of each band of a song says of a genre.

        A bar on stderr shows the progress if it takes more than a second.
        """
        edges = self.stretch_edges(song.seconds)
        cells = list(zip(map(span, pairwise(edges)), pairwise(self.frames_at(edges, song)), strict=True))
        all_bands = Band("", 0, self.spec.features.n_features)
        times = [Patch(name, *cell, all_bands) for name, cell in cells]
        places = [Patch(f"{name}, {band.name}", *cell, band) for name, cell in cells for band in self.bands]
        heard = self.parts(song.frames, [*times, *places], genre)
        return Evidence(edges, self.evidence_of_bands(song.frames, genre), heard[: len(times)], heard[len(times) :])

    def evidence_of_bands(self, frames: Frames, genre: str) -> list[Part]:
        """What each band of a song's features `(n_frames, n_features)` says of a genre."""
        return self.parts(frames, [Patch(band.name, 0, len(frames), band) for band in self.bands], genre)

    def stretch_edges(self, seconds: float) -> list[float]:
        """Where the equal stretches of a song's time begin and end, in seconds."""
        length = max(min(STRETCH_SECONDS, self.spec.window_seconds / 2), seconds / MOST_STRETCHES)
        frames = int(seconds * self.spec.features.frames_per_second)  # of which each stretch needs one
        return np.linspace(0, seconds, max(1, min(round(seconds / length), frames)) + 1).tolist()

    def frames_at(self, edges: Sequence[float], song: Extracted) -> list[int]:
        """The frames at some seconds of a song, the first and the last one its ends; a silence has no frames."""
        frames = np.round(heard_seconds(edges, song.silences) * self.spec.features.frames_per_second).astype(int)
        return [*frames[:-1].clip(0, len(song.frames)).tolist(), len(song.frames)]

    def parts(self, frames: Frames, patches: Sequence[Patch], genre: str) -> list[Part]:
        """What each of the patches of a song says of a genre."""
        index, (whole, *without) = self.spec.genres.index(genre), self.logits(frames, patches)
        odds = log_odds(whole, index)
        rest = [(odds - log_odds(logits, index), float(logits.softmax(dim=0)[index])) for logits in without]
        return [Part(patch.name, *said) for patch, said in zip(patches, rest, strict=True)]

    def logits(self, frames: Frames, patches: Sequence[Patch]) -> Iterator[Tensor]:
        """A song's logits `(n_genres,)`: of all of it, then without each of the patches.

        Only windows that a patch touches are asked again.
        """
        frames, starts, n_frames = frames.copy(), self.starts(len(frames)), self.predictor.n_frames
        whole = self.predictor.predict_windows(frames, starts)  # (windows, n_genres)
        yield whole.mean(dim=0)
        for _, start, end, band in tqdm(patches, "listening", unit="part", disable=None, leave=False, delay=1):
            patch, windows = frames[start:end, band.start : band.end], whole.clone()
            kept = patch.copy()
            patch[:] = self.mean[band.start : band.end]
            if touched := [row for row, first in enumerate(starts) if first < end and start < first + n_frames]:
                windows[touched] = self.predictor.predict_windows(frames, [starts[row] for row in touched])
            patch[:] = kept
            yield windows.mean(dim=0)

    def starts(self, n_frames: int) -> list[int]:
        """The first frames of a song's windows, which are those of validation."""
        return regular_starts(n_frames, self.predictor.n_frames, self.spec.overlap)


def span(edges: tuple[float, float]) -> str:
    """(12.0, 13.04) -> 0:12 to 0:13, as players show times."""
    return " to ".join(clock(round(seconds, 1)) for seconds in edges)


def log_odds(logits: Tensor, genre: int) -> float:
    """The logarithm of a genre's probability divided by that of all others together, from logits `(n_genres,)`."""
    others = torch.cat([logits[:genre], logits[genre + 1 :]])
    return float(logits[genre] - others.logsumexp(dim=0))
