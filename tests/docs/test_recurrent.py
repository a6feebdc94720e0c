import numpy as np
import pytest
import torch
from torch import nn

from docs.figures.recurrent import gates, influence, most_active
from docs.figures.stored import STORED, stored
from genre_lightning.features.mel import LogMel


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


def test_what_the_text_says_of_the_song_that_is_watched():
    arrays, second = stored(), LogMel().frames_per_second
    forget = arrays["watched_gates"][1, 1, :, 0].astype(float)  # backwards, of the unit whose cell changes most
    rise = np.diff(arrays["watched_frames"].astype(float), axis=0, prepend=np.nan).clip(0).mean(axis=1)
    onsets = peaks(rise, np.nanmean(rise) + 1.5 * np.nanstd(rise))
    falls = peaks(-forget, -0.74)
    assert len(onsets) == 6 and all(np.abs(falls - onset).min() <= 1 for onset in onsets)
    rock = arrays["watched_prefixes"][:, 2].astype(float)
    half, sure = (int((rock < limit).argmin()) + 1 for limit in (0.5, 0.9))
    told = f"one half after {half} frames ({half / second:.2f} s), 90 % after {sure} ({sure / second:.2f} s)"
    assert told in theory()


def test_what_the_text_says_of_how_far_back_it_hears():
    forwards = stored()["watched_influence"][0].astype(float)
    own = forwards.diagonal()
    one, ten, forty = (np.median(forwards.diagonal(-back) / own[back:]) for back in (1, 10, 40))
    assert f"counts {one:.2f} times as much as the present one, ten back (0.23 s) {ten:.2f} times" in theory()
    assert f"forty {forty:.2f} times" in theory()


def theory():
    """The text, in one line."""
    return " ".join((STORED.parents[1] / "theory.md").read_text(encoding="utf-8").split())


def peaks(values, least):
    """Where values are above both neighbours, and above the least."""
    inside = values[1:-1]
    return 1 + np.flatnonzero((inside > values[:-2]) & (inside >= values[2:]) & (inside > least))
