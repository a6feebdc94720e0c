import pytest
import torch

from docs.figures import fields
from docs.figures.fields import CHANNELS, behind, field, untrained
from genre_lightning.models.blocks import AverageOverFeatures
from genre_lightning.models.cnn import CNN
from genre_lightning.models.lstm import LSTM, Recurrent
from genre_lightning.models.mlp import MLP


@pytest.fixture(autouse=True)
def few_windows(monkeypatch):
    monkeypatch.setattr(fields, "TRIED", 8)


def test_blocks_of_the_cnn_see_what_the_text_says():
    cnn = untrained(CNN, channels=CHANNELS)
    seen = [field(behind(cnn, 2 + block)) for block in range(4)]
    assert [(one.frames, one.bands) for one in seen] == [(4, 4), (10, 10), (22, 22), (46, 46)]


def test_one_step_of_the_cnn_sees_a_second_of_all_bands():
    seen = field(behind(untrained(CNN, channels=CHANNELS), AverageOverFeatures))
    assert (seen.frames, seen.bands) == (46, 64)


def test_one_direction_of_the_lstm_sees_all_that_came_before_and_both_see_everything():
    steps = behind(untrained(LSTM, channels=CHANNELS, hidden=64, layers=1), Recurrent)
    forwards = field(steps, channels=slice(64)).shares.any(dim=1)
    assert forwards.nonzero().flatten().tolist() == list(range(79))
    assert field(steps).frames == 86


def test_the_mlp_sees_all_frames_alike():
    mlp = untrained(MLP, hidden=[128, 128])
    seen = field(behind(mlp, 2))
    by_frame = seen.shares.sum(dim=1)
    assert seen.frames == 86 and by_frame.max() / by_frame.min() < 1.3
    window = torch.randn(1, 86, 64)
    shuffled = window[:, torch.randperm(86)]
    torch.testing.assert_close(mlp(window), mlp(shuffled))
