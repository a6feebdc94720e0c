import json
from dataclasses import fields

import numpy as np
import pytest
import torch

from genre_lightning.features import spectrum
from genre_lightning.features.mel import MFCC, LogMel

BAD = [
    {"sample_rate": 0}, {"n_fft": 0}, {"hop_length": -1}, {"n_mels": 0}, {"win_length": 4096}, {"win_length": 0},
    {"f_min": -1.0}, {"f_min": 9000.0, "f_max": 8000.0}, {"f_max": 12000.0}, {"top_db": -1.0}, {"mel_scale": "bark"},
    {"norm": "l2"}, {"n_mfcc": 0}, {"n_mels": 128, "n_mfcc": 129},
]  # fmt: skip
OTHER = {
    "sample_rate": 44100, "n_fft": 1024, "win_length": 1024, "hop_length": 256, "n_mels": 48, "f_min": 20.0,
    "f_max": 8000.0, "top_db": None, "mel_scale": "htk", "norm": None, "n_mfcc": 13,
}  # fmt: skip


def sine(time):
    return 0.5 * np.sin(2 * np.pi * 440 * time)


def sweep(time):
    return 0.5 * np.sin(2 * np.pi * (50 + 1500 * time) * time)


def noise(time):
    return np.random.default_rng(0).uniform(-0.5, 0.5, len(time))


def quiet_noise(time):
    return 1e-4 * noise(time)


def sound_then_silence(time):
    return noise(time) * (time < 0.5)


def silence(time):
    return 0 * time


def play(signal, sample_rate=22050, seconds=2.0):
    return signal(np.arange(int(seconds * sample_rate)) / sample_rate).astype(np.float32)


def log_mel_of(librosa, settings, waveform):
    names = {"sample_rate": "sr", "f_min": "fmin", "f_max": "fmax"}
    same = ("sample_rate", "n_fft", "win_length", "hop_length", "n_mels", "f_min", "f_max", "norm")
    asked = {names.get(name, name): getattr(settings, name) for name in same}
    htk = settings.mel_scale == "htk"
    power = librosa.feature.melspectrogram(y=waveform, htk=htk, pad_mode="constant", **asked)
    return librosa.power_to_db(power, ref=1.0, top_db=settings.top_db)


def mfcc_of(librosa, settings, waveform):
    return librosa.feature.mfcc(S=log_mel_of(librosa, settings, waveform), n_mfcc=settings.n_mfcc)


def compute(features, waveform):
    return features(torch.from_numpy(waveform)).numpy()


CASES = [
    ({}, sine),
    ({"win_length": 1501, "hop_length": 333}, quiet_noise),
    ({"n_mels": 40, "f_min": 50.0, "f_max": 8000.0, "top_db": 30.0}, sound_then_silence),
    ({"norm": None}, silence),
    ({"mel_scale": "htk", "norm": None, "n_mels": 64}, sine),
    ({"sample_rate": 44100, "n_fft": 4096, "n_mels": 128, "top_db": None}, noise),
    ({"sample_rate": 11025, "n_mels": 40, "mel_scale": "htk"}, sweep),
    ({"n_fft": 1001, "hop_length": 300, "n_mels": 40}, noise),
]


@pytest.mark.parametrize(("settings", "signal"), CASES)
def test_log_mel_is_that_of_librosa(settings, signal, librosa):
    features = LogMel(**settings)
    waveform = play(signal, features.sample_rate)
    np.testing.assert_allclose(
        compute(features, waveform), log_mel_of(librosa, features, waveform).T, rtol=0, atol=0.01
    )


@pytest.mark.parametrize(("settings", "signal"), [({}, sweep), ({"n_mfcc": 40}, quiet_noise), ({"n_mels": 64}, sine)])
def test_mfcc_is_that_of_librosa(settings, signal, librosa):
    features = MFCC(**settings)
    waveform = play(signal, features.sample_rate)
    np.testing.assert_allclose(compute(features, waveform), mfcc_of(librosa, features, waveform).T, rtol=0, atol=0.01)


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")  # says librosa, and computes it all the same
@pytest.mark.parametrize("samples", [1, 100, 511, 512, 2047])
def test_a_clip_shorter_than_a_window_works(samples, librosa):
    waveform = play(noise)[:samples]
    ours = compute(LogMel(), waveform)
    assert ours.shape == (1 + samples // 512, LogMel().n_mels)
    np.testing.assert_allclose(ours, log_mel_of(librosa, LogMel(), waveform).T, rtol=0, atol=0.01)


def test_settings_are_the_same_however_they_are_typed():
    assert json.dumps(LogMel(top_db=80, f_min=0).settings) == json.dumps(LogMel(win_length=2048, f_max=11025).settings)


@pytest.mark.parametrize("kind", [LogMel, MFCC])
def test_every_setting_shapes_the_features_and_counts_among_their_settings(kind):
    waveform, plain = play(sound_then_silence, seconds=1), kind(win_length=1000)
    for name in (field.name for field in fields(kind)):
        other = kind(**{"win_length": 1000, name: OTHER[name]})
        before, after = compute(plain, waveform), compute(other, waveform)
        assert after.shape != before.shape or np.abs(after - before).max() > 0.01, name
        assert other.settings != plain.settings, name


@pytest.mark.parametrize("settings", BAD, ids=str)
def test_settings_that_contradict_each_other_are_refused(settings):
    with pytest.raises(ValueError, match=list(settings)[-1]):
        MFCC(**settings)


UNLIMITED = [LogMel(top_db=None), MFCC(top_db=None), MFCC(top_db=None, n_mfcc=13, n_mels=40)]


@pytest.mark.parametrize("features", UNLIMITED)
def test_amplified_by_one_gain_is_what_a_louder_song_gives(features):
    waveform = play(noise)
    louder = features.amplified(features(torch.from_numpy(waveform))[None], torch.full((1, features.n_mels), 6.0))[0]
    np.testing.assert_allclose(louder, compute(features, 10 ** (6 / 20) * waveform), atol=0.002)


@pytest.mark.parametrize("features", UNLIMITED)
def test_amplified_band_by_band_is_what_an_equaliser_gives(features, monkeypatch):
    waveform, decibels = torch.from_numpy(play(noise)), torch.linspace(-6, 3, features.n_mels)
    before, power = features(waveform), features.band_power(waveform)
    monkeypatch.setattr(features, "band_power", lambda _: power * 10 ** (decibels / 10))
    equalised = features.amplified(before[None], decibels[None])[0]
    torch.testing.assert_close(equalised, features(waveform), atol=0.002, rtol=0)


@pytest.mark.parametrize("frames", [1, 30, 31, 1000])
def test_long_clips_are_the_same_in_parts(monkeypatch, frames):
    waveform = torch.randn(60 * 512, generator=torch.Generator().manual_seed(0))
    whole = LogMel()(waveform)
    monkeypatch.setattr(spectrum, "FRAMES_A_BLOCK", frames)
    assert whole.shape == (61, 64) and torch.allclose(LogMel()(waveform), whole, atol=1e-4)


@pytest.mark.parametrize("octave", [250, 1000, 4000])
def test_the_ticks_of_a_picture_name_the_hertz_that_are_heard_there(octave):
    features = LogMel()
    label, ticks = features.ticks()
    (place,) = (place for place, text in ticks.items() if text == str(octave))
    loudest = (
        features(torch.from_numpy(play(lambda time: 0.5 * np.sin(2 * np.pi * octave * time)))).mean(dim=0).argmax()
    )
    assert (label, features.unit) == ("Hz", "dB") and abs(place - int(loudest)) <= 0.6


def test_coefficients_have_numbers_and_a_floor_of_hertz_its_own():
    assert MFCC(n_mfcc=12).ticks() == ("coefficient", {0: "0", 5: "5", 10: "10"})
    assert [*LogMel(f_min=200.0, f_max=3000.0).ticks()[1].values()] == ["250", "1000", "2000"]


@pytest.mark.parametrize("hertz", [300.0, 1000.0, 4000.0])
def test_a_tone_is_loudest_in_the_band_whose_name_says_so(hertz):
    features = LogMel(f_min=50.0, f_max=8000.0)
    loudness = features(torch.from_numpy(play(lambda time: 0.5 * np.sin(2 * np.pi * hertz * time)))).mean(dim=0)
    bands = features.bands()
    loudest = max(bands, key=lambda band: float(loudness[band.start : band.end].max()))
    low, high = (
        float(number) * (1000 if unit == "kHz" else 1)
        for number, unit in (end.split(" ") for end in loudest.name.split(" to "))
    )
    assert low <= hertz <= high
    assert bands[0].name.startswith("50 Hz to ") and bands[-1].name.endswith(" to 8 kHz")


def test_bands_of_coefficients_are_called_by_their_numbers():
    assert [band.name for band in MFCC(n_mfcc=20).bands()][:2] == ["coefficients 0 to 1", "coefficients 2 to 4"]
    assert MFCC(n_mfcc=3).bands()[2].name == "coefficient 2"


@pytest.mark.parametrize("norm", ["slaney", None])
@pytest.mark.parametrize("kind", [LogMel, MFCC])
def test_the_spectrum_of_white_noise_is_flat_and_that_of_a_tone_is_highest_there(kind, norm):
    features = kind(n_mels=64, norm=norm, **({"n_mfcc": 40} if kind is MFCC else {}))
    noise = features(0.1 * torch.randn(5 * 22050, generator=torch.Generator().manual_seed(0)))
    decibels, hertz = features.spectrum(noise.numpy().astype(np.float16))
    assert decibels.shape == (len(noise), len(hertz)) and decibels.mean(axis=0)[2:-2].std() < 0.6
    tone = features(torch.sin(2 * torch.pi * 2000 * torch.arange(22050) / 22050))
    decibels, hertz = features.spectrum(tone.numpy())
    assert hertz[decibels.mean(axis=0).argmax()] == pytest.approx(2000, rel=0.07)
