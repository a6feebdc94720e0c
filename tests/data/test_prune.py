import errno
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from building import open_cache
from damaging import KINDS, build_shards, contents, write_songs

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.locks import take_lock
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
    assert len(left) == 9
    songs = [left.find(path) for path in (tmp_path / "kept").rglob("*.wav")]
    assert all(len(left.frames(song)) == song.n_frames for song in songs)


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
    for index in cache.folder.glob("*.songs.npy"):
        index.replace(index.with_name(index.name.replace(".songs.npy", ".json")))
    assert "0 of 0 songs in use" in prune(cache.folder, remove=True)
    assert not cache.folder.exists()


def test_a_cache_without_songs_goes_altogether(cache, tmp_path):
    remove_songs(tmp_path / "gone")
    remove_songs(tmp_path / "kept")
    prune(cache.folder, remove=True)
    assert not cache.folder.exists()


LEFT = ("0.features.npy", "0.peaks.npy.89abcdef.tmp", "settings.json.01234567.tmp")


def test_what_a_killed_build_left_goes_at_once_and_what_is_somebody_else_s_stays(cache):
    strays = {"notes.json", "0.npy.txt", "holiday.npy", "2019.tmp"}
    for name in (*LEFT, *strays):
        (cache.folder / name).write_bytes(bytes(100_000))
    assert "18 of 18 songs in use, 0.3 MB freed" in prune(cache.folder, remove=True)
    left = {path.name for path in cache.folder.iterdir()}
    assert left >= strays and not left & {*LEFT}


def test_nothing_goes_while_features_are_computed(cache):
    (cache.folder / LEFT[0]).touch()
    with take_lock(cache.folder):
        assert prune(cache.folder, remove=True).endswith("a run computes features there; prune it when that is done")
    assert (cache.folder / LEFT[0]).exists()


def test_a_file_that_the_system_keeps_is_told_of(cache, tmp_path, monkeypatch):
    remove_songs(tmp_path / "gone")
    unlink = Path.unlink

    def mapped(path, **how):
        if path.name.endswith("features.npy"):
            raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))
        unlink(path, **how)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", mapped)
        assert prune(cache.folder, remove=True).endswith("; 1 files are in use by a program, or may not be removed")
    assert "9 of 9 songs in use, 0.0 MB freed" in prune(cache.folder, remove=True)
    assert len(list(cache.folder.glob("*.npy"))) == 4, "what the system kept goes the next time"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two songs, and a cache of a shard for each, which nobody may change."""
    home = tmp_path_factory.mktemp("small")
    one, two = write_songs(home, 2)
    return [one, two], build_shards(home / "cache", [one], [two])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith(("index", "stray", "stats: gone"))])
def test_no_damage_stops_it_nor_costs_a_song_elsewhere(small, tmp_path, kind):
    paths, cache = small
    root = shutil.copytree(cache.root, tmp_path / "cache")
    KINDS[kind](root / cache.folder.name, np.random.default_rng(7))
    (line,) = prune_all(root, remove=True)
    kept, songs = (int(number) for number in line.split(": ")[1].split(" songs")[0].split(" of "))
    assert 1 <= kept <= songs
    again = open_cache(root)
    assert again.build(paths) == {} and contents(again, paths) == contents(cache, paths)


def test_what_was_never_finished_in_runs_goes_once_it_is_old(tmp_path):
    run = tmp_path / "logs" / "sweep" / "0_mlp"
    run.mkdir(parents=True)
    left, written = run / "metrics.json.01234567.tmp", run / "report.md.89abcdef.tmp"
    for path in (left, written, run / "metrics.json"):
        path.write_bytes(bytes(300_000))
    grow_old(left)
    (line,) = prune_all(tmp_path / "logs", remove=False)
    assert line.endswith("logs: 1 files that were never finished, 0.3 MB can be freed with --remove")
    assert list(prune_all(tmp_path / "logs", remove=True)) and not left.exists()
    assert {path.name for path in run.iterdir()} == {written.name, "metrics.json"}
    assert not list(prune_all(tmp_path / "logs", remove=True))


def test_a_folder_that_is_not_there_is_the_user_s_mistake(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        list(prune_all(tmp_path / "nowhere", remove=False))
