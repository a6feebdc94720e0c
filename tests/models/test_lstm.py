import warnings

import pytest
import torch

from genre_lightning.models.lstm import LSTM, Recurrent


@pytest.mark.parametrize("channels", [[3], [4, 6, 10]])
def test_the_lstm_reads_what_the_blocks_make_of_the_window(build, channels):
    encoder = build(LSTM, channels=channels, n_frames=32, n_features=16).eval().encoder
    position = next(number for number, layer in enumerate(encoder) if isinstance(layer, Recurrent))
    assert encoder[:position](torch.randn(2, 32, 16)).shape == (2, 32 // 2 ** len(channels), channels[-1])


def test_without_blocks_it_reads_the_frames_themselves(build):
    encoder = build(LSTM, channels=[], n_frames=10, n_features=16).eval().encoder
    position = next(number for number, layer in enumerate(encoder) if isinstance(layer, Recurrent))
    frames = torch.randn(2, 10, 16)
    torch.testing.assert_close(encoder[:position](frames), frames)


def test_it_hears_the_order_of_things_in_time(build, batch):
    model = build(LSTM).eval()
    order = torch.randperm(20)
    assert not torch.allclose(model(batch.features[:, order]), model(batch.features), atol=1e-4)


def test_it_reads_from_both_ends():
    recurrent, frames = Recurrent(6, hidden=8, layers=1, dropout=0.0), torch.randn(3, 20, 6)
    changed = frames.clone()
    changed[:, 10] += 1
    forth, back = (recurrent(changed) - recurrent(frames)).split(8, dim=2)
    assert not forth[:, :10].any() and forth[:, 10:].any() and back[:, :11].any() and not back[:, 11:].any()


def test_its_size_is_the_configured_one(build, batch):
    model = build(LSTM, hidden=5, layers=3)
    lstm = next(layer.lstm for layer in model.encoder if isinstance(layer, Recurrent))
    assert (lstm.hidden_size, lstm.num_layers, lstm.bidirectional) == (5, 3, True)
    assert model.embed(batch.features).shape == (6, 10)


def test_one_layer_with_dropout_is_no_reason_to_warn(build):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(LSTM, layers=1, dropout=0.5)
