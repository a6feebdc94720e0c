"""model=lstm: the CNN's blocks sum a picture up, and a bidirectional LSTM reads what they made of it."""

from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from genre_lightning.errors import UserError
from genre_lightning.models.base import GenreClassifier, Standardise
from genre_lightning.models.blocks import AverageOverFeatures, Mean, block

MOST_LAYERS = 16


class LSTM(GenreClassifier):
    """A block for each of `channels`, which halves time and frequency; `layers` of LSTM both ways; the mean over time.

    Without `channels` the LSTM reads the frames themselves: right for the few of features=pretrained; of the many of a
    spectrogram it learns songs by heart, and was some ten points worse in cross-validation.
    """

    def __init__(
        self, n_features: int, n_frames: int, n_genres: int, channels: list[int], hidden: int, layers: int,
        dropout: float, **learning: Any,
    ) -> None:  # fmt: skip
        super().__init__(n_genres, **learning)
        self.save_hyperparameters(logger=False)
        if not 1 <= layers <= MOST_LAYERS:
            raise UserError(f"model.layers must be from 1 to {MOST_LAYERS}, not {layers}")
        blocks = [block(*pair) for pair in pairwise([1, *channels])]
        self.encoder = nn.Sequential(
            Standardise(n_features),
            *([nn.Unflatten(1, (1, n_frames)), *blocks, AverageOverFeatures()] if blocks else []),
            nn.Dropout(dropout),
            Recurrent(channels[-1] if channels else n_features, hidden, layers, dropout),
            Mean(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(2 * hidden, n_genres)


class Recurrent(nn.Module):
    """`(batch, frames, n_inputs)` -> the outputs of both directions, `(batch, frames, 2 * hidden)`."""

    def __init__(self, n_inputs: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        between = dropout if layers > 1 else 0.0
        self.lstm = nn.LSTM(n_inputs, hidden, layers, batch_first=True, bidirectional=True, dropout=between)

    def forward(self, frames: Tensor) -> Tensor:
        return self.lstm(frames)[0]
