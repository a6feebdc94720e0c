import pytest
import torch

from genre_lightning.models.convolution import AverageOverFeatures, block


@pytest.mark.parametrize(("frames", "features"), [(16, 12), (15, 11), (1, 1)])
def test_a_block_halves_time_and_frequency_and_drops_no_edge(frames, features):
    maps = block(3, 5).eval()(torch.randn(2, 3, frames, features))
    assert maps.shape == (2, 5, (frames + 1) // 2, (features + 1) // 2) and (maps >= 0).all()


def test_the_average_over_features_keeps_time_and_channels():
    maps = torch.arange(24.0).reshape(1, 2, 3, 4)
    assert AverageOverFeatures()(maps).tolist() == [[[1.5, 13.5], [5.5, 17.5], [9.5, 21.5]]]
