"""Training a last layer on what the cache has of a frozen encoder, against asking the encoder again each time."""

from functools import partial

import numpy as np
import pytest
import soundfile
import torch

from genre_lightning.training import build_data, build_model

pytestmark = pytest.mark.benchmark


@pytest.fixture
def prepare(configure, tmp_path, musicnn_weights):
    """Make the data and the model that train only a last layer, with the encoder's output cached or not."""
    for number in range(18):
        folder = tmp_path / "songs" / ("rock", "jazz")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{number}.wav", np.random.default_rng(number).uniform(-0.5, 0.5, 16000 * 10), 16000)

    def prepared(train):
        own = (f"model.train={train}", f"data.root='{(tmp_path / 'songs').as_posix()}'", "loader.windows_per_song=4")
        config = configure("model=musicnn", *own)
        data = build_data(config)[1]
        return data, build_model(config, data)

    return prepared


def train_an_epoch(data, model):
    optimizer = torch.optim.SGD(model.head.parameters(), lr=0.001)
    for batch in data.train_dataloader():
        with torch.no_grad():
            embedding = model.embed(batch.features.float())
        loss = model.loss(model.head(embedding), batch.target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_an_epoch_on_cached_embeddings(prepare, compare):
    epochs = (partial(train_an_epoch, *prepare(train)) for train in ("head", "all"))
    assert compare("an epoch of 48 windows of 3 s", *epochs, rounds=3) > 50
