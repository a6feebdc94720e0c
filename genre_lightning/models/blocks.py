"""What networks are built from: blocks of convolutions, and pooling over time."""

import torch
from torch import Tensor, nn


class AverageOverFeatures(nn.Module):
    """`(batch, channels, frames, features)` -> `(batch, frames, channels)`."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=3).transpose(1, 2)


def block(channels_in: int, channels_out: int) -> nn.Sequential:
    """`(batch, channels_in, frames, features)` -> `(batch, channels_out, frames / 2, features / 2)`."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2, ceil_mode=True),
    )


class Mean(nn.Module):
    """`(batch, frames, features)` -> `(batch, features)`: the mean over time."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.mean(dim=1)


class MeanAndMaximum(nn.Module):
    """`(batch, frames, features)` -> `(batch, 2 * features)`: the mean and the maximum over time."""

    def forward(self, frames: Tensor) -> Tensor:
        return torch.cat([frames.mean(dim=1), frames.amax(dim=1)], dim=1)


class MeanAndStd(nn.Module):
    """`(batch, frames, features)` -> `(batch, 2 * features)`: the mean and the standard deviation over time."""

    def forward(self, frames: Tensor) -> Tensor:
        std, mean = torch.std_mean(frames, dim=1, correction=0)
        return torch.cat([mean, std], dim=1)
