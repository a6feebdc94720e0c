import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from genre_lightning.audio.reading import AudioError, decode, read_audio, read_song
from genre_lightning.audio.recording import Wanted, record


@pytest.mark.parametrize("rate", [1, 999, 1_000_001, 2**31 - 1])
def test_a_rate_that_no_song_has_is_refused_before_anything_is_resampled(sine, patched, rate):
    path = patched(sine("a.wav", 20), 24, struct.pack("<I", rate))
    tracemalloc.start()
    with pytest.raises(AudioError, match=f"has {rate} samples a second by its header; songs have 1000 to 1000000"):
        read_audio(path, 22050)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize("rate", [1000, 8000, 384_000])
def test_rates_that_songs_may_have_are_read(sine, rate):
    assert len(read_audio(sine("a.wav", 2, rate, hz=100), 22050)) == pytest.approx(2 * 22050, abs=30)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.m4a", "a.ogg"])
def test_a_file_that_is_longer_than_songs_may_be_is_refused(sine, name):
    path = sine(name, 3)
    assert len(read_song(path, 22050, max_seconds=3.2)[0]) == pytest.approx(3 * 22050, rel=0.05)
    with pytest.raises(AudioError, match=r"lasts 0\.0 h or more, and songs may last .* cache\.max_seconds"):
        read_song(path, 22050, max_seconds=2.5)


def test_what_the_header_says_of_a_long_file_is_enough_to_refuse_it(sine, patched):
    with pytest.raises(AudioError, match=r"lasts 10\.0 h or more, and songs may last 3 h"):
        record(iter(lambda: pytest.fail("it was decoded"), None), 44100, Wanted(22050, 10800), 36000 * 44100)


def test_a_file_that_is_longer_than_it_says_is_counted_while_it_is_decoded():
    handed = []
    blocks = (handed.append(1) or np.zeros(44100, np.float32) for _ in range(100))
    with pytest.raises(AudioError, match=r"songs may last 0\.00278 h"):
        record(blocks, 44100, Wanted(None, 10), 0)
    assert len(handed) == 11


def test_many_channels_are_read_in_blocks_of_no_more_memory(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.ones((3000, 1000), np.int16), 44100)
    tracemalloc.start()
    read = decode(tmp_path / "a.wav")
    assert tracemalloc.get_traced_memory()[1] < 2e7
    tracemalloc.stop()
    assert read.seconds == pytest.approx(3000 / 44100) and np.allclose(read.waveform, 2**-15)
