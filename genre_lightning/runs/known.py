"""checkpoints/known_songs.pt: how the songs sound that a run's network has learnt from, and how near they are.

What lies farther from them than they do from each other is music of another kind, or none, whatever genre the network
gives it: distance to the k-th nearest neighbour (Sun et al. 2022, "Out-of-distribution detection with deep nearest
neighbors"), here of other artists' songs, by the mean and the standard deviation of each feature. In what a network
makes of songs, those that it has learnt by heart lie farther apart than new ones (docs/none.md).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.runs.checkpoint import UNREADABLE, load_plain
from genre_lightning.runs.folders import CHECKPOINTS, command_to_go_on

KNOWN = Path(CHECKPOINTS, "known_songs.pt")
NEIGHBOUR = 3  # which of the nearest songs counts
USUAL = 0.98  # of the songs are no farther from others than `limit`
MOST = 4096  # songs that are kept
LEAST = 1e-6  # of a limit: songs may all be alike
Vectors = NDArray[np.float32]


class KnownSongs(NamedTuple):
    """The songs that a network has learnt from.

    stats: `(songs, 2 * n_features)`, the mean and the standard deviation of each feature, in units of `scale`,
    `(2 * n_features,)`; limit: the distance from the NEIGHBOUR-th nearest of them beyond which a song is not like them.
    """

    stats: Vectors
    scale: Vectors
    limit: float

    def distance(self, stats: Vectors) -> float:
        """How far a song, `(2, n_features)`, lies from these, in units of `limit`: above 1 it is not like them."""
        from scipy.spatial.distance import cdist

        found = to_neighbour(cdist(stats.reshape(1, -1) / self.scale, self.stats))[0]
        return float(found) / max(self.limit, LEAST)


def known_songs(stats: Vectors, groups: Sequence[int]) -> KnownSongs:
    """Songs with their limit: `(songs, 2 * n_features)`, and the number of each song's artist group; at most MOST.

    A song's own artists do not count, who will not have made a new one. With too few others, nothing is too far.
    """
    from sklearn.metrics import euclidean_distances

    std, every = stats.std(axis=0), -(-len(stats) // MOST)
    scale = np.where(std > 0, std, 1).astype(np.float32)
    kept, numbers = stats[::every] / scale, np.array(groups)[::every]
    distances = euclidean_distances(kept)  # as products of matrices: for many features a tenth of cdist's time
    distances[numbers[:, None] == numbers] = np.inf
    return KnownSongs(kept, scale, float(np.quantile(to_neighbour(distances), USUAL, method="lower")))


def to_neighbour(distances: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """`(songs, others)` -> `(songs,)`: the distance to the NEIGHBOUR-th nearest."""
    place = min(NEIGHBOUR, distances.shape[1]) - 1
    return np.partition(distances, place, axis=1)[:, place]


def write_known(songs: KnownSongs, folder: Path) -> None:
    """Keep them in a run's folder."""
    import torch

    plain = {"stats": torch.from_numpy(songs.stats), "scale": torch.from_numpy(songs.scale), "limit": songs.limit}
    torch.save(plain, written := io.BytesIO())
    write_whole(folder / KNOWN, lambda file: file.write(written.getbuffer()))


def read_known(folder: Path, n_features: int) -> KnownSongs:
    """What `write_known` has written, of songs with so many features. Raises UserError."""
    path = folder / KNOWN
    if not path.is_file():
        goes_on = command_to_go_on(folder)
        mend = f"it gets one by {goes_on} refit=true" if goes_on else "train again"
        raise UserError(f"{folder} has no {KNOWN.as_posix()}; {mend}")
    try:
        plain = load_plain(path)
        songs = KnownSongs(plain["stats"].numpy(), plain["scale"].numpy(), float(plain["limit"]))
        if are_sound(songs, 2 * n_features):
            return songs
    except UNREADABLE:
        pass
    raise UserError(f"{path} is damaged, or of another model; train again")


def are_sound(songs: KnownSongs, n_stats: int) -> bool:
    """Whether songs from a file have so many stats each, all of them numbers, and are no more than are kept."""
    count, *shape = songs.stats.shape
    fit = 0 < count <= MOST and (*shape,) == songs.scale.shape == (n_stats,) and songs.limit >= 0
    fit = fit and songs.stats.dtype == songs.scale.dtype == np.float32
    return fit and bool(np.isfinite(songs.stats).all() and ((songs.scale > 0) & (songs.scale < np.inf)).all())
