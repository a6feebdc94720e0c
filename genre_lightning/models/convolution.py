"""The window as a picture: what the CNN, and the LSTM behind it, are built from."""

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
