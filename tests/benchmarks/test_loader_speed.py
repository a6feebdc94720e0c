"""Batches out of the cache, against bare copies of the same windows out of memory."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from genre_lightning.cache import FeatureCache
from genre_lightning.dataset import RandomWindows, WindowDataset
from genre_lightning.extraction import Extracted
from genre_lightning.features import LogMel

pytestmark = pytest.mark.benchmark
SONGS, FRAMES, WINDOW, BATCH = 200, 1292, 129, 64


@pytest.fixture
def cache(tmp_path):
    """A cache of random features, without the songs."""
    cache, chance = FeatureCache(tmp_path, LogMel(n_mels=96)), np.random.default_rng(0)
    moments = np.zeros((2, 96), np.float32)
    cache.store(
        [
            Extracted(
                str(number), chance.random((FRAMES, 96), np.float32).astype("float16"), moments, 30.0, "", ("", "")
            )
            for number in range(SONGS)
        ]
    )
    return cache


def run(loader: DataLoader):
    for _ in loader:
        pass


def bare_copies(songs: list[np.ndarray], batches: list[list[tuple[int, int]]]):
    for batch in batches:
        features = torch.empty(len(batch), WINDOW, 96, dtype=torch.float16)
        for into, (song, start) in zip(features.numpy(), batch, strict=True):
            into[:] = songs[song][start : start + WINDOW]


def test_the_loader_keeps_up_with_bare_copies(cache, compare):
    dataset = WindowDataset(cache, list(cache.songs.values()), [0] * SONGS, WINDOW, 2)
    windows = RandomWindows(dataset, BATCH, 32, balanced=False, seed=0)
    loader = DataLoader(dataset, batch_sampler=windows, collate_fn=lambda batch: batch)
    batches, copies = list(windows), [np.array(frames) for frames in dataset.frames]
    ratio = compare("6,400 windows of 129 frames", lambda: run(loader), lambda: bare_copies(copies, batches))
    assert ratio >= 0.9
