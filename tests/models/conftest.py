import pytest
import torch

from genre_lightning.data.windows import Batch


@pytest.fixture(autouse=True)
def fixed_rng():
    torch.manual_seed(0)


@pytest.fixture
def batch():
    """Six windows of noise, two of each of three genres."""
    genre = torch.arange(6) % 3
    return Batch(torch.randn(6, 20, 12), torch.eye(3)[genre], torch.arange(6))
