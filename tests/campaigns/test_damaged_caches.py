"""What became of caches that were damaged, killed and fought over: `pytest -n 0 -m slow tests/campaigns -s`"""

import json
import random
import shutil
import time
import uuid
from collections import Counter
from contextlib import suppress

import numpy as np
import pytest
from building import open_cache, start_build
from damaging import KINDS, build_shards, contents, write_songs

import genre_lightning.data.cache
from genre_lightning.data.prune import prune
from genre_lightning.data.stored import SOUND
from genre_lightning.runs.results import METRICS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("named_alike")]
DAMAGED, KILLED, FOUGHT_OVER = 1000, 60, 15  # how often
BUILDS_AT_ONCE = 4
TRAINED = ("features: a page zeroed", "features: reversed", "index: off by some frames", "stats: rolled",
           "features: many bits flipped", "index: songs for each other", "features: not numbers")  # fmt: skip


@pytest.fixture
def count(capsys):
    """Print counts, whatever pytest does with what is printed."""

    def told(what, counts):
        with capsys.disabled():
            print(f"\n{what}: {', '.join(f'{number} {of}' for of, number in counts.items())}")

    return told


@pytest.fixture
def computed(monkeypatch):
    """The files whose features were computed, as they come."""
    paths, extract = [], genre_lightning.data.building.extract
    monkeypatch.setattr(
        genre_lightning.data.building, "extract", lambda path, *rest: paths.append(path) or extract(path, *rest)
    )
    return paths


@pytest.fixture
def named_alike(monkeypatch):
    """Have shards be called the same each time, so that the same ones are damaged."""
    names = random.Random(26)
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=names.getrandbits(128)))


def test_damage_of_up_to_three_kinds_at_once_is_always_healed(tmp_path, computed, caplog, count):
    rng, counts = np.random.default_rng(26), Counter()
    paths = write_songs(tmp_path)
    cache = build_shards(tmp_path / "cache", paths[:3], paths[3:6], paths[6:])
    truth = contents(cache, paths)
    for number in range(DAMAGED):
        root = shutil.copytree(cache.root, tmp_path / str(number))
        for kind in rng.choice([*KINDS], rng.integers(1, 4)):
            with suppress(Exception):  # what was damaged so that it cannot be damaged further
                KINDS[kind](root / cache.folder.name, rng)
        caplog.clear(), computed.clear()
        healed = open_cache(root)
        counts["in error"] += healed.build(paths) != {}
        counts["silently wrong"] += contents(healed, paths) != truth
        counts["songs kept"] += len(paths) - len(computed)
        counts["songs computed again"] += len(computed)
        counts["not healed for good"] += bool(open_cache(root).missing(paths))
        shutil.rmtree(root)
    count(f"{DAMAGED} damaged caches of {len(paths)} songs", counts)
    assert not counts["in error"] + counts["silently wrong"] + counts["not healed for good"]


def left_behind(cache):
    """How many files there are beside the settings and the shards that are used."""
    return len([*cache.folder.iterdir()]) - 1 - 4 * len({*cache.shard[cache.state <= SOUND]})


def kill_build(process, folder, seconds):
    """Kill a build so long after it has begun."""
    while not folder.exists() and process.is_alive():
        time.sleep(0.001)
    time.sleep(seconds)
    process.kill()
    process.join()


def test_killed_builds_lose_nothing_that_was_stored(tmp_path, computed, count):
    rng, counts, paths = np.random.default_rng(26), Counter(), write_songs(tmp_path)
    truth = build_shards(tmp_path / "truth", paths[:4], paths[4:])
    for number in range(KILLED):
        root = tmp_path / str(number)
        if number % 2:  # killed while it heals a cache
            KINDS["features: all zero"](shutil.copytree(truth.root, root) / truth.folder.name, rng)
        kill_build(start_build(root, paths, 0.01), root / truth.folder.name, rng.uniform(0, 0.4))
        kept = {*paths}.difference(open_cache(root).missing(paths))
        counts["were not done"] += len(kept) < len(paths)
        counts["songs kept"] += len(kept)
        computed.clear()
        again = open_cache(root)
        assert again.build(paths) == {} and not kept & {*computed}
        counts["wrong"] += contents(again, paths) != contents(truth, paths)
        counts["files left behind"] += left_behind(again)
        prune(again.folder, remove=True)
        counts["after prune-cache"] += left_behind(again)
    count(f"{KILLED} builds of {len(paths)} songs, killed at any moment", counts)
    assert not counts["wrong"] + counts["after prune-cache"] and counts["were not done"] > KILLED / 4


def test_builds_at_once_compute_each_song_once(tmp_path, count):
    counts, paths = Counter(), write_songs(tmp_path)
    truth = contents(build_shards(tmp_path / "truth", paths), paths)
    for number in range(FOUGHT_OVER):
        root = tmp_path / str(number)
        processes = [start_build(root, paths, 0.01) for _ in range(BUILDS_AT_ONCE)]
        for process in processes:
            process.join()
        cache = open_cache(root)
        counts["builds failed"] += sum(process.exitcode != 0 for process in processes)
        counts["songs stored"] += len(cache.rows)
        counts["wrong"] += contents(cache, paths) != truth
    count(f"{FOUGHT_OVER} times {BUILDS_AT_ONCE} builds at once of {len(paths)} songs", counts)
    assert counts["songs stored"] == FOUGHT_OVER * len(paths)
    assert not counts["builds failed"] + counts["wrong"]


FIGURES = ("learnt_from", "val", "test", "first_fit", "baseline", "by_genre")


def test_what_is_trained_from_a_damaged_cache_is_what_it_would_have_been(train_run, tmp_path, count):
    def figures(name):
        measured = json.loads((train_run(f"cache.root='{(tmp_path / name).as_posix()}'") / METRICS).read_text())
        return [measured[of] for of in FIGURES]

    before, counts = figures("whole"), Counter({"with other figures": 0})
    for number, kind in enumerate(TRAINED):
        root = shutil.copytree(tmp_path / "whole", tmp_path / str(number))
        (folder,) = (path for path in root.iterdir() if path.is_dir())
        KINDS[kind](folder, np.random.default_rng(26))
        counts["with the same figures" if figures(str(number)) == before else "with other figures"] += 1
    count(f"{len(TRAINED)} runs on damaged caches", counts)
    assert not counts["with other figures"]
