import io

import numpy as np
import pytest
import soundfile

from genre_lightning.audio import decode
from genre_lightning.collect.excerpt import middle, side_information


def song(rate, channels, seconds=40):
    """A tone that climbs, so that a place in it is known by its pitch."""
    at = np.arange(seconds * rate) / rate
    climb = 0.4 * np.sin(2 * np.pi * (200 * at + 10 * at**2)) + 0.02 * np.random.default_rng(0).standard_normal(len(at))
    encoded = io.BytesIO()
    soundfile.write(encoded, np.stack([climb] * channels, axis=1), rate, format="MP3")
    return encoded.getvalue()


@pytest.fixture
def decoded(tmp_path):
    def read(mp3):
        (tmp_path / "song.mp3").write_bytes(mp3)
        return decode(tmp_path / "song.mp3")

    return read


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (32000, 1)])
def test_the_middle_sounds_as_it_does_in_the_whole_song(rate, channels, decoded, capfd):
    whole = song(rate, channels)
    full, part = decoded(whole).waveform, decoded(middle(whole, 30)).waveform
    assert len(part) / rate == pytest.approx(30, abs=0.2)
    inner = part[rate : 28 * rate]
    begin = min(
        range(4 * rate, 8 * rate),
        key=lambda at: abs(float(full[at]) - float(inner[0])) + abs(float(full[at + 999]) - float(inner[999])),
    )
    assert np.abs(full[begin : begin + len(inner)] - inner).max() < 1e-4
    assert 4 < begin / rate < 8, "not from the middle"
    assert "error" not in capfd.readouterr().err, "the decoder lacks data"


def test_a_song_that_is_shorter_stays_whole(decoded):
    assert len(decoded(middle(song(32000, 1, seconds=12), 30)).waveform) / 32000 == pytest.approx(12, abs=0.2)


def test_decoders_are_told_how_much_there_is(decoded):
    recording = decoded(middle(song(44100, 1), 30))
    assert recording.promised_frames == len(recording.waveform)


def test_where_a_frame_keeps_its_side_information():
    assert side_information(bytes([0xFF, 0xFB, 0x90, 0x00])) == (4, 36)  # MPEG-1, stereo
    assert side_information(bytes([0xFF, 0xFB, 0x90, 0xC0])) == (4, 21)  # MPEG-1, mono
    assert side_information(bytes([0xFF, 0xF3, 0x90, 0x00])) == (4, 21)  # MPEG-2, stereo
    assert side_information(bytes([0xFF, 0xF2, 0x90, 0xC0])) == (6, 15)  # MPEG-2, mono, with a checksum
