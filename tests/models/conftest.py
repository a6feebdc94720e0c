import pytest
import torch

from genre_lightning.dataset import Batch
from genre_lightning.models.cnn import CNN
from genre_lightning.models.lstm import LSTM
from genre_lightning.models.mlp import MLP

ADAM = {"_target_": "torch.optim.AdamW", "lr": 0.01, "weight_decay": 0.1}
KINDS = {
    MLP: {"hidden": [16, 8], "dropout": 0.0},
    CNN: {"channels": [4, 8], "dropout": 0.0},
    LSTM: {"channels": [4, 6], "hidden": 8, "layers": 2, "dropout": 0.0},
}


@pytest.fixture(autouse=True)
def fixed_chance():
    torch.manual_seed(0)


@pytest.fixture
def build():
    """Make a small model of a kind for windows of 20 frames of 12 features and 3 genres, or of other shapes."""

    def make(kind, **settings):
        shapes = {"n_features": 12, "n_frames": 20, "n_genres": 3, "optimizer": ADAM}
        return kind(**shapes | KINDS[kind] | settings)

    return make


@pytest.fixture
def batch():
    """Six windows of noise, two of each of three genres."""
    genre = torch.arange(6) % 3
    return Batch(torch.randn(6, 20, 12), torch.eye(3)[genre], torch.arange(6))
