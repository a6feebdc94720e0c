import torch

from genre_lightning.pretrained.musicnn import (
    N_FRAMES,
    N_MELS,
    PENULTIMATE,
    POOLED,
    TAGS,
    MaximumAndMean,
    Tagger,
    temporal,
)


def test_a_window_becomes_pooled_channels_then_fewer_then_tags(tagger):
    windows = torch.rand(2, N_FRAMES, N_MELS)
    pooled = tagger.convolutions(windows)
    assert pooled.shape == (2, POOLED) and tagger.normalise(pooled).shape == (2, POOLED)
    assert tagger.penultimate(tagger.normalise(pooled)).shape == (2, PENULTIMATE)
    assert tagger(windows).shape == (2, TAGS)


def test_it_has_as_many_weights_as_the_published_one():
    assert sum(weight.numel() for weight in Tagger().parameters()) == 787_159


def test_windows_of_any_length_work(tagger):
    for n_frames in (1, 20, 300):
        assert tagger(torch.rand(1, n_frames, N_MELS)).isfinite().all()


def test_maximum_and_mean_alternate_channel_by_channel():
    signal = torch.tensor([[[1.0, 3.0], [10.0, 20.0]]])
    assert MaximumAndMean()(signal).tolist() == [[3.0, 2.0, 20.0, 15.0]]


def test_a_temporal_filter_of_even_length_looks_one_frame_further_ahead_than_back():
    """TensorFlow's "same" padding: of 4 frames it sees one before and two behind."""
    layers = temporal(4).eval()
    torch.nn.init.ones_(layers[1].weight)
    torch.nn.init.zeros_(layers[1].bias)
    click = torch.zeros(1, 1, 9, N_MELS)
    click[:, :, 4] = 1
    heard = layers(click)[0, 0]
    assert heard.shape == (9,) and (heard > 0.5).nonzero().flatten().tolist() == [2, 3, 4, 5]
