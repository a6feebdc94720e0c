import torch

from genre_lightning.models.cnn import CNN
from genre_lightning.models.lstm import LSTM
from genre_lightning.models.mlp import MLP
from genre_lightning.models.summary import layers, multiply_adds, parameters

WINDOW = (20, 12)
# An MLP of 12 features, 16 and 8 hidden units and 3 genres; a CNN of 4 and 8 channels; a block of 4 channels and an
# LSTM layer of 8 units
DENSE = [(24, 16), (16, 8), (8, 3)]


def test_an_mlp_s_multiply_adds_are_those_of_its_matrices_and_frozen_weights_are_no_parameters(build):
    model = build(MLP, hidden=[16, 8])
    assert multiply_adds(model, WINDOW) == sum(rows * columns for rows, columns in DENSE)
    assert parameters(model) == sum(rows * columns + columns for rows, columns in DENSE) + 2 * (16 + 8)  # normalised
    model.head.requires_grad_(False)
    assert parameters(model) == sum(rows * columns + columns for rows, columns in DENSE[:-1]) + 2 * (16 + 8)


def test_a_cnn_s_multiply_adds_are_those_of_its_filters(build):
    expected = 20 * 12 * 9 * 1 * 4 + 10 * 6 * 9 * 4 * 8 + 16 * 3
    assert multiply_adds(build(CNN, channels=[4, 8]), WINDOW) == expected


def test_an_lstm_s_multiply_adds_are_those_of_its_gates(build):
    gates = 2 * 10 * 4 * 8 * (4 + 8)
    assert multiply_adds(build(LSTM, channels=[4], hidden=8, layers=1), WINDOW) == 20 * 12 * 9 * 1 * 4 + gates + 16 * 3


def test_the_layers_add_up_and_end_with_the_genres(kind, build):
    model = build(kind)
    names, shapes, counts = zip(*layers(model, WINDOW), strict=True)
    assert names[0] == "Standardise" and names[-1] == "Linear" and len(names) == len(model.encoder) + 1
    assert shapes[0] == "20 x 12" and shapes[-2:] == (str(model.head.in_features), "3")
    assert sum(int(count.replace(",", "")) for count in counts) == parameters(model)


def test_measuring_leaves_the_model_as_it_is(kind, build, batch):
    model = build(kind).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    multiply_adds(model, WINDOW), layers(model, WINDOW)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model(batch.features).device.type == "cpu"
