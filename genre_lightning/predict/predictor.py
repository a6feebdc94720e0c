"""A finished run, or the file exported from one, judges songs: whole ones, and moment by moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from genre_lightning.audio import AudioError
from genre_lightning.data.extraction import Extracted, extract, extract_all
from genre_lightning.data.spec import Spec
from genre_lightning.data.windows import cut, regular_starts
from genre_lightning.errors import UserError, explain_import
from genre_lightning.predict.onnx import Logits, read_exported

# As many as stay in the processor's cache: the CNN takes half the time that it takes for all windows of a song at once.
WINDOWS_A_BATCH = 8


@dataclass(frozen=True)
class Moment:
    """What is heard from one second of a song to another: the genres, the most probable first."""

    from_seconds: float
    to_seconds: float
    probabilities: dict[str, float]

    @property
    def genre(self) -> str:
        """The most probable one."""
        return next(iter(self.probabilities))


@dataclass(frozen=True)
class Prediction(Moment):
    """A whole song, its windows averaged; and its moments, if they were asked for."""

    path: Path
    timeline: Sequence[Moment] = ()


class Predictor:
    """Judges songs as validation does, so that songs of the run's own get what its report counted.

    `run` is a finished run's folder, or a file exported from one. Raises UserError where it is neither, or damaged.
    """

    def __init__(self, run: str | PathLike[str]) -> None:
        self.spec, self.logits = load(Path(run))
        self.n_frames, n_features = self.spec.window_shape
        try:  # before any song is read
            fits = self.judge(np.zeros((1, n_features), np.float32), [0]).shape == (1, len(self.spec.genres))
        except Exception as error:  # what it is depends on the network, and on who runs it
            if explain_import(error) is not None:
                raise
            fits = False
        if not fits:
            raise UserError(f"{run}: the network fits other features, windows or genres than are said to be its own")

    def predict(self, path: str | PathLike[str], every_seconds: float | None = None) -> Prediction:
        """Judge a song; with `every_seconds` also each part of it that is that long. Raises AudioError."""
        song = extract(Path(path), self.spec.features, self.spec.dtype)
        windows = self.judge(song.frames, regular_starts(len(song.frames), self.n_frames, self.spec.overlap))
        timeline = () if every_seconds is None else self.timeline(song, every_seconds)
        return Prediction(0.0, song.seconds, self.by_genre(windows.mean(dim=0)), Path(path), timeline)

    def predict_all(
        self, paths: Sequence[Path], every_seconds: float | None = None, workers: int | None = None
    ) -> Iterator[tuple[Path, Prediction | AudioError]]:
        """Judge songs, as many at once as there are cores or `workers`, and return them in their order."""
        return extract_all(paths, partial(self.predict, every_seconds=every_seconds), workers)

    def timeline(self, song: Extracted, every_seconds: float) -> list[Moment]:
        """Judge the windows around the middles of a song's parts; at both ends the first and the last window.

        Each part is `every_seconds` long, the last one up to half of that shorter or longer.
        """
        parts = max(1, round(song.seconds / every_seconds))
        edges = [*(part * every_seconds for part in range(parts)), song.seconds]
        windows = self.judge(song.frames, self.starts_around(edges, len(song.frames)))
        return [Moment(*span, self.by_genre(window)) for span, window in zip(pairwise(edges), windows, strict=True)]

    def starts_around(self, edges: Sequence[float], n_frames: int) -> list[int]:
        """First frames of the windows around the middles of the parts between `edges`, given in seconds."""
        features = self.spec.features
        begins = (np.array(edges[1:]) + edges[:-1]) / 2 - features.seconds_of(self.n_frames) / 2
        return (
            np.clip(np.round(begins * features.frames_per_second), 0, max(0, n_frames - self.n_frames))
            .astype(int)
            .tolist()
        )

    @torch.inference_mode()
    def judge(self, frames: np.ndarray, starts: Sequence[int]) -> Tensor:
        """The probabilities `(windows, n_genres)` of the windows of a song that begin at the frames `starts`."""
        batches = (starts[first : first + WINDOWS_A_BATCH] for first in range(0, len(starts), WINDOWS_A_BATCH))
        return torch.cat([self.logits(self.windows(frames, batch)).softmax(dim=1) for batch in batches])

    def windows(self, frames: np.ndarray, starts: Iterable[int]) -> Tensor:
        """The windows that begin at the frames `starts`, as a network reads them: `(windows, n_frames, n_features)`."""
        return torch.from_numpy(np.stack([cut(frames, start, self.n_frames) for start in starts])).float()

    def by_genre(self, probabilities: Tensor) -> dict[str, float]:
        """The genres with their probabilities, the most probable first."""
        named = zip(self.spec.genres, probabilities.tolist(), strict=True)
        return dict(sorted(named, key=lambda genre: -genre[1]))


def load(run: Path) -> tuple[Spec, Logits]:
    """What a run's folder, or a file exported from it, has learnt. Raises UserError."""
    if run.is_dir():
        from genre_lightning.runs.run import Run

        finished = Run(run)
        return finished.spec, folded(nn.Sequential(finished.model.encoder, finished.model.head).eval())
    if run.suffix == ".onnx" and run.is_file():
        return read_exported(run)
    raise UserError(f"{run} is neither a finished run's folder nor an .onnx file exported from one")


def folded(network: nn.Module) -> nn.Module:
    """Take every normalisation into the weights of the convolution before it, in place: a sixth faster."""
    for layers in network.modules():
        if isinstance(layers, nn.Sequential):
            for place, (layer, after) in enumerate(pairwise(layers)):
                if isinstance(layer, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                    layers[place], layers[place + 1] = fuse_conv_bn_eval(layer, after), nn.Identity()
    return network
