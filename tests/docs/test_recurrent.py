import pytest
import torch
from torch import nn

from docs.figures.recurrent import gates, influence, most_active


@pytest.fixture
def lstm():
    torch.manual_seed(0)
    return nn.LSTM(5, 8, batch_first=True, bidirectional=True).requires_grad_(False)


@pytest.fixture
def frames():
    return torch.randn(11, 5, generator=torch.Generator().manual_seed(1))


def test_the_equations_give_what_pytorch_gives_in_both_directions(lstm, frames):
    forwards, backwards = lstm(frames[None])[0][0].split(8, dim=1)
    torch.testing.assert_close(gates(lstm, frames).output, forwards)
    torch.testing.assert_close(gates(lstm, frames, backward=True).output, backwards)


def test_a_cell_forgets_what_its_forget_gate_lets_go(lstm, frames):
    hidden = lstm.hidden_size
    lstm.bias_ih_l0[hidden : 2 * hidden] = -100.0
    lstm.bias_ih_l0[:hidden] = -100.0
    assert gates(lstm, frames).cell.abs().max() < 1e-6
    lstm.bias_ih_l0[:hidden] = 100.0  # what is new is taken, what was there is not
    assert gates(lstm, frames).cell.abs().max() > 0.01


def test_one_direction_depends_on_what_came_before_and_the_other_on_what_comes(lstm, frames):
    forwards, backwards = influence(lstm, frames)
    assert torch.equal(forwards > 0, torch.ones(11, 11).tril().bool())
    assert torch.equal(backwards > 0, torch.ones(11, 11).triu().bool())


def test_the_units_that_change_most_are_shown(lstm, frames):
    shown = most_active(lstm, frames)  # (directions, parts, steps, units)
    spread = gates(lstm, frames, backward=True).cell.std(dim=0)
    assert shown[1, 3].std(dim=0).tolist() == pytest.approx(spread.sort(descending=True).values[:6].tolist())
