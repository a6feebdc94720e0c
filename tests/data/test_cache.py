import errno
import logging
import os
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import building
import numpy as np
import pytest
import torch
from damaging import write_songs
from filelock import FileLock

import genre_lightning.data.building
import genre_lightning.data.cache
import genre_lightning.data.index
import genre_lightning.data.locks
import genre_lightning.data.shards
import genre_lightning.files
from genre_lightning.audio.reading import read_audio
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.engine import Threads
from genre_lightning.data.locks import take_lock
from genre_lightning.errors import UserError
from genre_lightning.features.mel import LogMel


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.fixture
def open_cache(tmp_path, features):
    """Open a cache below tmp_path, as a new run of the program would."""

    def open_again(name="cache", features=features, dtype="float32", shard_megabytes=0, engine=None, **loudness):
        return FeatureCache(tmp_path / name, features, dtype, shard_megabytes, engine, **loudness)

    return open_again


@pytest.fixture
def replace_writing(monkeypatch):
    """Put something in the place of `write_whole`, which it may call."""

    @contextmanager
    def replace(instead):
        write_whole = genre_lightning.files.write_whole
        with monkeypatch.context() as patch:
            for module in (genre_lightning.files, genre_lightning.data.shards, genre_lightning.data.index):
                patch.setattr(module, "write_whole", partial(instead, write_whole))
            yield

    return replace


@pytest.fixture
def computed(monkeypatch):
    """The names of the files whose features were computed, as they come."""
    names = []
    extract = genre_lightning.data.building.extract
    monkeypatch.setattr(
        genre_lightning.data.building, "extract", lambda path, *rest: names.append(path.name) or extract(path, *rest)
    )
    return names


def clips(root):
    return sorted(root.rglob("*.wav"))


def shards(cache):
    """The indexes in the cache's folder."""
    return [*cache.folder.glob("*.songs.npy")]


def check_frames(cache, paths):
    """Hold what the cache says of every file against a computation from the start."""
    tolerance = 1e-4 if cache.dtype == "float32" else 0.04  # dB: half the last digit of a float16 below 128
    for path in paths:
        waveform, _ = cache.loudness.apply(read_audio(path, rate := cache.features.sample_rate), rate)
        direct = cache.features(torch.from_numpy(waveform)).numpy()
        song = cache.find(path)
        assert song is not None, path
        np.testing.assert_allclose(cache.frames(song).astype(np.float32), direct, rtol=0, atol=tolerance)
        np.testing.assert_allclose(cache.stats(song), [direct.mean(axis=0), direct.std(axis=0)], atol=1e-3)


@pytest.mark.parametrize(("dtype", "shard_megabytes"), [("float16", 64), ("float32", 0)])
def test_what_is_read_is_what_was_computed(songs, open_cache, dtype, shard_megabytes):
    paths = clips(songs())
    assert open_cache(dtype=dtype, shard_megabytes=shard_megabytes).build(paths) == {}
    cache = open_cache(dtype=dtype)
    check_frames(cache, paths)
    assert cache.frames(cache.find(paths[0])).dtype == dtype


def test_copies_share_a_digest_whatever_their_tags_say(tmp_path, write_song, open_cache):
    one, other = write_song(tmp_path / "1.flac", artist="Die Ärzte"), write_song(tmp_path / "2.wav")
    open_cache(shard_megabytes=64).build([one, other])
    cache = open_cache()
    assert cache.find(one).digest == cache.find(other).digest


def test_only_new_and_changed_files_are_computed(songs, write_song, open_cache, computed, caplog):
    root = songs()
    open_cache().build(clips(root) * 2)
    assert sorted(computed) == sorted(path.name for path in clips(root))
    computed.clear()
    changed = write_song(clips(root)[0], number=77, seconds=2)
    write_song(root / "noise" / "new.wav", "noise", 99)
    assert open_cache().find(changed) is None
    open_cache().build(clips(root))
    assert sorted(computed) == sorted([changed.name, "new.wav"])
    check_frames(open_cache(), clips(root))
    computed.clear()
    with caplog.at_level(logging.INFO):
        open_cache().build(clips(root))
    assert not computed and not caplog.text


def test_a_library_that_was_moved_is_not_computed_again(songs, open_cache, computed, tmp_path):
    root = songs()
    open_cache().build(clips(root))
    computed.clear()
    paths = clips(root.rename(tmp_path / "mounted elsewhere"))
    assert open_cache().build(paths) == {} and not computed
    check_frames(open_cache(), paths)


def test_two_libraries_do_not_share_songs_of_the_same_name_size_and_time(tmp_path, write_song, open_cache):
    paths = [write_song(tmp_path / library / "rock" / "1.wav", number=n) for n, library in enumerate(("mine", "yours"))]
    for path in paths:
        os.utime(path, (0, 0))
    open_cache().build(paths[:1])
    assert open_cache().find(paths[1]) is None
    open_cache().build(paths)
    check_frames(open_cache(), paths)


def test_other_settings_have_a_cache_of_their_own(songs, open_cache, computed):
    paths = clips(songs(artists=1))
    other = LogMel(sample_rate=8000, n_fft=512, hop_length=200, n_mels=24)
    open_cache().build(paths)
    assert open_cache(dtype="float16").find(paths[0]) is None
    open_cache(features=other).build(paths)
    assert len(computed) == 2 * len(paths)
    check_frames(open_cache(), paths)
    check_frames(open_cache(features=other), paths)


def test_the_folder_says_its_settings(songs, open_cache, features):
    cache = open_cache()
    cache.build(clips(songs(artists=1)))
    assert '"n_mels": 24' in (cache.folder / "settings.json").read_text(encoding="utf-8")
    assert cache.folder.name.startswith("logmel-")


def test_shards_close_when_they_are_full(tmp_path, write_song, open_cache):
    paths = [write_song(tmp_path / f"{number}.wav", "noise", number, seconds=130) for number in range(7)]  # 0.37 MiB
    cache = open_cache(shard_megabytes=1)
    cache.build(paths)
    assert len(shards(cache)) == 3
    check_frames(cache, paths[:2])


def test_a_dtype_that_is_none_is_named(open_cache):
    with pytest.raises(UserError, match=r"cache\.dtype: 'int8'"):
        open_cache(dtype="int8")


WRONG = [{"silence_db": 0}, {"silence_db": -60.0}, {"level_db": -101}, {"min_seconds": -1}, {"max_seconds": 0}]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_loudness_or_a_length_that_is_none_is_named(open_cache, wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(UserError, match=rf"cache\.{name} must .*, not {value}"):
        open_cache(**wrong)


def test_songs_of_other_lengths_are_none_though_another_run_has_stored_them(songs, open_cache):
    paths = clips(songs())
    open_cache().build(paths)
    strict = open_cache(min_seconds=1000, max_seconds=2000)
    assert len(strict) and not any(map(strict.find, paths))
    told = strict.build(paths)
    assert told.keys() == set(paths) and all("too short" in reason for reason in told.values())
    check_frames(open_cache(), paths)


def test_broken_files_are_returned_with_reasons_and_the_others_are_built(songs, open_cache):
    root = songs()
    good = clips(root)
    (root / "noise" / "empty.wav").touch()
    (root / "noise" / "text.mp3").write_text("no sound")
    missing = root / "noise" / "missing.wav"
    broken = open_cache().build([*good, root / "noise" / "empty.wav", root / "noise" / "text.mp3", missing])
    reasons = {path.name: reason.split(":")[0] for path, reason in broken.items()}
    told = {"text.mp3": "is damaged, cut off or not audio", "missing.wav": "does not exist"}
    assert reasons == told | {"empty.wav": "is empty"}
    check_frames(open_cache(), good)


def test_a_pickled_cache_is_readable(songs, open_cache):
    paths = clips(songs())
    cache = open_cache()
    cache.build(paths)
    check_frames(cache, paths)  # maps the shards
    pickled = pickle.dumps(cache)
    assert len(pickled) < len(pickle.dumps(open_cache())) + 1000, "the shards went along"
    check_frames(pickle.loads(pickled), paths)


@pytest.mark.parametrize("end", [KeyboardInterrupt, UserError])
def test_a_build_that_is_stopped_keeps_what_was_computed(songs, open_cache, monkeypatch, end):
    paths, extract, done = clips(songs()), genre_lightning.data.building.extract, []

    def failing(path, *rest):
        if len(done) == 5:
            raise end
        done.append(path)
        return extract(path, *rest)

    monkeypatch.setattr(genre_lightning.data.building, "extract", failing)
    with pytest.raises(end):
        open_cache(shard_megabytes=64, engine=Threads(1)).build(paths)
    assert len(done) == 5
    check_frames(open_cache(), done)


def test_ctrl_c_while_a_shard_is_written_keeps_its_songs(songs, open_cache, replace_writing, monkeypatch):
    paths, writes = clips(songs()), []

    def interrupted(write_whole, path, *how):
        writes.append(path)
        if len(writes) == 3:
            raise KeyboardInterrupt
        write_whole(path, *how)

    monkeypatch.setattr(genre_lightning.data.building, "SHARD_SECONDS", -1)
    with replace_writing(interrupted), pytest.raises(KeyboardInterrupt):
        open_cache(shard_megabytes=64, engine=Threads(1)).build(paths)
    assert len(open_cache()) == 1


def test_a_build_stores_what_it_has_from_time_to_time(songs, open_cache, monkeypatch):
    paths = clips(songs())
    monkeypatch.setattr(genre_lightning.data.building, "SHARD_SECONDS", -1)
    cache = open_cache(shard_megabytes=64, engine=Threads(1))
    cache.build(paths)
    assert len(shards(cache)) == len(paths)
    check_frames(cache, paths)


@pytest.mark.parametrize("last_breath", [1, 3, 5, 6, 17])
def test_a_build_that_dies_at_any_write_loses_one_shard_at_most(songs, open_cache, replace_writing, last_breath):
    paths, writes = clips(songs(artists=2, genres=("noise", "tones"))), []

    def mortal(write_whole, path, *how):
        writes.append(path)
        if len(writes) == last_breath:
            path.with_name(path.name + ".tmp").write_bytes(b"half of it")
        if len(writes) >= last_breath:
            raise Killed
        write_whole(path, *how)

    with replace_writing(mortal), pytest.raises(Killed):
        open_cache().build(paths)
    kept = [path for path in paths if open_cache().find(path)]
    assert len(kept) == max(0, (last_breath - 2) // 4)  # settings.json, then four files for each song
    open_cache().build(paths)
    check_frames(open_cache(), paths)


@pytest.fixture
def start_build(tmp_path):
    """Start building a cache in another process, so many seconds a song."""
    running = []

    def start(paths, seconds_a_song):
        running.append(building.start_build(tmp_path / "cache", paths, seconds_a_song))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.join()


@pytest.mark.slow
def test_a_killed_build_leaves_a_usable_cache(tmp_path, computed, start_build):
    root, paths = tmp_path / "cache", write_songs(tmp_path)
    process = start_build(paths, 0.1)
    while len(shards(building.open_cache(root))) < 3:
        assert process.is_alive(), "the build ended by itself"
        time.sleep(0.01)
    process.kill()
    process.join()
    kept = [path for path in paths if building.open_cache(root).find(path)]
    assert 3 <= len(kept) < len(paths)
    check_frames(building.open_cache(root), kept)
    building.open_cache(root).build(paths)
    assert len(computed) == len(paths) - len(kept)
    check_frames(building.open_cache(root), paths)


def test_builds_at_once_compute_every_song_once(tmp_path, start_build):
    paths = write_songs(tmp_path)
    processes = [start_build(paths, 0.02) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    cache = building.open_cache(tmp_path / "cache")
    check_frames(cache, paths)
    assert len(cache.rows) == len(paths)
    assert not list(cache.folder.glob("*.tmp"))


def test_a_build_waits_for_another_and_computes_what_is_left(songs, open_cache, computed, caplog):
    paths = clips(songs(artists=2))
    first, second = open_cache(), open_cache()
    first.root.mkdir()
    with ThreadPoolExecutor(1) as pool:
        with take_lock(first.folder):
            waiting = pool.submit(second.build, paths)
            while not caplog.messages:
                assert not waiting.done()
                time.sleep(0.001)
            first.folder.mkdir()
            first.compute(paths[:4])
        assert waiting.result() == {}
    assert sorted(computed) == sorted(path.name for path in paths)
    assert caplog.messages == [f"{first.folder}: another run computes features there; waiting for it"]
    check_frames(second, paths)


def test_a_build_that_finds_all_songs_done_after_waiting_says_no_more(songs, open_cache, caplog):
    paths = clips(songs(artists=1))
    first, second = open_cache(), open_cache()
    first.build(paths)
    with caplog.at_level(logging.INFO, logger="genre_lightning"):
        assert second.build(paths) == {}
    assert not caplog.messages


def test_a_cache_that_has_all_songs_is_used_without_a_lock(songs, open_cache, monkeypatch):
    paths = clips(songs(artists=1))
    open_cache().build(paths)
    monkeypatch.setattr(genre_lightning.data.locks, "take_lock", lambda *how: pytest.fail("it may be one to read only"))
    assert open_cache().build(paths) == {}


def test_a_disk_without_locks_is_told_of_and_works(songs, open_cache, monkeypatch, caplog):
    def lockless(*how, **more):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(FileLock, "acquire", lockless)
    paths = clips(songs(artists=1))
    assert open_cache().build(paths) == {}
    assert len(caplog.messages) == 1 and "no locks on that disk" in caplog.messages[0]
    check_frames(open_cache(), paths)


@pytest.fixture
def fill_disk(monkeypatch):
    """Let the disk be full after so many files."""

    def fill(files=0):
        fsync, done = os.fsync, []

        def full(descriptor):
            done.append(descriptor)
            if len(done) > files:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", full)

    yield fill
    monkeypatch.undo()


@pytest.mark.parametrize("files", range(4))
def test_a_full_disk_is_named_and_keeps_the_earlier_songs(songs, open_cache, fill_disk, files):
    paths = clips(songs())
    open_cache().build(paths[:4])
    fill_disk(files)
    with pytest.raises(UserError, match=rf"cache\.root: .*{os.strerror(errno.ENOSPC)}.*free some space"):
        open_cache().build(paths)
    check_frames(open_cache(), paths[:4])
    assert not list(open_cache().folder.glob("*.tmp"))
    stored = {path.name.split(".")[0] for path in open_cache().folder.iterdir()} - {"settings"}
    assert stored == {path.name.split(".")[0] for path in shards(open_cache())}, (
        "the disk is filled further by shards without index"
    )


def test_a_root_that_cannot_be_written_is_named_before_anything_is_computed(songs, open_cache, computed, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(UserError, match=r"cache\.root: cannot write"):
        open_cache().build(clips(songs(artists=1)))
    assert not computed
