import logging
import os
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from genre_lightning import errors
from genre_lightning.audio.reading import AudioError, read_audio
from genre_lightning.data.engine import Threads
from genre_lightning.data.extraction import extract, extract_all, song_key, with_progress
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.devices import threads
from genre_lightning.errors import UserError

AS_IT_IS = Loudness(None, None), Lengths(0.0, None)
PATHS = [Path(f"{number}.wav") for number in range(100)]


@pytest.fixture
def three_threads():
    """Let torch use three threads for the time of a test, whatever OMP_NUM_THREADS says."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def threads_of_torch():
    """The threads that torch would use in a thread that starts now."""
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize(("dtype", "error"), [("float16", 0.04), ("float32", 1e-4)])
def test_a_song_becomes_frames_their_mean_and_std_and_what_its_file_tells(tmp_path, write_song, features, dtype, error):
    path = write_song(tmp_path / "song.flac", seconds=1.5, artist="Who")
    song, frames = extract(path, features, dtype, *AS_IT_IS), features(torch.from_numpy(read_audio(path, 8000))).numpy()
    assert song.frames.dtype == dtype and song.stats.dtype == np.float32
    np.testing.assert_allclose(song.frames.astype(np.float32), frames, rtol=0, atol=error)
    np.testing.assert_allclose(song.stats, [frames.mean(axis=0), frames.std(axis=0)], atol=1e-3)
    assert (song.seconds, song.key) == (1.5, song_key(path))


def test_silence_has_no_frames_and_level_no_say(tmp_path, features, sound):
    song, path, loudness = sound("tones", 1, 2.0), tmp_path / "song.wav", Loudness(60.0, -20.0)
    soundfile.write(path, song, 8000)
    plain = extract(path, features, "float32", loudness, Lengths())
    soundfile.write(path, np.concatenate([np.zeros(16000), song / 2**17]), 8000, "FLOAT")  # 12 dB quieter
    silenced = extract(path, features, "float32", loudness, Lengths())
    assert silenced.silences == ((0.0, 2.0),) and silenced.seconds == 4.0 and plain.silences == ()
    np.testing.assert_allclose(silenced.frames, plain.frames, rtol=0, atol=1e-3)


def test_a_broken_file_raises(tmp_path, features):
    (tmp_path / "song.wav").touch()
    with pytest.raises(AudioError, match="empty"):
        extract(tmp_path / "song.wav", features, "float32", *AS_IT_IS)


@pytest.mark.parametrize(("lengths", "told"), [
    (Lengths(min_seconds=2.5), r"too short: 2.000 s, .*cache\.min_seconds"),
    (Lengths(max_seconds=1.5), r"lasts .* h or more, .*cache\.max_seconds"),
])  # fmt: skip
def test_what_is_shorter_or_longer_than_a_song_is_refused(tmp_path, write_song, features, lengths, told):
    path = write_song(tmp_path / "song.wav", seconds=2)
    assert extract(path, features, "float32", *AS_IT_IS).seconds == 2
    with pytest.raises(AudioError, match=told):
        extract(path, features, "float32", Loudness(None, None), lengths)


def test_the_same_sound_has_the_same_digest_in_any_file(tmp_path, write_song, features):
    one, other = write_song(tmp_path / "a.wav", artist="Who"), write_song(tmp_path / "b.flac")
    third = write_song(tmp_path / "c.wav", number=1)
    digests = [extract(path, features, "float32", *AS_IT_IS).digest for path in (one, other, third)]
    assert digests[0] == digests[1] != digests[2]


def test_the_key_changes_with_name_size_and_time_and_with_nothing_else(tmp_path, write_song):
    path = write_song(tmp_path / "song.wav")
    keys = {song_key(path), song_key(path)}
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000_000))
    keys.add(song_key(path))
    changed = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes() + b"x")
    os.utime(path, ns=(0, changed))
    keys |= {song_key(path), song_key(path.rename(tmp_path / "other.wav"))}
    assert len(keys) == 4


@pytest.mark.parametrize("offset", [0, 65535, 500_000, 999_999])
def test_files_that_differ_in_their_content_alone_have_different_keys(tmp_path, offset):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        content = bytearray(1_000_000)
        content[offset] = folder == "other"
        (tmp_path / folder / "1.wav").write_bytes(content)
        os.utime(tmp_path / folder / "1.wav", (0, 0))
    assert song_key(tmp_path / "one" / "1.wav") != song_key(tmp_path / "other" / "1.wav")


def test_a_file_is_read_for_its_key_once_for_each_state(tmp_path, write_song, monkeypatch):
    path, opened, whole = write_song(tmp_path / "song.wav"), [], Path.open
    monkeypatch.setattr(Path, "open", lambda *args, **how: opened.append(args) or whole(*args, **how))
    assert song_key(path) == song_key(path) and len(opened) == 1
    os.utime(path, (0, 0))
    assert song_key(path) and len(opened) == 2


def test_the_key_does_not_depend_on_the_folder(tmp_path, write_song, monkeypatch):
    key = song_key(write_song(tmp_path / "music" / "song.wav"))
    (tmp_path / "music").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    assert song_key(tmp_path / "moved" / "song.wav") == song_key(Path("moved/song.wav")) == key
    assert song_key(tmp_path / "music" / "song.wav") == "", "a missing file has a key"


@pytest.mark.parametrize("workers", [1, 3, None])
def test_files_come_back_in_their_order(workers):
    def work(path):
        time.sleep(0.003 * (int(path.stem) % 3))
        return path.stem

    assert list(extract_all(PATHS[:30], work, Threads(workers))) == [(path, path.stem) for path in PATHS[:30]]


def test_a_broken_file_comes_back_as_its_error_and_the_others_go_on():
    def work(path):
        if path.stem == "3":
            raise AudioError("is broken")

    outcomes = dict(extract_all(PATHS[:6], work, Threads(2)))
    assert str(outcomes[PATHS[3]]) == "is broken" and isinstance(outcomes[PATHS[3]], AudioError)
    assert [outcomes[path] for path in PATHS[:6] if path != PATHS[3]] == [None] * 5


@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), OSError(5, "Input/output error"), MemoryError()])
def test_whatever_is_raised_for_a_file_is_that_file_s_line(error):
    def work(path):
        if path.stem == "3":
            raise error
        return path.stem

    outcomes = dict(extract_all(PATHS[:6], work, Threads(2)))
    told = outcomes.pop(PATHS[3])
    assert isinstance(told, AudioError) and re.search("by zero|Input/output error|more memory than there is", str(told))
    assert list(outcomes.values()) == ["0", "1", "2", "4", "5"]


@pytest.mark.parametrize("error", [UserError("cache.root: is full"), ImportError("libsndfile is broken")])
def test_what_stands_for_all_files_ends_the_work(error, monkeypatch):
    monkeypatch.setattr(errors, "being_imported", lambda raised: "numpy" if isinstance(raised, ImportError) else None)

    def work(path):
        raise error

    with pytest.raises(type(error)):
        list(extract_all(PATHS[:3], work, Threads(2)))


def test_a_song_for_which_others_left_no_memory_is_read_alone():
    memory = threading.Semaphore(1)  # for a song

    def work(path):
        if not memory.acquire(blocking=False):
            raise MemoryError
        time.sleep(0.01)
        memory.release()
        return path.stem

    assert [result for _, result in extract_all(PATHS[:6], work, Threads(3))] == ["0", "1", "2", "3", "4", "5"]


def test_only_a_few_songs_are_ahead_of_the_one_in_use():
    started = []
    outcomes = extract_all(PATHS, started.append, Threads(2))
    for used in range(1, 20):
        next(outcomes)
        time.sleep(0.01)  # the threads would run ahead now
        assert len(started) <= used + 32 * 2
    outcomes.close()


def test_whoever_stops_does_not_wait_for_the_files_ahead():
    started = []

    def work(path):
        started.append(path)
        time.sleep(0.05)

    outcomes = extract_all(PATHS, work, Threads(1))
    next(outcomes)
    outcomes.close()
    assert len(started) <= 3  # the first, the one under way, and one that was just beginning


def test_files_are_worked_on_at_the_same_time():
    meeting = threading.Barrier(3)
    assert len(list(extract_all(PATHS[:3], lambda path: meeting.wait(timeout=20), Threads(3)))) == 3


def test_every_file_has_one_thread_of_torch_and_the_others_are_given_back(three_threads):
    outcomes = extract_all(PATHS[:5], lambda path: torch.get_num_threads(), Threads(2))
    assert [threads for _, threads in outcomes] == [1] * 5
    assert threads_of_torch() == torch.get_num_threads() == 3


def test_threads_are_given_back_when_the_work_is_stopped(three_threads):
    outcomes = extract_all(PATHS, str, Threads(2))
    next(outcomes)
    outcomes.close()
    assert threads_of_torch() == 3


def test_progress_passes_everything_on_and_logs_the_hours(tmp_path, write_song, features, caplog):
    song = extract(write_song(tmp_path / "song.wav", seconds=2), features, "float32", *AS_IT_IS)
    outcomes = [(path, song.seconds) for path in PATHS[:90]] * 12 + [(PATHS[99], AudioError("is broken"))]
    with caplog.at_level(logging.INFO):
        assert list(with_progress(iter(outcomes), len(outcomes))) == outcomes
    assert "features of 1080 songs, 0.6 h" in caplog.text


def test_as_many_threads_as_are_asked_for_else_one_on_each_core():
    assert threads(3) == 3 and 1 <= threads() <= os.cpu_count()


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_thread_is_refused(workers):
    with pytest.raises(UserError, match=f"num_workers must be 1 or more, or null .*, not {workers}"):
        list(extract_all(PATHS[:1], lambda path: path, Threads(workers)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes in folders")
def test_a_pipe_has_no_key(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp3")
    assert song_key(tmp_path / "pipe.mp3") == song_key(tmp_path / "a\0b.mp3") == ""
