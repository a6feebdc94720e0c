import errno
import os
import pickle
import shutil
import sys

import numpy as np
import pytest
from building import FEATURES, open_cache
from damaging import KINDS, array_of, build_shards, contents, in_first_shard, write_songs

import genre_lightning.data.building
import genre_lightning.data.stored
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.engine import Threads
from genre_lightning.features.base import read_features

SILENT = (
    "index: gone",
    "index: no song",
    "index: a song less",
    "index: a folder",
)  # nobody can tell that there was a shard


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Songs and a cache of two shards, which nobody may change."""
    home = tmp_path_factory.mktemp("built")
    paths = write_songs(home)
    return paths, build_shards(home / "cache", paths[:6], paths[6:])


@pytest.fixture
def damaged(built, tmp_path):
    """A copy of the cache, and the songs in its shard that is to be damaged."""
    paths, cache = built
    copy = shutil.copytree(cache.root, tmp_path / "cache") / cache.folder.name
    return copy, in_first_shard(cache, paths)


@pytest.fixture
def computed(monkeypatch):
    """The files whose features were computed, as they come."""
    paths = []
    extract = genre_lightning.data.building.extract
    monkeypatch.setattr(
        genre_lightning.data.building, "extract", lambda path, *rest: paths.append(path) or extract(path, *rest)
    )
    return paths


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_damaged_is_named_and_computed_again_and_the_rest_stays(built, damaged, computed, caplog, kind):
    (paths, cache), (folder, hit) = built, damaged
    KINDS[kind](folder, np.random.default_rng(7))
    healed = open_cache(folder.parent)
    assert healed.build(paths) == {} and contents(healed, paths) == contents(cache, paths)
    told = [record.getMessage() for record in caplog.records]
    assert set(computed) <= set(hit) and len(told) == bool(computed and kind not in SILENT), told
    assert not told or "damaged there, so computed again: " in told[0], told
    again = open_cache(folder.parent)
    assert again.build(paths) == {} and contents(again, paths) == contents(cache, paths)
    assert len(computed) == len(set(computed)) and len(caplog.records) == len(told), "it is found every time"


def test_of_a_damaged_shard_only_the_songs_that_were_hit_are_computed(built, damaged, computed, caplog):
    (paths, cache), (folder, hit) = built, damaged
    start = cache.rows["start"][cache.find(hit[1]).number]
    with array_of(folder, "features").open("r+b") as file:
        file.seek(128 + 2 * 24 * (start + 3))
        file.write(b"\x00\x80")
    open_cache(folder.parent).build(paths)
    assert computed == [hit[1]]
    assert caplog.messages == [f"{folder}: damaged there, so computed again: {hit[1]}"]


def test_many_damaged_songs_are_one_line(built, damaged, caplog):
    (paths, _), (folder, hit) = built, damaged
    array_of(folder, "stats").unlink()
    open_cache(folder.parent).build(paths)
    (line,) = caplog.messages
    more = f" and {len(hit) - 3} more" if len(hit) > 3 else ""
    assert line.endswith(f": damaged there, so computed again: {', '.join(map(str, hit[:3]))}{more}")


def test_a_song_is_checked_once_in_a_process_and_not_again_in_its_workers(built, monkeypatch):
    paths, cache = built
    checked = []
    check = genre_lightning.data.stored.StoredFeatures.check
    monkeypatch.setattr(
        genre_lightning.data.stored.StoredFeatures,
        "check",
        lambda self, number: checked.append(number) or check(self, number),
    )
    again = open_cache(cache.root)
    assert not checked, "songs that nobody asks for cost nothing"
    for _ in range(2):
        again.build(paths)
    assert sorted(checked) == [*range(len(paths))]
    in_worker = pickle.loads(pickle.dumps(again))
    assert all(map(in_worker.find, paths)) and len(checked) == len(paths)


@pytest.mark.parametrize(("number", "is_damage"), [(errno.EIO, True), (errno.EMFILE, False), (errno.EACCES, False)])
def test_what_a_disk_cannot_read_is_damaged_and_what_a_system_refuses_is_not(built, monkeypatch, number, is_damage):
    paths, cache = built

    def failing(*where):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(genre_lightning.data.stored, "read_part", failing)
    again = open_cache(cache.root)
    if is_damage:
        assert again.find(paths[0]) is None
    else:
        with pytest.raises(OSError, match=os.strerror(number)):
            again.find(paths[0])


def test_a_disk_that_cannot_map_files_is_told_of_and_works(built, damaged, monkeypatch, caplog):
    (paths, cache), (folder, _) = built, damaged

    def unmappable(*where, **how):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    monkeypatch.setattr(np, "memmap", unmappable)
    again = open_cache(folder.parent)
    assert again.build(paths) == {} and contents(again, paths) == contents(cache, paths)
    (line,) = caplog.messages
    assert line.startswith(f"{folder}: files cannot be mapped into memory")


def test_features_of_other_settings_are_never_taken_for_these(built, damaged, computed, caplog):
    (paths, cache), (folder, _) = built, damaged
    other = FeatureCache(folder.parent, read_features(FEATURES.settings | {"hop_length": 250}), engine=Threads(1))
    assert other.build(paths) == {} and other.n_features == cache.n_features
    shutil.rmtree(folder)
    other.folder.rename(folder)  # as from a backup, into the wrong place
    computed.clear()
    healed = open_cache(folder.parent)
    assert healed.build(paths) == {} and contents(healed, paths) == contents(cache, paths)
    assert sorted(computed) == paths and len(caplog.messages) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_more_shards_are_read_than_a_shell_lets_a_program_open_files(tmp_path):
    import resource

    paths = write_songs(tmp_path, 9)
    cache = build_shards(tmp_path / "cache", *([path] for path in paths))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        with array_of(cache.folder, "stats").open() as file:  # whose number tells how many there are
            resource.setrlimit(resource.RLIMIT_NOFILE, (file.fileno() + 2 * len(paths), limits[1]))
        assert contents(open_cache(cache.root), paths) == contents(cache, paths)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
