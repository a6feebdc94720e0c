import pytest
import torch

from genre_lightning.errors import UserError
from genre_lightning.models.cnn import CNN


@pytest.mark.parametrize("channels", [[3], [4, 6, 10]])
def test_it_has_a_block_for_each_of_channels_which_halves_time_and_frequency(build, channels):
    model = build(CNN, channels=channels, n_frames=32, n_features=16).eval()
    maps = model.encoder[: 2 + len(channels)](torch.randn(2, 32, 16))
    halved = 2 ** len(channels)
    assert maps.shape == (2, channels[-1], 32 // halved, 16 // halved)
    assert model.embed(torch.randn(2, 32, 16)).shape == (2, 2 * channels[-1])


def test_it_hears_the_order_of_things_in_time(build, batch):
    model = build(CNN).eval()
    order = torch.randperm(20)
    assert not torch.allclose(model(batch.features[:, order]), model(batch.features), atol=1e-3)


def test_a_pattern_means_the_same_wherever_in_the_window_it_is(build):
    model = build(CNN, n_frames=64).eval()
    here, there = torch.zeros(2, 1, 64, 12)
    here[:, 20:24] = there[:, 36:40] = torch.randn(1, 4, 12)
    torch.testing.assert_close(model(here), model(there))


def test_channels_last_gives_the_same(build, batch):
    model = build(CNN).eval()
    expected = model(batch.features)
    torch.testing.assert_close(model.to(memory_format=torch.channels_last)(batch.features), expected)


def test_features_that_make_no_picture_are_refused(build):
    with pytest.raises(UserError, match="model=cnn reads features=logmel, mfcc or chroma, which make a picture"):
        build(CNN, channels=[])
