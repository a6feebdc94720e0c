"""The network of musicnn (Pons and Serra 2019, "musicnn: Pre-trained convolutional neural networks for music audio
tagging"), written anew from its architecture: the layers are in the order in which their weights are stored.
"""

import torch
from torch import Tensor, nn

N_MELS = 96
N_FRAMES = 187  # a window of 2.99 s, at 16 kHz and a hop of 256 samples
POOLED, PENULTIMATE, TAGS = 1506, 200, 50  # the widths of its last layers
# Of the Million Song Dataset, in the order of the outputs: musicnn/configuration.py of the published package.
TAG_NAMES = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock", "jazz",
    "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow", "electronica",
    "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic",
    "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad", "House", "happy",
)  # fmt: skip
EPSILON = 1e-3  # TensorFlow's, of batch normalisation


class Tagger(nn.Module):
    """`(batch, frames, N_MELS)`, log10(10000 * mel power + 1) -> logits `(batch, TAGS)`."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Unflatten(1, (1, -1)),
            nn.BatchNorm2d(1, EPSILON),
            SideBySide([timbral(38), timbral(67), temporal(128), temporal(64), temporal(32)]),
            DenselyConnected([across_time(561), Residual(across_time(64)), Residual(across_time(64))]),
            MaximumAndMean(),
        )
        self.normalise = nn.BatchNorm1d(POOLED, EPSILON)
        self.penultimate = nn.Sequential(
            nn.Linear(POOLED, PENULTIMATE), nn.ReLU(), nn.BatchNorm1d(PENULTIMATE, EPSILON)
        )
        self.tags = nn.Linear(PENULTIMATE, TAGS)

    def forward(self, frames: Tensor) -> Tensor:
        return self.tags(self.penultimate(self.normalise(self.convolutions(frames))))


def timbral(n_mels: int) -> nn.Sequential:
    """Filters of 7 frames and `n_mels` bands, at any pitch: `(batch, 1, frames, 96)` -> 204 channels."""
    return nn.Sequential(
        nn.Conv2d(1, 204, (7, n_mels), padding=(3, 0)), nn.ReLU(), nn.BatchNorm2d(204, EPSILON), MaximumOverFrequency()
    )


def temporal(n_frames: int) -> nn.Sequential:
    """Filters of `n_frames` of one band, any band: `(batch, 1, frames, 96)` -> 51 channels."""
    before = (n_frames - 1) // 2
    return nn.Sequential(
        nn.ZeroPad2d((0, 0, before, n_frames - 1 - before)),  # TensorFlow's "same"
        nn.Conv2d(1, 51, (n_frames, 1)),
        nn.ReLU(),
        nn.BatchNorm2d(51, EPSILON),
        MaximumOverFrequency(),
    )


def across_time(channels: int) -> nn.Sequential:
    """`(batch, channels, frames)` -> `(batch, 64, frames)`, from 7 frames each."""
    return nn.Sequential(nn.Conv1d(channels, 64, 7, padding=3), nn.ReLU(), nn.BatchNorm1d(64, EPSILON))


class SideBySide(nn.ModuleList):
    """All layers get the same input; their output channels are concatenated."""

    def forward(self, signal: Tensor) -> Tensor:
        return torch.cat([layer(signal) for layer in self], dim=1)


class DenselyConnected(nn.ModuleList):
    """Each layer gets the output of the one before; the channels of the input and of all layers are concatenated."""

    def forward(self, signal: Tensor) -> Tensor:
        signals = [signal]
        for layer in self:
            signals.append(layer(signals[-1]))
        return torch.cat(signals, dim=1)


class Residual(nn.Module):
    """A layer whose output is added to its input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, signal: Tensor) -> Tensor:
        return self.layer(signal) + signal


class MaximumOverFrequency(nn.Module):
    """`(batch, channels, frames, bands)` -> `(batch, channels, frames)`."""

    def forward(self, maps: Tensor) -> Tensor:
        return nn.functional.max_pool2d(maps, (1, maps.shape[3]))[..., 0]  # amax takes three times as long


class MaximumAndMean(nn.Module):
    """`(batch, channels, frames)` -> `(batch, 2 * channels)`: each channel's maximum over time, then its mean."""

    def forward(self, signal: Tensor) -> Tensor:
        return torch.stack([signal.amax(dim=2), signal.mean(dim=2)], dim=2).flatten(1)
