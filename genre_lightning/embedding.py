"""Every song as a model sees it."""

from dataclasses import dataclass

import numpy as np

from genre_lightning.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Every song of a data set as a model sees it; all arrays have one row a song.

    `tracks` name the genre '' where it is unknown, and the split '' for songs the model never saw. `genres` are the
    model's: the columns of `probabilities` `(songs, genres)`. `vectors` is `(songs, embedding)`, `positions`, the 2-D
    map, `(songs, 2)`; all are float32.
    """

    tracks: Catalogue
    genres: list[str]
    probabilities: np.ndarray
    vectors: np.ndarray
    positions: np.ndarray
