import pytest
import torch

from genre_lightning.models.mlp import MLP


def test_it_is_blind_to_the_order_of_things_in_time(build, batch):
    model = build(MLP).eval()
    torch.testing.assert_close(model(batch.features.flip(1)), model(batch.features))


@pytest.mark.parametrize("hidden", [[5], [32, 16, 8]])
def test_it_has_a_layer_for_each_of_hidden(build, batch, hidden):
    model = build(MLP, hidden=hidden).eval()
    assert [layer[0].out_features for layer in model.encoder[2:]] == hidden
    assert model.embed(batch.features).shape == (6, hidden[-1])


def test_it_hears_how_much_a_feature_moves_not_only_where_it_is(build, batch):
    model = build(MLP).eval()
    still = batch.features.mean(1, keepdim=True).expand_as(batch.features)
    assert not torch.allclose(model(still), model(batch.features), atol=1e-3)
