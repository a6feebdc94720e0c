import torch

from genre_lightning.features.encoders.base import repeated


def test_what_is_too_short_comes_again_until_it_is_long_enough():
    signal = torch.tensor([1.0, 2.0, 3.0])
    assert repeated(signal, 7).tolist() == [1, 2, 3, 1, 2, 3, 1] and repeated(signal, 3) is signal
