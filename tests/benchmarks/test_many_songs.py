"""What a cache of a million songs takes until the first batch: `pytest -n 0 -m benchmark -s` and this file."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from many_songs import write_songs

from genre_lightning.data.cache import FeatureCache
from genre_lightning.features.mel import LogMel

pytestmark = [pytest.mark.benchmark, pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")]
SIZES = {"clips": (200, 645), "whole songs": (25, 10_000)}  # songs in a shard, and frames in a song
AS_JSON = 50_000
MEASURE = """
import json, sys, time
from contextlib import contextmanager
import numpy as np
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.windows import RandomWindows, RegularWindows, WindowDataset
from genre_lightning.features.mel import LogMel

def peak():  # of this process alone: what getrusage says begins with what its parent had
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

@contextmanager
def timed(what):
    begin = time.perf_counter()
    yield
    print(f"{what} {time.perf_counter() - begin:.2f} s, ", end="")

features, before = LogMel(), peak()
with timed("open"):
    cache = FeatureCache(sys.argv[1], features)
songs = np.arange(len(cache.rows))
with timed("dataset"):
    dataset = WindowDataset(cache, songs, songs % 10, 86, 10)
with timed("sampler and first batch"):
    batch = dataset.__getitems__(next(iter(RandomWindows(dataset, 32, 1, balanced=True, seed=0))))
    assert batch.features.shape == (32, 86, features.n_features)
with timed("first batch of validation"):
    dataset.__getitems__(next(iter(RegularWindows(dataset, 32, 0.5))))
print(f"{(peak() - before) / 1e6:.0f} MB; ", end="")
with timed("statistics"):
    dataset.statistics()
with timed("first lookup"):
    assert cache.song_of("0").number is not None
print(f"{(peak() - before) / 1e6:.0f} MB at last, beside {before / 1e6:.0f} MB of imports")
"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("n_songs", [10**4, 10**5, 10**6])
def test_many_songs_are_opened_within_a_gigabyte(tmp_path, capsys, size, n_songs):
    cache, (in_shard, n_frames) = FeatureCache(tmp_path, LogMel()), SIZES[size]
    write_songs(cache, n_songs, in_shard, n_frames)
    taken = sum(index.stat().st_size for index in cache.folder.glob("*.songs.npy")) / n_songs
    ended = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True)
    with capsys.disabled():
        print(f"\n{n_songs:,} {size}, {in_shard} in a shard, {taken:.0f} bytes each in the index: {ended.stdout}")
    until_first_batch, at_last = (float(part.split()[-1]) for part in ended.stdout.split(" MB")[:2])
    assert until_first_batch < 1000 > at_last


@dataclass(frozen=True, slots=True)
class Song:
    """A song as it was in an index in JSON."""

    key: str
    path: str
    shard: str
    row: int
    start: int
    n_frames: int
    seconds: float
    digest: str
    crc: int
    first_peak: int
    n_peaks: int
    checksum: str


def as_json(number, shard):
    path, hashed = f"/music/genre/name of an artist/name of an album/{number} title.mp3", f"{number:064x}"
    values = f"{number} title.mp3|9876543|1700000000|{hashed[:32]}", path, shard, 1, 645, 645, 30.0, hashed, 1, 8, 8
    return dict(zip(Song.__slots__, (*values, hashed), strict=True))


@pytest.mark.parametrize("size", SIZES)
def test_an_index_in_columns_is_read_faster_than_one_in_json(tmp_path, compare, size):
    cache, (in_shard, n_frames) = FeatureCache(tmp_path, LogMel()), SIZES[size]
    write_songs(cache, AS_JSON, in_shard, n_frames)
    shards = [f"{number:032x}" for number in range(AS_JSON // in_shard)]
    for number, shard in enumerate(shards):
        songs = [as_json(number * in_shard + place, shard) for place in range(in_shard)]
        (tmp_path / f"{shard}.json").write_text(json.dumps(songs))

    def read_json():
        read = (Song(**song) for shard in shards for song in json.loads((tmp_path / f"{shard}.json").read_bytes()))
        return {song.key: song for song in read}

    what = f"opening {AS_JSON:,} {size} against JSON"
    assert compare(what, lambda: FeatureCache(tmp_path, LogMel()), read_json, rounds=3) >= 2
