import pickle

import building
import pytest
import torch
from damaging import write_songs

from genre_lightning.data.building import Builder, parts
from genre_lightning.data.engine import Threads


@pytest.fixture
def builder(tmp_path):
    cache = building.open_cache(tmp_path / "cache")
    cache.folder.mkdir(parents=True)
    how = cache.features, cache.dtype, cache.loudness, cache.lengths
    return Builder(cache.folder, cache.settings, *how, cache.shard_bytes)


def test_it_travels_light_and_computes_the_same_elsewhere(builder, tmp_path):
    (song,) = write_songs(tmp_path, 1)
    sent = pickle.dumps(builder)
    assert len(sent) < 3000  # the tables of the features are made again
    there = pickle.loads(sent)
    assert there.extract(song).digest == builder.extract(song).digest
    assert pickle.loads(sent).features is there.features


def test_a_part_is_stored_where_it_is_computed(builder, tmp_path):
    songs = write_songs(tmp_path, 3)
    assert builder.build_part(songs) == [(song, pytest.approx(0.8)) for song in songs]
    assert len([*builder.folder.glob("*.features.npy")]) == 1
    assert torch.get_num_threads() >= 1


def test_songs_come_in_their_order(builder, tmp_path):
    songs = write_songs(tmp_path, 5)
    assert [path for path, _ in builder.build(songs, Threads(2))] == songs


def test_parts_have_so_many_songs_or_so_many_bytes(tmp_path, monkeypatch):
    songs = [tmp_path / f"{number}.wav" for number in range(7)]
    for number, song in enumerate(songs[:-1]):  # the last one is not there
        song.write_bytes(bytes(100 if number == 1 else 10))
    monkeypatch.setattr("genre_lightning.data.building.PART_SONGS", 3)
    monkeypatch.setattr("genre_lightning.data.building.PART_BYTES", 100)
    assert [len(part) for part in parts(songs)] == [2, 3, 2]
    assert [song for part in parts(songs) for song in part] == songs
