from types import SimpleNamespace

import pytest

from genre_lightning.data import room
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.room import check_room, lengths
from genre_lightning.errors import UserError


@pytest.fixture
def free(monkeypatch):
    """Say how many bytes the disk has free."""
    return lambda count: monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=count))


def test_features_that_the_disk_does_not_hold_are_refused_before_any_is_computed(tmp_path, write_song, features, free):
    songs = [write_song(tmp_path / f"{number}.wav", number=number, seconds=2) for number in range(40)]
    second = features.frames_per_second * features.n_features * 2  # bytes, as float16
    free(80 * second + 1)
    check_room(tmp_path, songs, features, 2, None)
    free(80 * second - 1)
    line = r"cache\.root: the features of 40 songs take about 0\.00012 GB, and the disk of .* has"
    with pytest.raises(UserError, match=line) as caught:
        check_room(tmp_path, songs, features, 2, None)
    assert "another disk" in str(caught.value)
    with pytest.raises(UserError, match=r"or stored as float16, take less"):
        check_room(tmp_path, songs, features, 4, None)
    check_room(tmp_path, songs, features, 4, max_seconds=1.5)  # they are left out


def test_a_cache_asks_for_what_is_missing_only(tmp_path, write_song, features, free):
    songs, cache = [write_song(tmp_path / "0.wav"), tmp_path / "1.wav"], FeatureCache(tmp_path / "cache", features)
    cache.build(songs[:1])
    write_song(songs[1])
    free(0)
    assert cache.build(songs[:1]) == {}
    with pytest.raises(UserError, match=r"the features of 1 songs? take about"):
        cache.build(songs)


def test_files_that_do_not_tell_how_long_they_are_are_not_asked_again(tmp_path, write_song, features, free):
    broken, song = tmp_path / "broken.mp3", write_song(tmp_path / "song.flac", seconds=1.5)
    broken.write_text("no sound")
    assert lengths([broken, song, tmp_path / "gone.wav"], 10) == [1.5]
    free(0)
    check_room(tmp_path, [broken], features, 2, None)
