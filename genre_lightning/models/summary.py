"""How large a network is, and what it costs to run."""

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from genre_lightning.models.base import GenreClassifier
from genre_lightning.text import table


def parameters(model: nn.Module) -> int:
    """The numbers that training changes."""
    return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def multiply_adds(model: GenreClassifier, window: tuple[int, int]) -> int:
    """What one window `(frames, n_features)` costs in matrix products and convolutions, and nothing else counted.

    On PyTorch's meta device, where an LSTM is taken apart into products; on a CPU it is one opaque call.
    """
    network = copy.deepcopy(nn.Sequential(model.encoder, model.head)).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, *window, device="meta"))
    return counter.get_total_flops() // 2


def describe(model: GenreClassifier, window: tuple[int, int]) -> str:
    """The size of a network in a line, and its layers in a table."""
    rows = table(["layer", "of one window it makes", "parameters"], layers(model, window))
    sizes = f"{parameters(model):,} parameters, {multiply_adds(model, window):,} multiply-adds a window"
    return f"{type(model).__name__}: {sizes}\n\n{rows}"


def layers(model: GenreClassifier, window: tuple[int, int]) -> list[tuple[str, str, str]]:
    """Each layer of the encoder and the head, what one window has become behind it, and its parameters."""
    network = copy.deepcopy(nn.Sequential(*model.encoder, model.head)).to("meta").eval()
    signal, rows = torch.zeros(1, *window, device="meta"), []
    for layer in network:
        signal = layer(signal)
        rows.append((type(layer).__name__, " x ".join(map(str, signal.shape[1:])), f"{parameters(layer):,}"))
    return rows
