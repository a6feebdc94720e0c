"""How large a network is, and what it costs to run."""

import copy

import torch
from lightning.pytorch.utilities.model_summary.model_summary import summarize
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from genre_lightning.models.classifier import GenreClassifier


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


def layer_table(model: GenreClassifier, window: tuple[int, int]) -> str:
    """Lightning's table of the layers, with what goes in and comes out of each for one window."""
    model.example_input_array = torch.zeros(1, *window)
    table = str(summarize(model, max_depth=2))
    model.example_input_array = None
    return table
