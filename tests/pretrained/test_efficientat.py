import pytest
import torch

from genre_lightning.pretrained.efficientat import CLASSES, N_MELS, POOLED, EfficientAT, SqueezeExcitation


def test_it_has_as_many_weights_and_names_as_the_published_one():
    network = EfficientAT()
    assert sum(weight.numel() for weight in network.parameters()) == 983_599
    assert len(network.state_dict()) == 312
    assert {"features.4.block.2.conc_se_layers.0.fc1.weight", "features.16.1.running_var", "classifier.5.bias"} < set(
        network.state_dict()
    )


@pytest.mark.parametrize(("frames", "vectors"), [(1, 1), (32, 1), (33, 2), (1000, 32)])
def test_sound_of_any_length_becomes_a_vector_for_each_32_frames(frames, vectors):
    network, mel = EfficientAT().eval(), torch.randn(2, 1, N_MELS, frames)
    assert network.features(mel).shape == (2, POOLED, N_MELS // 32, vectors)
    assert network(mel).shape == (2, CLASSES)


def test_squeeze_and_excitation_scales_each_channel_by_what_all_hold():
    layer = SqueezeExcitation(2, 1)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        layer.fc1.weight[:] = torch.tensor([[1.0, 0.0]])  # how much the first channel holds
        layer.fc2.weight[:] = torch.tensor([[0.0], [100.0]])  # decides on the second one
    maps = torch.ones(2, 2, 3, 3)
    maps[0, 0] = -1.0
    scaled = layer(maps)
    assert torch.allclose(scaled[:, 0], 0.5 * maps[:, 0])
    assert torch.allclose(scaled[0, 1], 0.5 * maps[0, 1]) and torch.allclose(scaled[1, 1], maps[1, 1])
