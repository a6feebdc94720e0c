import pytest
import torch

from genre_lightning.models.blocks import AverageOverFeatures, MeanAndMaximum, MeanAndStd, block

FRAMES = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [5.0, -3.0]]])


@pytest.mark.parametrize(("frames", "features"), [(16, 12), (15, 11), (1, 1)])
def test_a_block_halves_time_and_frequency_and_drops_no_edge(frames, features):
    maps = block(3, 5).eval()(torch.randn(2, 3, frames, features))
    assert maps.shape == (2, 5, (frames + 1) // 2, (features + 1) // 2) and (maps >= 0).all()


def test_the_average_over_features_keeps_time_and_channels():
    maps = torch.arange(24.0).reshape(1, 2, 3, 4)
    assert AverageOverFeatures()(maps).tolist() == [[[1.5, 13.5], [5.5, 17.5], [9.5, 21.5]]]


def test_means_maxima_and_standard_deviations_over_time():
    assert MeanAndMaximum()(FRAMES).tolist() == [[3, -3, 5, -2]]
    torch.testing.assert_close(MeanAndStd()(FRAMES), torch.tensor([[3, -3, (8 / 3) ** 0.5, (2 / 3) ** 0.5]]))
    assert MeanAndStd()(FRAMES[:, :1]).tolist() == [[1, -4, 0, 0]]


def test_windows_of_a_batch_are_pooled_apart():
    frames = torch.randn(4, 7, 3)
    for pooling in (MeanAndMaximum(), MeanAndStd()):
        torch.testing.assert_close(pooling(frames)[2:3], pooling(frames[2:3]))


def test_frames_that_never_change_have_finite_gradients():
    frames = torch.ones(2, 5, 3, requires_grad=True)
    MeanAndStd()(frames).sum().backward()
    assert frames.grad.isfinite().all()
