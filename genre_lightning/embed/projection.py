"""From vectors to a map: UMAP, t-SNE or PCA."""

import atexit
import logging
import os
import shutil
import sys
import tempfile
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from genre_lightning.errors import explain_import, reason

logger = logging.getLogger(__name__)
ANNOUNCED_AFTER_SECONDS = 3.0


class UnusableError(Exception):
    """A projection does not work on this computer; the text says why."""


@dataclass(frozen=True)
class Projection(ABC):
    """Draws maps of songs, on which songs are near each other if the angle between their vectors is small.

    `fewest_songs` is the smallest number of songs of which it can draw a map. On a map that `has_islands`, the distance
    between groups that lie apart says nothing.
    """

    fewest_songs: ClassVar[int] = 1
    has_islands: ClassVar[bool] = False

    @abstractmethod
    def fit(self, vectors: np.ndarray) -> np.ndarray:
        """Draw a map.

        Args:
            vectors: `(songs, embedding)`, of at least `fewest_songs` songs.

        Returns:
            The songs' positions: float32 `(songs, 2)`.

        Raises:
            UnusableError: This projection does not work on this computer.
        """

    def place(self, vectors: np.ndarray, positions: np.ndarray, new: np.ndarray) -> np.ndarray | None:
        """Place new songs on a map that was drawn before.

        Args:
            vectors: `(songs, embedding)`, of the songs that shaped the map.
            positions: `(songs, 2)`, where `fit` put them; the map may have been turned, or its islands moved, since.
            new: `(new songs, embedding)`.

        Returns:
            The positions of the new songs, float32 `(new songs, 2)`; None if this projection cannot place songs, or not
            on a map of so few.
        """
        return None


@dataclass(frozen=True)
class PCA(Projection):
    """Principal component analysis: the two directions in which the vectors, scaled to length 1, differ most."""

    def fit(self, vectors: np.ndarray) -> np.ndarray:
        return self.projected(vectors, vectors) if len(vectors) > 1 else np.zeros((len(vectors), 2), np.float32)

    def place(self, vectors: np.ndarray, positions: np.ndarray, new: np.ndarray) -> np.ndarray | None:
        from scipy.linalg import orthogonal_procrustes

        if len(vectors) < 2:
            return None
        before, placed = (self.projected(vectors, each) for each in (vectors, new))
        middle, centre = before.mean(axis=0), positions.mean(axis=0)
        turn, _ = orthogonal_procrustes(before - middle, positions - centre)
        return ((placed - middle) @ turn + centre).astype(np.float32)

    def projected(self, vectors: np.ndarray, songs: np.ndarray) -> np.ndarray:
        """The vectors `songs` on the axes of `vectors`, of which there are at least two: float32 `(songs, 2)`."""
        from sklearn import decomposition
        from sklearn.preprocessing import normalize

        axes = decomposition.PCA(min(2, *vectors.shape), svd_solver="full")
        with np.errstate(invalid="ignore"):  # songs that do not differ
            axes.fit(normalize(vectors))
        placed = axes.transform(normalize(songs)).astype(np.float32)
        return np.pad(placed, ((0, 0), (0, 2 - placed.shape[1])))  # a second axis, if there is only one


@dataclass(frozen=True)
class TSNE(Projection):
    """t-SNE (van der Maaten and Hinton 2008), started from PCA (Kobak and Berens 2019). It cannot place new songs.

    Args:
        perplexity: About how many songs count as a song's neighbours, at least 1.
        max_iter: Steps of the optimisation, at least 250.
        seed: Of the random numbers.

    Raises:
        ValueError: For settings below these.
    """

    perplexity: float = 30.0
    max_iter: int = 1000
    seed: int = 0
    fewest_songs: ClassVar[int] = 4
    has_islands: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.perplexity < 1 or self.max_iter < 250:
            raise ValueError(f"perplexity {self.perplexity} must be at least 1, max_iter {self.max_iter} at least 250")

    def fit(self, vectors: np.ndarray) -> np.ndarray:
        from sklearn import manifold

        start: Any = PCA().fit(vectors)
        start *= 1e-4 / max(float(start[:, 0].std()), 1e-12)
        perplexity = min(self.perplexity, (len(vectors) - 1) / 3)
        how = {"perplexity": perplexity, "max_iter": self.max_iter, "random_state": self.seed}
        return manifold.TSNE(metric="cosine", init=start, **how).fit_transform(vectors)


@dataclass(frozen=True)
class UMAP(Projection):
    """UMAP (McInnes, Healy and Melville 2018).

    Args:
        n_neighbors: How many songs count as a song's neighbours, at least 2: few keep small groups together, many the
            large picture.
        min_dist: How close together songs may lie, 0 to 1.
        seed: Of the random numbers.

    Raises:
        ValueError: For settings outside these ranges.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    seed: int = 0
    fewest_songs: ClassVar[int] = 4
    has_islands: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.n_neighbors < 2 or not 0 <= self.min_dist <= 1:
            where = f"min_dist {self.min_dist} between 0 and 1"
            raise ValueError(f"n_neighbors {self.n_neighbors} must be at least 2, {where}")

    def fit(self, vectors: np.ndarray) -> np.ndarray:
        return compiled(lambda: self.mapper(len(vectors)).fit_transform(vectors))

    def place(self, vectors: np.ndarray, positions: np.ndarray, new: np.ndarray) -> np.ndarray | None:
        # umap's `transform`, of a mapper that is made anew: a stored one would have to be unpickled, which runs code.
        def placed() -> np.ndarray:
            mapper = self.mapper(len(vectors), transform_mode="graph").fit(vectors)  # finds neighbours, draws no map
            mapper.transform_mode, mapper.embedding_ = "embedding", positions
            return mapper.transform(new)

        return compiled(placed) if len(vectors) >= self.fewest_songs else None

    def mapper(self, songs: int, **how: Any) -> Any:
        """An object of umap's class with these settings, for a number of songs."""
        import umap

        return umap.UMAP(
            n_neighbors=min(self.n_neighbors, songs - 1), min_dist=self.min_dist, metric="cosine",
            disconnection_distance=np.inf,  # no song is left without a position
            random_state=self.seed, transform_seed=self.seed,
            n_jobs=1,  # required with a seed
            **how,
        )  # fmt: skip


def compiled(work: Callable[[], np.ndarray]) -> np.ndarray:
    """What `work` makes with umap, which has to be compiled.

    If that fails, as where it can be kept nowhere, umap is loaded once more, with a temporary folder for what is
    compiled. Raises UnusableError.
    """
    with quiet_umap():
        try:
            return work()
        except Exception:  # a compiler can raise anything
            try:
                start_anew()
                return work()
            except Exception as error:
                raise UnusableError(explain_import(error) or reason(error)) from error


def start_anew() -> None:
    """Forget umap, and what it has compiled; its next import keeps that in a temporary folder."""
    from numba.core import config

    folder = tempfile.mkdtemp(prefix="genre_lightning-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = folder
    config.reload_config()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pynndescent", "umap")]:
        del sys.modules[name]


@contextmanager
def quiet_umap() -> Iterator[None]:
    """Hide umap's warnings about TensorFlow or few songs, and log a line if it takes long.

    Also restores PyTorch's number of threads, which umap changes.
    """
    import torch

    threads = torch.get_num_threads()
    message = "UMAP is running; the first time it has to be compiled, which takes about 20 s"
    timer = threading.Timer(ANNOUNCED_AFTER_SECONDS, logger.info, [message])
    timer.daemon = True
    timer.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        timer.cancel()
        torch.set_num_threads(threads)
