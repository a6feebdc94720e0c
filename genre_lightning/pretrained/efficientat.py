"""EfficientAT's mn04_as, trained on AudioSet (Schmid, Koutini and Widmer 2023, "Efficient large-scale audio tagging via
transformer-to-CNN knowledge distillation"), written anew from the papers: MobileNetV3-Large (Howard et al. 2019,
"Searching for MobileNetV3", table 1) at 0.4 times the width. Layers have the names under which weights are stored.
"""

from functools import partial
from typing import NamedTuple

from torch import Tensor, nn

N_MELS = 128
POOLED, PENULTIMATE, CLASSES = 384, 512, 527  # the widths of its last layers
FRAMES_A_VECTOR = 32  # frames of 10 ms: the network halves the time five times
FIRST = 8  # channels of the first convolution
Normalise = partial(nn.BatchNorm2d, eps=1e-3)


class Row(NamedTuple):
    """A row of MobileNetV3's table, its widths times 0.4 and rounded to multiples of 8."""

    kernel: int
    expanded: int
    out: int
    squeezed: int  # channels in the middle of squeeze-and-excitation; 0: there is none
    hard_swish: bool  # ReLU otherwise
    stride: int


ROWS = (
    Row(3, 8, 8, 0, False, 1),
    Row(3, 24, 16, 0, False, 2),
    Row(3, 32, 16, 0, False, 1),
    Row(5, 32, 16, 8, False, 2),
    Row(5, 48, 16, 16, False, 1),
    Row(5, 48, 16, 16, False, 1),
    Row(3, 96, 32, 0, True, 2),
    Row(3, 80, 32, 0, True, 1),
    Row(3, 72, 32, 0, True, 1),
    Row(3, 72, 32, 0, True, 1),
    Row(3, 192, 48, 48, True, 1),
    Row(3, 272, 48, 72, True, 1),
    Row(5, 272, 64, 72, True, 2),
    Row(5, 384, 64, 96, True, 1),
    Row(5, 384, 64, 96, True, 1),
)


class EfficientAT(nn.Module):
    """`(batch, 1, N_MELS, frames)`, standardised log mel power -> logits `(batch, CLASSES)`."""

    def __init__(self) -> None:
        super().__init__()
        widths = [FIRST, *(row.out for row in ROWS)]
        self.features = nn.Sequential(
            convolution(1, FIRST, 3, 2, activation=nn.Hardswish),
            *[InvertedResidual(width, row) for width, row in zip(widths[:-1], ROWS, strict=True)],
            convolution(widths[-1], POOLED, activation=nn.Hardswish),
        )
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(POOLED, PENULTIMATE),
            nn.Hardswish(),
            nn.Dropout(0.2),
            nn.Linear(PENULTIMATE, CLASSES),
        )

    def forward(self, mel: Tensor) -> Tensor:
        return self.classifier(self.features(mel))


def convolution(
    width_in: int, width_out: int, kernel: int = 1, stride: int = 1, groups: int = 1,
    activation: type[nn.Module] | None = None,
) -> nn.Sequential:  # fmt: skip
    """`(batch, width_in, bands, frames)` -> `(batch, width_out, bands / stride, frames / stride)`."""
    filters = nn.Conv2d(width_in, width_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(filters, Normalise(width_out), *([activation()] if activation else []))


class InvertedResidual(nn.Module):
    """A row of the table: expand, filter each channel by itself, squeeze and excite, project; added to the input if the
    shapes agree.
    """

    def __init__(self, width: int, row: Row) -> None:
        super().__init__()
        activation = nn.Hardswish if row.hard_swish else nn.ReLU
        expand = [] if row.expanded == width else [convolution(width, row.expanded, activation=activation)]
        self.block = nn.Sequential(
            *expand,
            convolution(row.expanded, row.expanded, row.kernel, row.stride, row.expanded, activation),
            *([SqueezeExcitations(row.expanded, row.squeezed)] if row.squeezed else []),
            convolution(row.expanded, row.out),
        )
        self.adds = row.stride == 1 and row.out == width

    def forward(self, maps: Tensor) -> Tensor:
        return self.block(maps) + maps if self.adds else self.block(maps)


class SqueezeExcitations(nn.Module):
    """A list of one: upstream can squeeze over bands and frames as well, these weights over channels only."""

    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([SqueezeExcitation(width, squeezed)])

    def forward(self, maps: Tensor) -> Tensor:
        return self.conc_se_layers[0](maps)


class SqueezeExcitation(nn.Module):
    """`(batch, channels, bands, frames)` -> the same, each channel times a number from all channels' means (Hu et al.
    2018).
    """

    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, squeezed)
        self.fc2 = nn.Linear(squeezed, width)

    def forward(self, maps: Tensor) -> Tensor:
        means = maps.mean(dim=(2, 3))  # (batch, channels)
        scales = self.fc2(self.fc1(means).relu()).sigmoid()
        return maps * scales[:, :, None, None]
