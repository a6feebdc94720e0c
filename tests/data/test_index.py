import sys
from pathlib import Path

import numpy as np
import pytest
from building import FEATURES
from many_songs import write_songs

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.index import ROW, ROWS_BEGIN, index_of, read_index, shards_in, write_index
from genre_lightning.data.windows import RandomWindows, RegularWindows, WindowDataset

N_SONGS, IN_SHARD, N_FRAMES = 4000, 50, 30
OPEN_FILES = Path("/proc/self/fd")
FILES = ["/music/Кино/1.mp3", "/music/two\nlines.mp3", "C:\\no text \udcff.mp3", ""]


@pytest.fixture
def rows():
    rows = np.zeros(len(FILES), ROW)
    rows["start"], rows["seconds"] = [0, 7, 2**40, 5], 3.5
    rows["key"][0] = bytes(range(16))
    return rows


@pytest.mark.parametrize("count", [0, 1, len(FILES)])
def test_what_is_written_is_read_and_numpy_reads_it_too(tmp_path, rows, count):
    write_index(tmp_path, "a" * 32, rows[:count], FILES[:count])
    index = read_index(tmp_path, "a" * 32)
    assert index.sound and index.rows.tolist() == rows[:count].tolist() and index.files == FILES[:count]
    assert np.load(index_of(tmp_path, "a" * 32)).tolist() == rows[:count].tolist()


@pytest.mark.parametrize("count", [0, 10**9])
def test_every_header_is_as_long(tmp_path, count):
    array = np.lib.stride_tricks.as_strided(np.zeros(1, ROW), (count,), (0,))
    with (tmp_path / "header").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        assert file.tell() == ROWS_BEGIN


def test_any_byte_that_changes_is_noticed_and_so_is_another_place(tmp_path, rows):
    write_index(tmp_path, "a" * 32, rows, FILES)
    data = index_of(tmp_path, "a" * 32).read_bytes()
    for place in range(0, len(data), 23):
        changed = bytearray(data)
        changed[place] ^= 1
        index_of(tmp_path, "a" * 32).write_bytes(changed)
        index = read_index(tmp_path, "a" * 32)
        assert not index.sound and len(index.files) == len(index.rows) <= len(rows) + 2
    index_of(tmp_path, "b" * 32).write_bytes(data)
    assert not read_index(tmp_path, "b" * 32).sound


def test_there_are_no_shards_where_there_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    assert shards_in(tmp_path / "none") == shards_in(tmp_path / "file") == []


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A cache of many songs, which nobody may change."""
    cache = FeatureCache(tmp_path_factory.mktemp("many"), FEATURES)
    write_songs(cache, N_SONGS, IN_SHARD, N_FRAMES)
    return lambda: FeatureCache(cache.root, FEATURES)


def test_many_songs_are_there_and_none_is_made_before_it_is_asked_for(many, monkeypatch):
    monkeypatch.setattr(FeatureCache, "check", lambda *how: pytest.fail("it reads features"))
    monkeypatch.setattr("genre_lightning.data.stored.CachedSong", lambda *how: pytest.fail("it makes songs"))
    cache = many()
    dataset = WindowDataset(cache, np.arange(len(cache)), np.arange(len(cache)) % 3, 20, 3)
    assert len(dataset) == N_SONGS and sum(len(batch) for batch in RegularWindows(dataset, 64, 0.5)) == 2 * N_SONGS
    assert len(np.unique(np.concatenate([*RandomWindows(dataset, 8, 1, False, 0)])[:, 0])) == N_SONGS


def test_of_many_songs_each_is_found_by_its_key(many):
    cache = many()
    songs = [cache.song_of(str(number)) for number in range(0, N_SONGS, 100)]
    assert all(cache.frames(song).shape == (N_FRAMES, 24) for song in songs)
    assert len({song.digest for song in songs}) == len(songs) and cache.song_of("none") is None


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_not_more_files_are_open_than_may_be(many):
    cache = many()
    cache.most_open, before = 4, len([*OPEN_FILES.iterdir()])
    numbers = np.random.default_rng(0).permutation(N_SONGS)
    dataset = WindowDataset(cache, numbers, np.zeros(N_SONGS, int), 20, 1)
    for batch in RandomWindows(dataset, 8, 0.1, False, 0):
        dataset.__getitems__(batch)
    assert len([*OPEN_FILES.iterdir()]) <= before + 4 and len(cache.opened) == 4
