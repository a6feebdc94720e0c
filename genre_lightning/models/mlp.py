"""model=mlp: a window's mean and standard deviation of each feature, and dense layers over them."""

from itertools import pairwise
from typing import Any

from torch import nn

from genre_lightning.models.base import GenreClassifier, Standardise
from genre_lightning.models.blocks import MeanAndStd


class MLP(GenreClassifier):
    """Dense layers of `hidden` units; blind to the order of things in time."""

    def __init__(
        self, n_features: int, n_frames: int, n_genres: int, hidden: list[int], dropout: float, **learning: Any
    ) -> None:
        super().__init__(n_genres, **learning)
        self.save_hyperparameters(logger=False)
        widths = [2 * n_features, *hidden]
        layers = [dense(*pair, dropout) for pair in pairwise(widths)]
        self.encoder = nn.Sequential(Standardise(n_features), MeanAndStd(), *layers)
        self.head = nn.Linear(widths[-1], n_genres)


def dense(width_in: int, width_out: int, dropout: float) -> nn.Sequential:
    """`(batch, width_in)` -> `(batch, width_out)`."""
    return nn.Sequential(nn.Linear(width_in, width_out), nn.BatchNorm1d(width_out), nn.ReLU(), nn.Dropout(dropout))
