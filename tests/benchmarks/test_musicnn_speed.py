"""Training a last layer on what the cache has of a frozen encoder, against asking the encoder again each time; and the
encoder's few windows at a time, against many.
"""

import sys
import time
from functools import partial

import numpy as np
import pytest
import soundfile
import torch

import genre_lightning.musicnn.input
from genre_lightning.musicnn.input import MusicnnInput
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


def test_the_encoder_looks_at_few_windows_at_a_time(musicnn_weights, monkeypatch, compare):
    features, song = MusicnnInput(), torch.rand(16000 * 30) - 0.5

    def encode(windows_a_batch):
        monkeypatch.setattr(genre_lightning.musicnn.input, "WINDOWS_A_BATCH", windows_a_batch)
        with torch.inference_mode():
            features(song)

    ours = genre_lightning.musicnn.input.WINDOWS_A_BATCH
    what = "musicnn's output for 30 s, processor time of one thread"
    ratio = compare(what, lambda: encode(ours), lambda: encode(8), rounds=3, clock=time.process_time)
    assert ratio > (1.3 if sys.platform == "linux" else 0.9)
