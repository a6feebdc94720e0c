"""checkpoints/known_songs.pt: the songs that a run's network has learnt from, as it sees them, and how near they are.

What lies farther from them than they do from each other is music of another kind, or none, whatever genre the network
gives it: distance to the k-th nearest neighbour (Sun et al. 2022, "Out-of-distribution detection with deep nearest
neighbors"), of songs by other artists. docs/none.md says why this one.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.runs.checkpoint import UNREADABLE, load_plain
from genre_lightning.runs.folders import CHECKPOINTS, command_to_go_on

if TYPE_CHECKING:
    from torch import Tensor

KNOWN = Path(CHECKPOINTS, "known_songs.pt")
NEIGHBOUR = 3  # which of the nearest songs counts
USUAL = 0.98  # of the songs are no farther from others than `limit`
MOST_ASKED, AT_ONCE = 2048, 256  # songs whose distances tell what is usual


class KnownSongs(NamedTuple):
    """The songs that a network has learnt from.

    vectors: float32 `(songs, embedding)`, the mean of what the encoder makes of each song's windows; limit: the
    distance from the NEIGHBOUR-th nearest of them from which on a song is not like them.
    """

    vectors: Tensor
    limit: float

    def are_like(self, vector: Tensor) -> bool:
        """Whether a song, `(embedding,)`, is as near to these songs as they are to each other."""
        return float(to_neighbour(apart(vector[None], self.vectors))[0]) <= self.limit


def known_songs(vectors: Tensor, groups: Tensor) -> KnownSongs:
    """Songs with their limit: `(songs, embedding)`, and the number of each song's artist group, `(songs,)`.

    A song's own artists do not count, who will not have made a new one. With too few others, nothing is too far.
    """
    asked = range(0, len(vectors), -(-len(vectors) // MOST_ASKED))
    distances = []
    for first in range(0, len(asked), AT_ONCE):
        rows = [*asked[first : first + AT_ONCE]]
        others = apart(vectors[rows], vectors).masked_fill(groups[rows, None] == groups, float("inf"))
        distances += to_neighbour(others).tolist()
    return KnownSongs(vectors, sorted(distances)[int(USUAL * (len(distances) - 1))])


def apart(songs: Tensor, others: Tensor) -> Tensor:
    """Euclidean distances `(songs, others)`; each by itself, since products of matrices would round near ones away."""
    import torch

    return torch.cdist(songs, others, compute_mode="donot_use_mm_for_euclid_dist")


def to_neighbour(distances: Tensor) -> Tensor:
    """`(songs, others)` -> `(songs,)`: the distance to the NEIGHBOUR-th nearest."""
    return distances.kthvalue(min(NEIGHBOUR, distances.shape[1]), dim=1).values


def write_known(songs: KnownSongs, folder: Path) -> None:
    """Keep them in a run's folder."""
    import torch

    torch.save(songs._asdict(), written := io.BytesIO())
    write_whole(folder / KNOWN, lambda file: file.write(written.getbuffer()))


def read_known(folder: Path, embedding: int) -> KnownSongs:
    """What `write_known` has written, of a network with so wide an `embedding`. Raises UserError."""
    path = folder / KNOWN
    if not path.is_file():
        raise UserError(f"{folder} has no {KNOWN.as_posix()}, which it gets by {command_to_go_on(folder)} refit=true")
    try:
        plain = load_plain(path)
        songs = KnownSongs(plain["vectors"].float(), float(plain["limit"]))
        if songs.vectors.shape[1:] == (embedding,) and len(songs.vectors) and songs.vectors.isfinite().all():
            return songs
    except UNREADABLE:
        pass
    raise UserError(f"{path} is damaged, or of another model; train again")
