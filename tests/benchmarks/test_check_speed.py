"""What it costs to check a cache before it is used: little on 150 songs, on many less than to read them."""

import hashlib
import os
import statistics
import time
import uuid

import numpy as np
import pytest

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.extraction import Extracted, song_key
from genre_lightning.data.shards import array_of, read_part, write_shard
from genre_lightning.features.mel import LogMel

pytestmark = pytest.mark.benchmark
SONGS_A_SHARD, SECONDS = 250, 30
MOST_MILLISECONDS = 50


@pytest.fixture
def stored(tmp_path):
    """Store the features of so many songs of 30 s; returns the songs, and what opens their cache anew."""

    def store(count):
        features, rng = LogMel(), np.random.default_rng(0)
        cache = FeatureCache(tmp_path / "cache", features)
        cache.folder.mkdir(parents=True)
        paths = [tmp_path / f"{number}.wav" for number in range(count)]
        for first in range(0, count, SONGS_A_SHARD):
            songs = [made_up(path, features, rng) for path in paths[first : first + SONGS_A_SHARD]]
            write_shard(cache.folder, uuid.uuid4().hex, songs)
        return paths, lambda: FeatureCache(tmp_path / "cache", features)

    return store


def made_up(path, features, rng):
    """A song of noise."""
    path.write_text(path.name)
    frames = rng.standard_normal((features.frames_in(SECONDS), features.n_features)).astype(np.float16)
    stats = rng.standard_normal((2, features.n_features)).astype(np.float32)
    peaks = rng.integers(0, 2**20, 12 * SECONDS).astype(np.uint32)
    return Extracted(path, song_key(path), frames, stats, SECONDS * 1.0, hashlib.sha256(frames).hexdigest(), peaks)


def test_a_warm_cache_of_150_songs_is_checked_in_50_ms(stored, compare):
    paths, open_cache = stored(150)
    took = {True: [], False: []}

    def start(check):
        begin, cache = time.perf_counter(), open_cache()
        if not check:
            cache.is_sound = lambda song: True
        assert cache.build(paths) == {}
        took[check].append(time.perf_counter() - begin)

    compare("start on 150 songs with checks against without", lambda: start(True), lambda: start(False), rounds=21)
    checked, unchecked = (1000 * statistics.median(took[check]) for check in (True, False))
    assert checked - unchecked < MOST_MILLISECONDS, f"{checked:.1f} ms, {unchecked:.1f} ms without"


def forget(folder):
    """Have the system read the files anew from the disk."""
    for path in folder.glob("*.npy"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system cannot be asked to forget files")
def test_to_read_and_check_many_songs_takes_at_most_twice_as_long_as_to_read_them(stored, compare):
    paths, open_cache = stored(4000)  # 1 GB; the disk that this was measured on gives 1.8 GB/s

    def start(use):
        forget((cache := open_cache()).folder)
        cache.is_sound = lambda song: use(cache, song)
        assert cache.build(paths) == {}

    def read(cache, number):
        frame, row = cache.n_features * np.dtype(cache.dtype).itemsize, cache.rows[number]
        path = array_of(cache.folder, cache.shards[cache.shard[number]], "features")
        return read_part(path, int(row["start"]) * frame, int(row["n_frames"]) * frame)

    what = "4000 songs, 1 GB, read from the disk and checked against read alone"
    assert compare(what, lambda: start(FeatureCache.check), lambda: start(read), rounds=5) >= 1 / 2
