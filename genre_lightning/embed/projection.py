"""From vectors to a map: UMAP, t-SNE or PCA."""

import logging
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

logger = logging.getLogger(__name__)
ANNOUNCED_AFTER_SECONDS = 3.0


@dataclass(frozen=True)
class Projection(ABC):
    """From vectors `(songs, embedding)` to positions `(songs, 2)`, float32; songs are near in the sense of cosine."""

    fewest_songs: ClassVar[int] = 1

    @abstractmethod
    def fit(self, vectors: np.ndarray) -> np.ndarray:
        """Draw a map of at least `fewest_songs` songs."""

    def place(self, vectors: np.ndarray, positions: np.ndarray, new: np.ndarray) -> np.ndarray | None:
        """Positions of `new` songs on the map that `fit` drew of `vectors`; None where the method has no way to it."""
        return None


@dataclass(frozen=True)
class PCA(Projection):
    """The two directions in which the vectors, brought to length 1, differ most."""

    def fit(self, vectors: np.ndarray) -> np.ndarray:
        placed = self.place(vectors, vectors, vectors)
        return np.zeros((len(vectors), 2), np.float32) if placed is None else placed

    def place(self, vectors: np.ndarray, positions: np.ndarray, new: np.ndarray) -> np.ndarray | None:
        from sklearn import decomposition
        from sklearn.preprocessing import normalize

        if len(vectors) < 2:
            return None
        axes = decomposition.PCA(min(2, *vectors.shape), svd_solver="full")
        with np.errstate(invalid="ignore"):  # songs that do not differ
            axes.fit(normalize(vectors))
        placed = axes.transform(normalize(new)).astype(np.float32)
        return np.pad(placed, ((0, 0), (0, 2 - placed.shape[1])))


@dataclass(frozen=True)
class TSNE(Projection):
    """van der Maaten and Hinton 2008, begun from PCA (Kobak and Berens 2019)."""

    perplexity: float = 30.0
    max_iter: int = 1000
    seed: int = 0
    fewest_songs: ClassVar[int] = 4

    def __post_init__(self) -> None:
        if self.perplexity < 1 or self.max_iter < 250:
            raise ValueError(f"perplexity {self.perplexity} must be at least 1, max_iter {self.max_iter} at least 250")

    def fit(self, vectors: np.ndarray) -> np.ndarray:
        from sklearn import manifold

        begin: Any = PCA().fit(vectors)
        begin *= 1e-4 / max(float(begin[:, 0].std()), 1e-12)
        perplexity = min(self.perplexity, (len(vectors) - 1) / 3)
        how = {"perplexity": perplexity, "max_iter": self.max_iter, "random_state": self.seed}
        return manifold.TSNE(metric="cosine", init=begin, **how).fit_transform(vectors)


@dataclass(frozen=True)
class UMAP(Projection):
    """McInnes, Healy and Melville 2018."""

    n_neighbors: int = 15
    min_dist: float = 0.1
    seed: int = 0
    fewest_songs: ClassVar[int] = 4

    def __post_init__(self) -> None:
        if self.n_neighbors < 2 or not 0 <= self.min_dist <= 1:
            raise ValueError(
                f"n_neighbors {self.n_neighbors} must be at least 2, min_dist {self.min_dist} between 0 and 1"
            )

    def fit(self, vectors: np.ndarray) -> np.ndarray:
        with undisturbed():
            return self.mapper(len(vectors)).fit_transform(vectors)

    def place(self, vectors: np.ndarray, positions: np.ndarray, new: np.ndarray) -> np.ndarray | None:
        """As umap's `transform`, with a mapper made anew: a stored one would have to be unpickled, which runs code."""
        if len(vectors) < self.fewest_songs:
            return None
        with undisturbed():
            mapper = self.mapper(len(vectors), transform_mode="graph").fit(vectors)  # who is near whom, and no map
            mapper.transform_mode, mapper.embedding_ = "embedding", positions
            return mapper.transform(new)

    def mapper(self, songs: int, **how: Any) -> Any:
        """Umap's class with these settings for a number of songs."""
        import umap

        return umap.UMAP(
            n_neighbors=min(self.n_neighbors, songs - 1), min_dist=self.min_dist, metric="cosine",
            disconnection_distance=np.inf,  # no song is left without a position
            random_state=self.seed, transform_seed=self.seed,
            n_jobs=1,  # what a seed demands
            **how,
        )  # fmt: skip


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep umap's warnings, of TensorFlow or of few songs, from the user; say what goes on where it takes long.

    PyTorch gets its number of threads back, which umap changes.
    """
    import torch

    threads = torch.get_num_threads()
    said = "UMAP is at work; at its first use it is compiled, which takes some 20 s"
    timer = threading.Timer(ANNOUNCED_AFTER_SECONDS, logger.info, [said])
    timer.daemon = True
    timer.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        timer.cancel()
        torch.set_num_threads(threads)
