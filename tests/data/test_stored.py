import errno
import logging
import pickle
import shutil
from contextlib import suppress

import numpy as np
import pytest
from damaging import KINDS, array_of, build_shards, contents, in_first_shard, index_of, open_cache, write_songs

import genre_lightning.data.cache
import genre_lightning.data.shards

SILENT = ("index: gone", "index: no song", "index: a folder")  # nobody can tell that there was a shard


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
    extract = genre_lightning.data.cache.extract
    monkeypatch.setattr(
        genre_lightning.data.cache, "extract", lambda path, *rest: paths.append(path) or extract(path, *rest)
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
    assert not told or "damaged there, to be computed again: " in told[0], told
    again = open_cache(folder.parent)
    assert again.build(paths) == {} and contents(again, paths) == contents(cache, paths)
    assert len(computed) == len(set(computed)) and len(caplog.records) == len(told), "it is found every time"


