import io
import logging

import numpy as np
import pytest
import soundfile

from genre_lightning.audio.reading import AudioError
from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.page.excerpts import SAMPLE_RATE, excerpt, excerpts


def sound_of(mp3):
    sound, rate = soundfile.read(io.BytesIO(mp3), dtype="float32")
    assert (rate, sound.ndim) == (SAMPLE_RATE, 1)
    return sound


def stairs(path, seconds, rate=8000):
    """A file in stereo with a tone that gets louder every second."""
    time = np.arange(seconds * rate) / rate
    tone = np.sin(2 * np.pi * 440 * time) * (1 + np.floor(time)) / (seconds + 1)
    soundfile.write(path, np.stack([tone, tone], axis=1).astype(np.float32), rate)
    return path


def loudness(sound, begin, end):
    return np.sqrt(2) * sound[round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)].std()


def test_an_excerpt_is_the_middle_five_seconds_in_mono(tmp_path):
    sound = sound_of(excerpt(stairs(tmp_path / "song.flac", 15)))
    assert len(sound) == pytest.approx(5 * SAMPLE_RATE, abs=2400)  # an MP3 has whole frames
    assert loudness(sound, 2.4, 2.6) == pytest.approx(8 / 16, rel=0.05)


def test_an_excerpt_swells_and_dies_away(tmp_path):
    soundfile.write(tmp_path / "song.wav", np.full(8 * 8000, 0.5) * (-1) ** (np.arange(64000) // 9), 8000)
    sound = sound_of(excerpt(tmp_path / "song.wav"))
    middle = loudness(sound, 2, 3)
    assert loudness(sound, 0, 0.05) < 0.3 * middle and loudness(sound, 4.95, 5) < 0.3 * middle


def test_an_excerpt_is_small(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.2, 20 * SAMPLE_RATE)
    soundfile.write(tmp_path / "noise.wav", noise, SAMPLE_RATE)
    assert len(excerpt(tmp_path / "noise.wav")) < 45_000


@pytest.mark.parametrize("samples", [1, 100, 8000])
def test_a_shorter_song_is_taken_whole(tmp_path, samples):
    soundfile.write(tmp_path / "short.wav", np.full(samples, 0.25), 8000)
    assert len(sound_of(excerpt(tmp_path / "short.wav"))) >= samples * SAMPLE_RATE / 8000


def test_a_broken_file_is_named_and_has_no_excerpt(tmp_path, write_song, caplog):
    (tmp_path / "broken.mp3").write_text("no sound")
    files = [tmp_path / "broken.mp3", write_song(tmp_path / "song.wav"), tmp_path / "missing.wav"]
    with caplog.at_level(logging.WARNING):
        broken, made, missing = excerpts(Catalogue([Track(path, "tones") for path in files]))
    assert broken is None and missing is None and len(sound_of(made)) > 0
    assert "broken.mp3" in caplog.text and "missing.wav: it does not exist" in caplog.text
    with pytest.raises(AudioError):
        excerpt(files[0])
