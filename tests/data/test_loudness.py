import numpy as np
import pytest

from genre_lightning.audio.reading import AudioError
from genre_lightning.data.loudness import Loudness, heard_seconds

RATE = 8000
USUAL = Loudness(60.0, -20.0)
CUT = Loudness(60.0, None)


def noise(seconds, level_db=-10.0):
    """Noise whose every block has about the same level."""
    samples = np.random.default_rng(round(1000 * seconds)).standard_normal(round(seconds * RATE))
    return (samples * 10 ** (level_db / 20)).astype(np.float32)


def level(waveform):
    return 10 * np.log10(np.square(waveform, dtype=np.float64).mean())


@pytest.mark.parametrize("gain", [1e-3, 0.1, 1.0, 1e10])
def test_songs_come_at_one_level_whatever_theirs_is(gain):
    waveform, silences = USUAL.apply(noise(2.03) * np.float32(gain), RATE)
    assert level(waveform) == pytest.approx(-20, abs=0.1) and waveform.dtype == np.float32 and silences == ()
    assert np.corrcoef(waveform, noise(2.03))[0, 1] > 0.99999


def test_a_song_that_is_much_quieter_than_its_peaks_is_not_clipped():
    clicks = np.zeros(RATE, np.float32)
    clicks[::400] = 1
    waveform, _ = Loudness(None, 0.0).apply(clicks, RATE)
    assert waveform.max() == pytest.approx(20)


@pytest.mark.parametrize("hush_db", [-np.inf, -75.0])
def test_silences_are_cut_out_and_told(hush_db):
    parts = [noise(1.5, hush_db), noise(2.0), noise(3.0, hush_db), noise(1.0), noise(1.25, hush_db)]
    waveform, silences = CUT.apply(np.concatenate(parts), RATE)
    np.testing.assert_array_equal(waveform, np.concatenate([parts[1], parts[3]]))
    assert silences == ((0.0, 1.5), (3.5, 6.5), (7.5, 8.75))


def test_silence_does_not_lower_the_level_of_a_song():
    alone, _ = USUAL.apply(noise(2.0), RATE)
    silenced, _ = USUAL.apply(np.concatenate([noise(2.0), np.zeros(4 * RATE, np.float32)]), RATE)
    np.testing.assert_allclose(silenced, alone, rtol=1e-5)


@pytest.mark.parametrize(("seconds", "hush_db"), [(0.9, -np.inf), (3.0, -65.0)])
def test_rests_and_quiet_passages_are_music(seconds, hush_db):
    song = np.concatenate([noise(1.0), noise(seconds, hush_db), noise(1.0)])
    waveform, silences = CUT.apply(song.copy(), RATE)
    np.testing.assert_array_equal(waveform, song)
    assert silences == ()


def test_a_song_is_left_as_it_is_if_that_is_wanted():
    song = np.concatenate([noise(1.0), np.zeros(5 * RATE, np.float32)])
    waveform, silences = Loudness(None, None).apply(song.copy(), RATE)
    np.testing.assert_array_equal(waveform, song)
    assert silences == ()


@pytest.mark.parametrize("samples", [1, 799, 801, 8001])
def test_a_song_of_any_length_has_a_level(samples):
    waveform, _ = USUAL.apply(np.full(samples, 0.5, np.float32), RATE)
    np.testing.assert_allclose(waveform, 0.1, rtol=1e-5)


@pytest.mark.parametrize(("level_db", "told"), [(-95.0, "is silent"), (400.0, "too large")])
def test_what_cannot_be_brought_to_a_level_is_said(level_db, told):
    with pytest.raises(AudioError, match=told):
        USUAL.apply(noise(1.0, level_db), RATE)


@pytest.mark.parametrize("wrong", [(0.0, None), (-60.0, None), (np.nan, None), (None, np.nan), (None, -101.0)])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"(silence|level)_db must .*, not"):
        Loudness(*wrong)


def test_moments_of_a_song_move_up_when_silences_are_cut_out():
    silences = ((0.0, 1.0), (3.0, 7.0))
    assert heard_seconds([0, 0.5, 1, 2, 3, 5, 7, 8.5], silences).tolist() == [0, 0, 0, 1, 2, 2, 2, 3.5]
    assert heard_seconds([0, 2.5], ()).tolist() == [0, 2.5]


def test_equal_settings_share_a_cache_however_they_were_typed():
    assert repr(Loudness(60, -20)) == repr(Loudness(60.0, -20.0)) and repr(Loudness(None, None)).count("None") == 2
