"""From an audio file to its log-mel frames, against librosa on the same files, and two workers against one."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.engine import Threads
from genre_lightning.data.extraction import extract
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.features.mel import LogMel

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
SECONDS, RATE = 30, 44100
# Decoding takes librosa as long as us, and of flac and mp3 it is most of the work.
LEAST = {"wav": 2.6, "flac": 1.5, "mp3": 1.55, "ogg": 1.9}  # with a fingerprint, which librosa does not make


def write_song(path: Path, seed: int = 0):
    """A stereo song's worth of decaying tones and noise, which costs a decoder about what music does."""
    rng = np.random.default_rng(seed)
    time_axis = np.arange(SECONDS * RATE) / RATE
    tones = sum(np.sin(2 * np.pi * pitch * time_axis) for pitch in rng.uniform(60, 4000, 12))
    beat = np.exp(-8 * (time_axis % 0.5))
    music = 0.03 * tones * beat + 0.02 * rng.standard_normal(len(time_axis)) * beat
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for part in np.array_split(np.stack([music, np.roll(music, 300)], axis=1), 30):
            file.write(part)
    return path


def librosa_log_mel(path: Path, features: LogMel):
    import librosa

    waveform, rate = librosa.load(path, sr=features.sample_rate)
    settings = {"n_fft": features.n_fft, "hop_length": features.hop_length, "n_mels": features.n_mels}
    return librosa.power_to_db(librosa.feature.melspectrogram(y=waveform, sr=rate, **settings))


@pytest.mark.parametrize("kind", LEAST)
def test_reading_a_song_takes_less_processor_time_than_librosa(kind, tmp_path, compare):
    path, features, loudness = write_song(tmp_path / f"song.{kind}"), LogMel(n_mels=96), Loudness(60.0, -20.0)
    ratio = compare(
        f"30 s of {kind} to log-mel, processor time of one thread",
        lambda: extract(path, features, "float16", loudness, Lengths()),
        lambda: librosa_log_mel(path, features),
        clock=time.thread_time,
    )
    assert ratio >= LEAST[kind]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
def test_two_workers_build_a_cache_faster_than_one(tmp_path, compare):
    paths = [write_song(tmp_path / f"{number}.flac", number) for number in range(24)]
    numbers = iter(range(1000))

    def build(workers: int):
        FeatureCache(tmp_path / str(next(numbers)), LogMel(), engine=Threads(workers)).build(paths)

    assert compare("24 songs, two workers against one", lambda: build(2), lambda: build(1), rounds=3) >= 1.6
