"""Section 6 of the theory: receptive fields, or what of a window one number inside a network depends on."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from docs.figures.drawing import panels
from genre_lightning.features.mel import LogMel
from genre_lightning.models.blocks import AverageOverFeatures
from genre_lightning.models.cnn import CNN
from genre_lightning.models.lstm import LSTM, Recurrent
from genre_lightning.models.mlp import MLP

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOW = (86, 64)  # frames and bands of the two seconds that networks read
CHANNELS = [24, 48, 96, 128]  # as conf/train.yaml has them
TRIED = 32  # random windows: a maximum passes on only one of four, each time another
SHADES = 6  # of blue: the noise of fewer windows would take most of the file


class Field(NamedTuple):
    """The share of each frame and band in one number, `(frames, bands)`, which sum to 1; 0 where it depends on none."""

    shares: Tensor

    @property
    def frames(self) -> int:
        """How many frames it spans."""
        return int(self.shares.any(dim=1).sum())

    @property
    def bands(self) -> int:
        """How many bands it spans."""
        return int(self.shares.any(dim=0).sum())


def field(layers: nn.Sequential, window: tuple[int, int] = WINDOW, channels: slice = slice(None)) -> Field:
    """The receptive field of what layers make in the middle of a window `(frames, bands)`.

    The mean size of the gradient over random windows; the `channels` of the output together, with random signs. Layers
    are in evaluation mode: `(batch, frames, bands)` -> `(batch, channels, steps, bands)`, `(batch, steps, channels)` or
    `(batch, channels)`.
    """
    windows = torch.randn(TRIED, *window, generator=torch.Generator().manual_seed(0)).requires_grad_()
    output = layers(windows)
    if output.ndim == 4:
        output = output[..., output.shape[3] // 2].transpose(1, 2)
    if output.ndim == 3:
        output = output[:, output.shape[1] // 2]
    signs = torch.randn(output[:, channels].shape, generator=torch.Generator().manual_seed(1)).sign()
    (gradient,) = torch.autograd.grad((output[:, channels] * signs).sum(), windows)
    shares = gradient.abs().sum(dim=0)
    return Field(shares / shares.sum())


def untrained(kind: type[CNN | LSTM | MLP], window: tuple[int, int] = WINDOW, **settings: Any) -> nn.Sequential:
    """The encoder of a network of random weights."""
    frames, bands = window
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind(bands, frames, 3, dropout=0.0, optimizer={}, **settings).encoder.eval()


def fields() -> Iterator[tuple[str, Field]]:
    """The receptive fields that are drawn, with their names."""
    cnn, hidden = untrained(CNN, channels=CHANNELS), 64
    lstm, mlp = untrained(LSTM, channels=CHANNELS, hidden=hidden, layers=1), untrained(MLP, hidden=[128, 128])
    for number in range(len(CHANNELS)):
        yield f"CNN, block {number + 1}", field(behind(cnn, 2 + number))
    yield "CNN, one step", field(behind(cnn, AverageOverFeatures))
    yield "LSTM, one step, forwards", field(behind(lstm, Recurrent), channels=slice(hidden))
    yield "LSTM, one step, both ways", field(behind(lstm, Recurrent))
    yield "MLP, first layer", field(behind(mlp, 2))


def behind(encoder: nn.Sequential, layer: int | type[nn.Module]) -> nn.Sequential:
    """An encoder up to a layer, which is among them, by its number or its class."""
    if isinstance(layer, int):
        return encoder[: layer + 1]
    return encoder[: 1 + [type(one) for one in encoder].index(layer)]


def receptive_fields() -> "Figure":
    """What of a window of two seconds one number inside each network depends on."""
    from matplotlib import colormaps

    features, shades = LogMel(), colormaps["Blues"].resampled(SHADES)
    figure, axes = panels(2, 4, width=9.0, height=4.2)
    for axis, (name, seen) in zip(axes, fields(), strict=True):
        seconds = features.seconds_of(WINDOW[0])
        shown = (seen.shares / seen.shares.max()).sqrt()  # else all but the centre would be pale
        shown = torch.where(seen.shares > 0, 0.2 + 0.8 * shown, 0)
        axis.imshow(shown.T.numpy(), origin="lower", aspect="auto", cmap=shades, extent=(0, seconds, 0, WINDOW[1]))
        spanned = f"{seen.frames} frames, {features.seconds_of(seen.frames):.2f} s; {seen.bands} bands"
        axis.set_title(f"{name}\n{spanned}")
    figure.supxlabel("seconds")
    figure.supylabel("mel band")
    return figure


PICTURES = {"receptive_fields": receptive_fields}
SOUNDS = {}
