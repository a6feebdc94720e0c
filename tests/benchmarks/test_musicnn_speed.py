"""Training a last layer on what the cache has of a frozen encoder, against asking the encoder again each time; and the
encoder's few windows at a time, against many.
"""

import statistics
import subprocess
import sys
from functools import partial

import pytest
import torch
from genre_lightning.features.musicnn import WINDOWS_A_BATCH
from serving import serve

from genre_lightning.train.train import build_model

pytestmark = pytest.mark.benchmark


@pytest.fixture
def prepare(configure, hiss, musicnn_weights):
    """Make the data and the model that train only a last layer, with the encoder's output cached or not."""
    root = hiss(18, 10, 16000, ("rock", "jazz"))

    def prepared(features):
        own = (f"features={features}", f"data.root='{root.as_posix()}'", "loader.windows_per_song=4")
        config = configure("model=musicnn", *own)
        data = serve(config)
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
    epochs = (partial(train_an_epoch, *prepare(features)) for features in ("musicnn", "musicnn_mel"))
    assert compare("an epoch of 48 windows of 3 s", *epochs, rounds=3) > 50


# The processor's seconds for 30 s of sound; in a process of its own, since training changes what becomes of memory
ENCODE = """
import sys, time, torch
import genre_lightning.features.musicnn as musicnn
torch.set_num_threads(1)
features, song = musicnn.MusicnnEmbedding(), torch.rand(16000 * 30) - 0.5
musicnn.WINDOWS_A_BATCH = int(sys.argv[1])
with torch.inference_mode():
    features(song)
    begin = time.process_time()
    features(song)
print(time.process_time() - begin)
"""


def encode(windows_a_batch: int) -> float:
    encoding = [sys.executable, "-c", ENCODE, str(windows_a_batch)]
    return float(subprocess.run(encoding, capture_output=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other C libraries")
def test_the_encoder_looks_at_few_windows_at_a_time(musicnn_weights, capsys):
    pairs = [(encode(WINDOWS_A_BATCH), encode(8)) for _ in range(3)]
    ours, many = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    with capsys.disabled():
        print(f"\nmusicnn's output for 30 s: {ours:.2f} s against {many:.2f} s, {many / ours:.2f} times as fast")
    assert many / ours >= 1.3
