"""What genre is a song: by a finished run, or a file exported from one, for whole songs and moment by moment."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import chain, pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from genre_lightning.audio.reading import AudioError
from genre_lightning.data.building import parts
from genre_lightning.data.engine import Dask, Threads
from genre_lightning.data.extraction import Extracted, extract, extract_all
from genre_lightning.data.loudness import heard_seconds
from genre_lightning.data.spec import Spec
from genre_lightning.data.windows import cut, regular_starts
from genre_lightning.devices import use_one_thread_after_fork
from genre_lightning.errors import UserError
from genre_lightning.predict.onnx import Logits, check_shapes, read_exported

if TYPE_CHECKING:
    from genre_lightning.predict.abstain import Limits

# As many as stay in the processor's cache: the CNN takes half the time that it takes for all windows of a song at once.
WINDOWS_A_BATCH = 8


@dataclass(frozen=True)
class Moment:
    """What a model hears in a part of a song.

    Attributes:
        from_seconds: where the part begins, from the song's beginning on.
        to_seconds: where it ends.
        probabilities: each genre's probability, the most probable genre first; they sum to 1. Empty for silence.
    """

    from_seconds: float
    to_seconds: float
    probabilities: dict[str, float]

    @property
    def genre(self) -> str:
        """The most probable genre; empty for silence."""
        return next(iter(self.probabilities), "")


@dataclass(frozen=True)
class Prediction(Moment):
    """What a model hears in a whole song but for its silences: the softmax of the mean logits of its windows.

    Attributes:
        path: the song's file.
        timeline: the song part by part, if it was asked for.
        none_because: why it gets no genre, though it has probabilities: UNSURE or UNFAMILIAR; empty if it gets one.
        distance: how far it lies from the songs of the run, above 1 if it is unlike them; None if nobody asked.
    """

    path: Path
    timeline: Sequence[Moment] = ()
    none_because: str = ""
    distance: float | None = None

    @property
    def genre(self) -> str:
        """The most probable genre; empty if it gets none."""
        return "" if self.none_because else super().genre


class Predictor:
    """Predicts songs as validation does: songs of the run's own get the probabilities that its report
    counted, but for those of validation, which it judges by the first fit.

    It may be loaded once and then used by threads, or by processes that are forked from this one.

    Args:
        run: the folder of a finished run, or of a sweep for its best by validation, or an .onnx file exported from one.
        trust: whether the run may name classes that are not of this project, whose code runs then.
        precision: the part of whole songs with a genre that is to have the right one, 0 to 1: songs that it is not so
            sure of, or that are unlike those it learnt from, get none (docs/none.md). None: all songs get one.

    Raises:
        UserError: the run is neither, is damaged or needs `trust`; or it has no folds, and cannot tell the precision.
    """

    def __init__(self, run: str | PathLike[str], trust: bool = False, precision: float | None = None) -> None:
        use_one_thread_after_fork()
        self.run, self.trust, self.precision = Path(run), trust, precision
        self.spec, self.logits = load(Path(run), trust)
        self.limits = None if precision is None else load_limits(Path(run), trust, precision)
        self.n_frames = self.spec.window_shape[0]

    def predict(self, path: str | PathLike[str], every_seconds: float | None = None) -> Prediction:
        """Predict a song's genres.

        Args:
            path: the song's file, in any format that libsndfile or FFmpeg can read.
            every_seconds: also predict each part of the song that is so long; None: the whole song only.

        Returns:
            The genres with their probabilities, and the timeline if it was asked for.

        Raises:
            AudioError: the file cannot be read.
        """
        spec = self.spec
        song = extract(Path(path), spec.features, spec.dtype, spec.loudness, spec.lengths)
        windows = self.predict_windows(song.frames, regular_starts(len(song.frames), self.n_frames, spec.overlap))
        probabilities = self.by_genre(windows.mean(dim=0))
        timeline = () if every_seconds is None else self.timeline(song, every_seconds)
        whole = Prediction(0.0, song.seconds, probabilities, Path(path), timeline)
        if self.limits is None:
            return whole
        reason, distance = self.limits.judge(max(probabilities.values()), song.stats)
        return replace(whole, none_because=reason, distance=distance)

    def predict_all(
        self, paths: Sequence[Path], every_seconds: float | None = None, engine: Threads | Dask | None = None
    ) -> Iterator[tuple[Path, Prediction | AudioError]]:
        """Predict the genres of many songs, several at once.

        Args:
            paths: the songs' files.
            every_seconds: as in `predict`.
            engine: what reads them; None: a thread on each core.

        Yields:
            Each path in the order given, with what `predict` returns or raises for it.
        """
        if isinstance(engine, Dask):
            known = self.run.absolute(), self.trust, self.fingerprint, self.precision
            task = partial(predict_part, known, every_seconds)
            return chain.from_iterable(engine.map(task, parts(paths)))
        return extract_all(paths, partial(self.predict, every_seconds=every_seconds), engine or Threads())

    @cached_property
    def fingerprint(self) -> str:
        """What only this model has: a hash of it."""
        from genre_lightning.runs.run import MODEL, find_model

        file = self.run if self.run.suffix == ".onnx" else find_model(self.run) / MODEL
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16]

    def timeline(self, song: Extracted, every_seconds: float) -> list[Moment]:
        """Predict the windows around the middles of a song's parts; at both ends the first and the last window.

        Each part is `every_seconds` long, the last one up to half of that shorter or longer. What is silent for more
        than half of it has no genres.
        """
        parts = max(1, round(song.seconds / every_seconds))
        edges = [*(part * every_seconds for part in range(parts)), song.seconds]
        heard = heard_seconds(edges, song.silences)
        windows = self.predict_windows(song.frames, self.starts_around(heard, len(song.frames)))
        silent = np.diff(heard) < np.diff(edges) / 2
        parts = zip(pairwise(edges), windows, silent, strict=True)
        return [Moment(*span, {} if is_silent else self.by_genre(window)) for span, window, is_silent in parts]

    def starts_around(self, edges: npt.ArrayLike, n_frames: int) -> list[int]:
        """First frames of the windows around the middles of the parts between `edges`, in seconds without silences."""
        features = self.spec.features
        middles = np.asarray(edges)[:-1] + np.diff(edges) / 2
        begins = middles - features.seconds_of(self.n_frames) / 2
        starts = np.round(begins * features.frames_per_second).clip(0, max(0, n_frames - self.n_frames))
        return starts.astype(int).tolist()

    @torch.inference_mode()
    def predict_windows(self, frames: np.ndarray, starts: Sequence[int]) -> Tensor:
        """The logits `(windows, n_genres)` of the windows of a song that begin at the frames `starts`."""
        logits = []
        for first in range(0, len(starts), WINDOWS_A_BATCH):
            batch = [cut(frames, start, self.n_frames) for start in starts[first : first + WINDOWS_A_BATCH]]
            windows = torch.from_numpy(np.stack(batch)).float()  # (windows, n_frames, n_features)
            logits.append(self.logits(windows))
        heard = torch.cat(logits)
        if not heard.isfinite().all():  # of an .onnx file, whose weights nobody sees, or of weights that are too large
            raise UserError("the model says of a song what is no number (NaN, or infinite); train again")
        return heard

    def by_genre(self, logits: Tensor) -> dict[str, float]:
        """The genres with their probabilities, the most probable first, from the logits of a window or a song."""
        named = zip(self.spec.genres, logits.softmax(dim=0).tolist(), strict=True)
        return dict(sorted(named, key=lambda genre: -genre[1]))


def predict_part(
    known: tuple[Path, bool, str, float | None], every_seconds: float | None, paths: Sequence[Path]
) -> list[tuple[Path, Prediction | AudioError]]:
    """Predict songs in a worker of a cluster, which reads the run once as long as its model stays the same."""
    return [*remembered(*known).predict_all(paths, every_seconds, Threads(1))]


@cache
def remembered(run: Path, trust: bool, _fingerprint: str, precision: float | None) -> Predictor:
    """The run's Predictor."""
    return Predictor(run, trust, precision)


def load_limits(run: Path, trust: bool, precision: float) -> "Limits":
    """What a song must reach to get a genre by a run. Raises UserError."""
    from genre_lightning.predict.abstain import limits
    from genre_lightning.runs.run import Run, find_model

    if (found := find_model(run)).suffix == ".onnx":
        raise UserError(f"--precision: {run} does not hold the songs that its run learnt from; name the run's folder")
    return limits(Run(found, trust=trust), precision)


def load(run: Path, trust: bool) -> tuple[Spec, Logits]:
    """The spec and the network of a run's folder, or of a file exported from one. Raises UserError."""
    if run.suffix == ".onnx" and run.is_file():
        return read_exported(run, trust=trust)
    from genre_lightning.models.base import Standardise
    from genre_lightning.runs.run import Run, find_model

    finished = Run(find_model(run), trust=trust)
    spec, model = finished.spec, finished.model
    standardise = model.encoder[0]
    assert isinstance(standardise, Standardise)
    check_shapes(run, spec, (spec.window_shape[0], *standardise.mean.shape), model.head.bias.shape)
    return spec, folded(nn.Sequential(model.encoder, model.head).eval())


def folded(network: nn.Module) -> nn.Module:
    """Take every normalisation into the weights of the convolution before it, in place: a sixth faster."""
    for layers in network.modules():
        if isinstance(layers, nn.Sequential):
            for index, (layer, after) in enumerate(pairwise(layers)):
                if isinstance(layer, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                    layers[index], layers[index + 1] = fuse_conv_bn_eval(layer, after), nn.Identity()
    return network
