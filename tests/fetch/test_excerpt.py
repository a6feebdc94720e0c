import numpy as np
import pytest
import soundfile

from genre_lightning.audio import silence
from genre_lightning.audio.reading import decode
from genre_lightning.fetch.excerpt import middle, side_information


def song(path, rate, channels, seconds=40):
    """A tone that climbs, so that a place in it is known by its pitch."""
    at = np.arange(seconds * rate) / rate
    climb = 0.4 * np.sin(2 * np.pi * (200 * at + 10 * at**2)) + 0.02 * np.random.default_rng(0).standard_normal(len(at))
    soundfile.write(path, np.stack([climb] * channels, axis=1), rate, format="MP3")
    return path


@pytest.fixture
def decoded(tmp_path):
    def read(mp3):
        (tmp_path / "song.mp3").write_bytes(mp3)
        return decode(tmp_path / "song.mp3")

    return read


def place(part, whole, rate):
    """Where a part of a song begins in it, found by two samples that lie a second and more behind its beginning."""
    one, other = part[rate], part[rate + 999]
    return min(
        range(3 * rate, 7 * rate), key=lambda at: abs(whole[at + rate] - one) + abs(whole[at + rate + 999] - other)
    )


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (32000, 1)])
def test_the_middle_sounds_as_it_does_in_the_whole_song(rate, channels, decoded, capfd, monkeypatch, tmp_path):
    monkeypatch.setattr(silence, "python_prints_elsewhere", lambda: False)
    mp3 = song(tmp_path / "whole.mp3", rate, channels)
    whole, recording = decode(mp3).waveform, decoded(middle(mp3, 30))
    part = recording.waveform
    assert recording.promised_seconds == recording.seconds, "decoders are not told how much there is"
    begin = place(part, whole, rate)
    same = np.abs(whole[begin : begin + len(part)] - part) < 1e-4
    assert same.sum() > 30 * rate - 2 * 1152, "more than its first frame differs"
    assert begin + len(part) / 2 == pytest.approx(len(whole) / 2, abs=0.1 * rate), "not the middle"
    assert "error" not in capfd.readouterr().err, "the decoder lacks data"


def test_a_song_that_is_shorter_stays_whole(decoded, tmp_path):
    assert len(
        decoded(middle(song(tmp_path / "short.mp3", 32000, 1, seconds=12), 30)).waveform
    ) / 32000 == pytest.approx(12, abs=0.2)


def test_where_a_frame_keeps_its_side_information():
    assert side_information(bytes([0xFF, 0xFB, 0x90, 0x00])) == (4, 36)  # MPEG-1, stereo
    assert side_information(bytes([0xFF, 0xFB, 0x90, 0xC0])) == (4, 21)  # MPEG-1, mono
    assert side_information(bytes([0xFF, 0xF3, 0x90, 0x00])) == (4, 21)  # MPEG-2, stereo
    assert side_information(bytes([0xFF, 0xF2, 0x90, 0xC0])) == (6, 15)  # MPEG-2, mono, with a checksum
