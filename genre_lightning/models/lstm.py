"""model=lstm: a bidirectional LSTM that reads the window frame by frame."""

from typing import Any

from torch import Tensor, nn

from genre_lightning.models.classifier import GenreClassifier, Standardise
from genre_lightning.models.pooling import MeanAndDeviation


class LSTM(GenreClassifier):
    """`layers` of a bidirectional LSTM with `hidden` units each way, pooled over time."""

    def __init__(
        self, n_features: int, n_frames: int, n_genres: int, hidden: int, layers: int, dropout: float, **learning: Any
    ) -> None:
        super().__init__(n_genres, **learning)
        self.save_hyperparameters(logger=False)
        self.encoder = nn.Sequential(
            Standardise(n_features),
            Recurrent(n_features, hidden, layers, dropout),
            MeanAndDeviation(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(4 * hidden, n_genres)


class Recurrent(nn.Module):
    """`(batch, frames, features)` -> the outputs of both directions, `(batch, frames, 2 * hidden)`."""

    def __init__(self, n_features: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(n_features, hidden, layers, batch_first=True, bidirectional=True, dropout=between)

    def forward(self, frames: Tensor) -> Tensor:
        return self.lstm(frames)[0]
