"""Training a last layer on what the cache has of a frozen encoder, against asking the encoder again each time."""

import numpy as np
import pytest
import soundfile
import torch

from genre_lightning.training import build_data, build_model

pytestmark = pytest.mark.benchmark


@pytest.fixture
def epoch(configure, tmp_path, musicnn_weights):
    """Make a function that trains the last layer for an epoch, its encoder's output cached or not."""
    for number in range(18):
        folder = tmp_path / "songs" / ("rock", "jazz")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{number}.wav", np.random.default_rng(number).uniform(-0.5, 0.5, 16000 * 10), 16000)

    def prepared(train):
        own = (f"model.train={train}", f"data.root='{(tmp_path / 'songs').as_posix()}'", "loader.windows_per_song=4")
        config = configure("model=musicnn", *own)
        data = build_data(config)[1]
        model = build_model(config, data)
        optimizer = torch.optim.SGD(model.head.parameters(), lr=0.001)

        def train_an_epoch():
            for batch in data.train_dataloader():
                with torch.no_grad():
                    embedding = model.embed(batch.features.float())
                loss = model.loss(model.head(embedding), batch.target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        return train_an_epoch

    return prepared


def test_an_epoch_on_cached_embeddings(epoch, compare):
    ratio = compare("an epoch of 48 windows of 3 s", epoch("head"), epoch("all"), rounds=3)
    assert ratio > 50
