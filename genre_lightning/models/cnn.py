"""model=cnn: a small VGG-like network over the window as a picture."""

from itertools import pairwise
from typing import Any

from torch import nn

from genre_lightning.errors import UserError
from genre_lightning.models.base import GenreClassifier, Standardise
from genre_lightning.models.blocks import AverageOverFeatures, MeanAndMaximum, block


class CNN(GenreClassifier):
    """A block for each of `channels`, which halves time and frequency; then the mean and the maximum over time."""

    def __init__(
        self, n_features: int, n_frames: int, n_genres: int, channels: list[int], dropout: float, **learning: Any
    ) -> None:
        super().__init__(n_genres, **learning)
        self.save_hyperparameters(logger=False)
        if not channels:  # which features that make no picture ask for
            raise UserError("model=cnn reads features=logmel, mfcc or chroma, which make a picture; try model=linear")
        widths = [1, *channels]
        self.encoder = nn.Sequential(
            Standardise(n_features),
            nn.Unflatten(1, (1, n_frames)),
            *[block(*pair) for pair in pairwise(widths)],
            AverageOverFeatures(),
            MeanAndMaximum(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(2 * widths[-1], n_genres)
