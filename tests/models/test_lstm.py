import warnings

import torch

from genre_lightning.models.lstm import LSTM


def test_it_hears_the_order_of_things_in_time(build, batch):
    model = build(LSTM).eval()
    order = torch.randperm(20)
    assert not torch.allclose(model(batch.features[:, order]), model(batch.features), atol=1e-4)


def test_it_reads_from_both_ends(build, batch):
    recurrent = build(LSTM, layers=1).eval().encoder[1]
    changed = batch.features.clone()
    changed[:, 10] += 1
    forth, back = (recurrent(changed) - recurrent(batch.features)).split(8, dim=2)
    assert not forth[:, :10].any() and forth[:, 10:].any() and back[:, :11].any() and not back[:, 11:].any()


def test_its_size_is_the_configured_one(build, batch):
    model = build(LSTM, hidden=5, layers=3)
    lstm = model.encoder[1].lstm
    assert (lstm.hidden_size, lstm.num_layers, lstm.bidirectional) == (5, 3, True)
    assert model.embed(batch.features).shape == (6, 20)


def test_one_layer_with_dropout_is_no_reason_to_warn(build):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(LSTM, layers=1, dropout=0.5)


def test_dropout_is_at_work_in_training_only(build, batch):
    model = build(LSTM, dropout=0.5)
    assert torch.equal(model.eval()(batch.features), model(batch.features))
    assert not torch.equal(model.train()(batch.features), model(batch.features))
