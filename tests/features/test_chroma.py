import numpy as np
import pytest
import torch

from genre_lightning.data.augment import Gain
from genre_lightning.errors import UserError
from genre_lightning.features.chroma import Chroma

SETTINGS = [
    {},
    {"sample_rate": 11025, "n_fft": 1001, "hop_length": 300},
    {"sample_rate": 44100, "n_fft": 4096, "win_length": 3000},
    {"tuning": 0.3},
]


def tones(*pitches, sample_rate=22050):
    """Two seconds of tones, given as semitones above the A of 440 Hz."""
    time = np.arange(2 * sample_rate) / sample_rate
    return sum(0.2 * np.sin(2 * np.pi * 440 * 2 ** (pitch / 12) * time) for pitch in pitches).astype(np.float32)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_chroma_is_that_of_librosa(settings, librosa):
    features = Chroma(**settings)
    song = tones(-9, 0, 4.2, sample_rate=features.sample_rate)
    song += np.random.default_rng(0).uniform(-0.05, 0.05, len(song)).astype(np.float32)
    song[: len(song) // 4] = 0
    expected = librosa.feature.chroma_stft(
        y=song, sr=features.sample_rate, n_fft=features.n_fft, win_length=features.win_length,
        hop_length=features.hop_length, tuning=features.tuning, pad_mode="constant",
    )  # fmt: skip
    np.testing.assert_allclose(features(torch.from_numpy(song)), expected.T, atol=1e-4)


def test_an_octave_makes_no_difference_to_which_pitch_class_sounds():
    for tuning, pitch, name in (
        (0, 3, 0),
        (0, 15, 0),
        (0, -12, 9),
        (1, 1, 9),
    ):  # C, C, A, A tuned up
        frames = Chroma(tuning=tuning)(torch.from_numpy(tones(pitch)))
        assert (frames[2:-2].argmax(dim=1) == name).all() and frames.amax(dim=1).allclose(torch.ones(len(frames)))


def test_loudness_makes_no_difference_and_silence_is_nought():
    song = torch.from_numpy(tones(0, 7))
    torch.testing.assert_close(Chroma()(song / 100), Chroma()(song))
    assert not Chroma()(torch.zeros(22050)).any()


def test_chroma_has_no_bands_that_could_be_played_louder():
    with pytest.raises(UserError, match="gain needs mel bands, which Chroma features do not have; leave gain out"):
        Gain(Chroma(), gain_db=2.0)


def test_a_tone_lies_where_the_ticks_of_a_picture_name_it():
    label, ticks = Chroma().ticks()
    loudest = Chroma()(torch.from_numpy(tones(0))).mean(dim=0).argmax()
    assert label == "pitch class" and ticks[int(loudest)] == "A"


def test_every_pitch_class_is_a_band_with_its_name():
    bands = Chroma().bands()
    assert [band.name for band in bands] == ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
    assert bands[9][1:] == (9, 10)
