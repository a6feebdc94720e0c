"""The vectors nearest to others by exact search, and which songs are one recording, so that a list has each once."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from genre_lightning.data.artists import artist_key
from genre_lightning.data.catalogue import linked
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.search import fold

SAME_SIMILARITY = 0.999  # from which on songs of one artist and title are one recording


class Nearest(NamedTuple):
    """The rows nearest to each query, nearest first, and their cosine similarities, -1 to 1: `(queries, k)` each."""

    rows: np.ndarray
    similarities: np.ndarray


def nearest(vectors: np.ndarray, k: int, queries: np.ndarray | None = None) -> Nearest:
    """Find the nearest vectors by exact search.

    Args:
        vectors: `(songs, embedding)`.
        k: How many to find for each query; fewer if there are not that many.
        queries: `(queries, embedding)`; None to find for each of `vectors` the nearest of the others.

    Returns:
        Rows of `vectors`, nearest first, and their cosine similarities: `(queries, k)` each.
    """
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import normalize

    asked = vectors if queries is None else queries
    if (k := min(k, len(vectors) - (queries is None))) < 1 or not len(asked):
        nothing = np.zeros((len(asked), 0), int)
        return Nearest(nothing, nothing)
    # Of vectors of length 1 the order is the same by distance, which scikit-learn searches 7 times as fast.
    units, asked = normalize(vectors), normalize(asked)
    search = NearestNeighbors(metric="euclidean", algorithm="brute").fit(units)
    rows = search.kneighbors(None if queries is None else asked, k, return_distance=False)
    return Nearest(rows, np.stack([(units[column] * asked).sum(axis=1) for column in rows.T], axis=1))


def nearest_recordings(vectors: np.ndarray, recordings: np.ndarray, k: int) -> Nearest:
    """For each of `vectors` the nearest ones of other recordings, each recording once, as its first song.

    Args:
        vectors: `(songs, embedding)`.
        recordings: `(songs,)`, what `recordings_of` finds.
        k: How many to find for each; fewer if there are not that many.

    Returns:
        Rows of `vectors`, nearest first, and their cosine similarities: `(songs, k)` each.
    """
    firsts = np.unique(recordings)
    k = min(k, len(firsts) - 1)
    found = nearest(vectors[firsts], k + 1, vectors)  # one more, since a song's own recording can be among them
    rows = firsts[found.rows]
    others = np.argsort(rows == recordings[:, None], axis=1, kind="stable")[:, :k]
    return Nearest(np.take_along_axis(rows, others, axis=1), np.take_along_axis(found.similarities, others, axis=1))


def recordings_of(embeddings: Embeddings) -> np.ndarray:
    """The row of the first song that is the same recording as each song, `(songs,)`: for most their own row.

    Songs with the same digest are one recording, and so are those of the same artist and title, however spelt, whose
    similarity is at least SAME_SIMILARITY.
    """
    from sklearn.preprocessing import normalize

    units, keys = np.asarray(normalize(embeddings.vectors)), []
    called: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (track, digest) in enumerate(zip(embeddings.tracks, embeddings.digests.tolist(), strict=True)):
        name = artist_key(track.artist), fold(track.title)
        earlier = called[name] if all(name) else []
        alike = np.flatnonzero(units[earlier] @ units[row] >= SAME_SIMILARITY) if earlier else []
        keys.append([digest, earlier[alike[0]] if len(alike) else row])
        if not len(alike):
            earlier.append(row)
    return np.array(linked(keys), int)
