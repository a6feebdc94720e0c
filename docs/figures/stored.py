"""docs/theory/networks.npz: what python -m docs.figures.networks has stored for pictures that need trained networks."""

from functools import cache
from pathlib import Path

import numpy as np

STORED = Path(__file__).parents[1] / "theory" / "networks.npz"
SPLIT_SEEDS = (0, 1, 2)  # vectors are stored of the first one
NETWORKS = {"mlp": "MLP", "cnn": "CNN", "lstm": "LSTM", "frames": "LSTM on frames"}  # by their arrays
Arrays = dict[str, np.ndarray]


@cache
def stored() -> Arrays:
    """All arrays in the file.

    genres: their names; genre, artist: `(songs,)`, by number; split: `(splits, songs)`, numbers of SPLITS;
    mfcc, logmel: each feature's mean over the song, then its standard deviation, `(songs, 2 * features)`;
    mlp, cnn, lstm, frames: songs by the networks of the first split, `(songs, embedding)`;
    accuracy: of all networks on the songs of train, which they learnt from, val and test: `(networks, splits, 3)`.
    Others are told of by the functions that make them: `neighbours.neighbours`, `recurrent.watched`, `maps.projected`.
    """
    with np.load(STORED, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
