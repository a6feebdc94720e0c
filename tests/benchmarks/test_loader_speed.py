"""Batches out of the cache, against bare copies of the same windows out of memory."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.extraction import Extracted
from genre_lightning.data.shards import write_shard
from genre_lightning.data.windows import RandomWindows, WindowDataset
from genre_lightning.features.mel import LogMel

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
SONGS, FRAMES, WINDOW, N_MELS, BATCH = 200, 1292, 129, 96, 64


@pytest.fixture
def cache(tmp_path):
    """A cache of random features, without the songs."""
    cache, rng = FeatureCache(tmp_path, LogMel(n_mels=N_MELS)), np.random.default_rng(0)
    frames, stats = rng.random((SONGS, FRAMES, N_MELS)).astype(np.float16), np.zeros((2, N_MELS), np.float32)
    songs = [
        Extracted(Path(), str(number), song, stats, 30.0, "", np.zeros(0, np.uint32))
        for number, song in enumerate(frames)
    ]
    cache.folder.mkdir()
    write_shard(cache.folder, "0" * 32, songs)
    cache.refresh()
    return cache


def run(loader: DataLoader):
    for batch in loader:
        batch.features.float()


def bare_copies(songs: list[np.ndarray], batches: list[list[tuple[int, int]]]):
    for batch in batches:
        features = torch.empty(len(batch), WINDOW, N_MELS)
        for into, (song, start) in zip(features.numpy(), batch, strict=True):
            into[:] = songs[song][start : start + WINDOW]


def test_the_loader_keeps_up_with_bare_copies(cache, compare):
    """Both end with float32, as a network reads it: the loader from float16 on disk, the copies from memory."""
    dataset = WindowDataset(cache, np.arange(SONGS), [0] * SONGS, WINDOW, 2)
    windows = RandomWindows(dataset, BATCH, 32, balanced=False, seed=0)
    loader = DataLoader(dataset, batch_sampler=windows, collate_fn=lambda batch: batch)
    batches, copies = list(windows), [*cache.array(0, "features").astype(np.float32).reshape(SONGS, FRAMES, -1)]
    ratio = compare("6,400 windows of 129 x 96, 64 a batch", lambda: run(loader), lambda: bare_copies(copies, batches))
    assert ratio >= 0.75
