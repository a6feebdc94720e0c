"""What all frozen encoders have in common."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Encoder(nn.Module, ABC):
    """A network that comes with weights, which are fetched when they are first needed; nothing of it is trained.

    Attributes:
        called: What people call it.
        sample_rate: The rate of the waveform that `forward` gets, in Hz.
        n_features: The width of its vectors.
    """

    called: str
    sample_rate: int
    n_features: int

    @abstractmethod
    def forward(self, waveform: Tensor, steps: int) -> Tensor:
        """A vector for each of `steps` steps of a song, evenly spaced: `(samples,)` -> `(steps, n_features)`.

        Raises UserError if there are no weights and none can be had.
        """

    @abstractmethod
    def tags(self, vectors: Tensor) -> dict[str, float]:
        """What the published network says of a song by its own last layers, if it is read that far: the probability
        of each of its tags.

        `vectors` are the song's, `(steps, n_features)`. Raises UserError if there are no weights and none can be had.
        """


def repeated(signal: Tensor, least: int) -> Tensor:
    """The signal, again and again until it has `least` values in its first dimension if it has fewer."""
    return signal if len(signal) >= least else signal[torch.arange(least) % len(signal)]
