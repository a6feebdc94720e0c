"""Section 4 of the theory: whether statistics of MFCC serve as embeddings, beside the vectors of trained networks."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from docs.figures.stored import NETWORKS, SPLIT_SEEDS, Arrays
from genre_lightning.data.catalogue import SPLITS
from genre_lightning.text import table

K = 5


class Representation(NamedTuple):
    """Songs as vectors: the `array` that holds them, how far apart they are, and whether they are standardised first.

    That is by the mean and the standard deviation of each column over the songs that were learnt from.
    """

    array: str
    metric: str
    standardised: bool = False


REPRESENTATIONS = {
    "MFCC statistics, raw": Representation("mfcc", "euclidean"),
    "MFCC statistics, standardised": Representation("mfcc", "euclidean", standardised=True),
    "log-mel statistics, standardised": Representation("logmel", "euclidean", standardised=True),
    **{label: Representation(name, "cosine") for name, label in NETWORKS.items()},
}


class Figures(NamedTuple):
    """Of one representation on each split, `(splits,)`.

    accuracy: how many test songs have the genre that most of their K nearest neighbours have, all learnt from;
    shared: how many of these neighbours have the test song's genre. Both are fractions.
    """

    accuracy: np.ndarray
    shared: np.ndarray


def neighbours(vectors: Mapping[str, list[np.ndarray]], split: np.ndarray) -> np.ndarray:
    """The K nearest songs learnt from of each test song.

    Args:
        vectors: For each array of REPRESENTATIONS `(songs, width)` on each split.
        split: `(splits, songs)`, numbers of SPLITS.

    Returns:
        `(representations, splits, test songs, K)`, nearest first, by the songs' numbers.
    """
    found = [
        [nearest(songs, kind, where) for songs, where in zip(vectors[kind.array], split, strict=True)]
        for kind in REPRESENTATIONS.values()
    ]
    return np.array(found, np.int16)


def nearest(vectors: np.ndarray, kind: Representation, split: np.ndarray) -> np.ndarray:
    """The same on one split: `(test songs, K)`."""
    from sklearn.neighbors import NearestNeighbors

    songs, learnt = as_compared(vectors, kind, split), np.flatnonzero(split == SPLITS.index("train"))
    found = NearestNeighbors(n_neighbors=K, metric=kind.metric, algorithm="brute").fit(songs[learnt])
    return learnt[found.kneighbors(songs[split == SPLITS.index("test")], return_distance=False)]


def as_compared(vectors: np.ndarray, kind: Representation, split: np.ndarray) -> np.ndarray:
    """The vectors of songs, `(songs, width)`, standardised if this representation wants it."""
    vectors = vectors.astype(float)
    learnt = vectors[split == SPLITS.index("train")]
    return (vectors - learnt.mean(axis=0)) / learnt.std(axis=0) if kind.standardised else vectors


def figures(arrays: Arrays) -> dict[str, Figures]:
    """The figures of each of REPRESENTATIONS, from the stored neighbours."""
    genre, split = arrays["genre"].astype(int), arrays["split"]
    own = np.stack([genre[where == SPLITS.index("test")] for where in split])  # (splits, test songs)
    found = {}
    for name, rows in zip(REPRESENTATIONS, arrays["neighbours"], strict=True):
        near = genre[rows]  # (splits, test songs, K)
        found[name] = Figures((vote(near) == own).mean(axis=1), (near == own[..., None]).mean(axis=(1, 2)))
    return found


def vote(near: np.ndarray) -> np.ndarray:
    """The most frequent genre of the last axis, along which neighbours are nearest first; of two equals, the nearer."""
    votes = near[..., None] == np.arange(near.max() + 1)  # (..., K, genres)
    nearer = 1 + 0.01 / 2.0 ** np.arange(near.shape[-1])  # decides between equals only
    return (votes * nearer[:, None]).sum(axis=-2).argmax(axis=-1)


def told(arrays: Arrays) -> str:
    """The figures as a table, each the mean over the splits and their range; and those of the networks themselves."""
    rows = [[name, *map(spread, found)] for name, found in figures(arrays).items()]
    own = [[name, *map(spread, found.T)] for name, found in zip(NETWORKS.values(), arrays["accuracy"], strict=True)]
    near = table(["songs as", f"kNN accuracy, k = {K}", "neighbours of the same genre"], rows)
    gap = table(["accuracy of", "songs it learnt from", "validation", "test"], own)
    return f"Test songs of splits {SPLIT_SEEDS}, neighbours among the songs learnt from:\n\n{near}\n\n{gap}"


def spread(fractions: np.ndarray) -> str:
    """91 % (89 to 93)."""
    mean, low, high = 100 * fractions.mean(), 100 * fractions.min(), 100 * fractions.max()
    return f"{mean:.0f} % ({low:.0f} to {high:.0f})"
