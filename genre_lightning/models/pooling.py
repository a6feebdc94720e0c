"""From many frames to one vector."""

import torch
from torch import Tensor, nn


class Mean(nn.Module):
    """`(batch, frames, features)` -> `(batch, features)`: the mean over time."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.mean(dim=1)


class MeanAndMaximum(nn.Module):
    """`(batch, frames, features)` -> `(batch, 2 * features)`: the mean and the maximum over time."""

    def forward(self, frames: Tensor) -> Tensor:
        return torch.cat([frames.mean(dim=1), frames.amax(dim=1)], dim=1)


class MeanAndDeviation(nn.Module):
    """`(batch, frames, features)` -> `(batch, 2 * features)`: the mean and the deviation over time."""

    def forward(self, frames: Tensor) -> Tensor:
        deviation, mean = torch.std_mean(frames, dim=1, correction=0)
        return torch.cat([mean, deviation], dim=1)
