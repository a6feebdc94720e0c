"""What frozen pre-trained networks hear: features that cost much to compute, and are computed once."""

import math
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from genre_lightning.features.base import Band, Features
from genre_lightning.features.encoders.base import Encoder
from genre_lightning.features.encoders.efficientat import EfficientAT
from genre_lightning.features.encoders.musicnn import Musicnn

LEAST_SECONDS = 0.01  # from a step to the next one; the encoders hear much more than that at once
ENCODERS: dict[str, type[Encoder]] = {"efficientat": EfficientAT, "musicnn": Musicnn}


class Pretrained(Features):
    """The vectors of frozen encoders, side by side, for every step of time: `(samples,)` -> `(steps, n_features)`.

    Args:
        encoders: Names of ENCODERS, in the order of their vectors.
        step_seconds: From a step to the next one; a song has at least one.

    Raises:
        ValueError: No encoder, one that does not exist or is named twice, or steps of no length.

    The networks' weights are fetched when they are first needed; `forward` raises UserError if that is not possible.
    """

    is_sequence = is_image = False  # a few frames, and no pitch

    def __init__(self, encoders: list[str] | None = None, step_seconds: float = 1.0) -> None:
        super().__init__()
        self.encoders = [*ENCODERS] if encoders is None else [*encoders]
        self.step_seconds = float(step_seconds)
        self.check()
        self.networks = nn.ModuleList(ENCODERS[name]() for name in self.encoders)
        self.sample_rate = max(ENCODERS[name].sample_rate for name in self.encoders)

    def check(self) -> None:
        """Raise ValueError for settings of which no features can be made."""
        if not self.encoders or len(set(self.encoders)) < len(self.encoders) or set(self.encoders) - set(ENCODERS):
            raise ValueError(f"encoders are some of {', '.join(ENCODERS)}, each once, not {self.encoders}")
        if not LEAST_SECONDS <= self.step_seconds < math.inf:
            raise ValueError(f"step_seconds must be at least {LEAST_SECONDS}, not {self.step_seconds}")

    @property
    def n_features(self) -> int:
        return sum(ENCODERS[name].n_features for name in self.encoders)

    @property
    def frames_per_second(self) -> float:
        return 1 / self.step_seconds

    def bands(self) -> list[Band]:
        edges = accumulate((ENCODERS[name].n_features for name in self.encoders), initial=0)
        return [Band(name, *span) for name, span in zip(self.encoders, pairwise(edges), strict=True)]

    def parts(self) -> list[tuple[Band, Encoder]]:
        """The encoders, and which of the features each of them makes."""
        networks = [network for network in self.networks if isinstance(network, Encoder)]
        return [*zip(self.bands(), networks, strict=True)]

    def forward(self, waveform: Tensor) -> Tensor:
        steps = self.frames_in(len(waveform) / self.sample_rate)
        heard = []
        for network in self.networks:
            assert isinstance(network, Encoder)
            heard.append(network(resampled(waveform, self.sample_rate, network.sample_rate), steps))
        return torch.cat(heard, dim=1)


def resampled(waveform: Tensor, rate: int, wanted: int) -> Tensor:
    """The waveform at another sample rate, at least one sample."""
    import soxr

    if rate == wanted:
        return waveform
    return torch.from_numpy(soxr.resample(waveform.numpy(), rate, wanted, "HQ"))
