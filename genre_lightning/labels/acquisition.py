"""Which songs would teach the most if somebody labelled them: unsure ones that are unlike each other."""

import numpy as np
from numpy.typing import NDArray


def informative(probabilities: NDArray[np.floating], vectors: NDArray[np.floating], n: int) -> list[int]:
    """Choose songs to label, one after the other: the most unsure first, then unsure ones that are unlike the chosen.

    A song counts for how unsure it is, times its cosine distance to the nearest one that is chosen already: uncertainty
    alone asks for several songs of the same kind at once, distance alone for outliers whose genre is clear. That is
    k-center's greedy choice (Sener and Savarese 2018), weighted by uncertainty. It did as well as BADGE (Ash et al.
    2020) and weighted k-means (Zhdanov 2019), or better, and draws nothing by chance: docs/labels.md has the figures.

    Args:
        probabilities: `(songs, n_genres)`.
        vectors: `(songs, embedding)`.
        n: How many to choose; fewer if there are fewer songs.

    Returns:
        Their rows, the most telling first.
    """
    unsure = 1 - margins(probabilities)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.maximum(lengths, np.finfo(vectors.dtype).tiny)
    distances, chosen = np.ones(len(units)), []
    for _ in range(min(n, len(units))):
        worth = unsure * distances
        worth[chosen] = -1
        chosen.append(int(worth.argmax()))
        distances = np.minimum(distances, np.maximum(0, 1 - units @ units[chosen[-1]]))
    return chosen


def margins(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    """By how much each song's most probable genre is more so than the next one, from 0 to 1: `(songs,)`."""
    ordered = np.sort(probabilities, axis=1)
    return ordered[:, -1] - ordered[:, -2]
