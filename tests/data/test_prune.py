import os
import time

import pytest

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.prune import ABANDONED_SECONDS, prune, prune_all
from genre_lightning.errors import UserError


@pytest.fixture
def cache(tmp_path, songs, features):
    """A cache of two shards: one of `kept` songs, one of `gone` ones."""
    cache = FeatureCache(tmp_path / "cache", features)
    cache.build(songs("kept").rglob("*.wav"))
    cache.build(songs("gone", seconds=1.5).rglob("*.wav"))
    return cache


def remove_songs(folder):
    for path in folder.rglob("*.wav"):
        path.unlink()


def grow_old(path):
    long_ago = time.time() - 2 * ABANDONED_SECONDS
    os.utime(path, (long_ago, long_ago))


def test_a_cache_whose_songs_are_all_there_is_left_alone(cache):
    before = sorted(cache.folder.iterdir())
    assert "18 of 18 songs in use, 0.0 MB" in prune(cache.folder, remove=True)
    assert sorted(cache.folder.iterdir()) == before


def test_nothing_is_removed_unasked_and_the_songs_that_are_still_there_stay_readable(cache, tmp_path, features):
    remove_songs(tmp_path / "gone")
    before = sorted(cache.folder.iterdir())
    (line,) = prune_all(tmp_path / "cache", remove=False)
    assert line.startswith(f"{cache.folder}: 9 of 18 songs in use") and sorted(cache.folder.iterdir()) == before
    prune(cache.folder, remove=True)
    left = FeatureCache(tmp_path / "cache", features)
    assert len(left.songs) == 9
    assert all(len(left.frames(song)) == song.n_frames for song in left.songs.values())


def test_a_changed_song_is_no_longer_in_use(cache, tmp_path):
    for path in (tmp_path / "gone").rglob("*.wav"):
        grow_old(path)
    assert "9 of 18 songs in use" in prune(cache.folder, remove=False)


def test_songs_that_were_moved_with_their_folders_keep_their_features(cache, tmp_path, features):
    (tmp_path / "kept").rename(tmp_path / "moved")
    assert "18 of 18 songs in use" in prune(cache.folder, remove=True)
    again = FeatureCache(tmp_path / "cache", features)
    assert all(again.find(path) for path in (tmp_path / "moved").rglob("*.wav"))


def test_a_cache_in_another_format_goes_altogether(cache):
    settings = cache.folder / "settings.json"
    settings.write_text(settings.read_text().replace('"format": 4', '"format": 3'))
    assert "0 of 18 songs in use" in prune(cache.folder, remove=True)
    assert not cache.folder.exists()


def test_a_cache_without_songs_goes_altogether(cache, tmp_path):
    remove_songs(tmp_path / "gone")
    remove_songs(tmp_path / "kept")
    prune(cache.folder, remove=True)
    assert not cache.folder.exists()


def test_what_a_killed_build_left_goes_and_what_a_running_one_writes_stays(cache):
    left, running = cache.folder / "left.features.npy", cache.folder / "running.features.npy.tmp"
    for path in (left, running):
        path.write_bytes(bytes(100))
    grow_old(left)
    prune(cache.folder, remove=True)
    assert not left.exists() and running.exists()


def test_a_folder_that_is_not_there_is_the_user_s_mistake(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        list(prune_all(tmp_path / "nowhere", remove=False))
