import io

import numpy as np
import pytest
import soundfile
import soxr

from genre_lightning.audio.fingerprint import BINS_A_FRAME, HOP_SECONDS, Fingerprint

RATE = 22050


def melody(seconds=6, seed=0):
    """Decaying tones at random times, with some noise."""
    rng = np.random.default_rng(seed)
    song = 1e-3 * rng.standard_normal(seconds * RATE)
    for begin in rng.integers(0, len(song) - RATE // 2, 8 * seconds):
        time = np.arange(RATE // 2) / RATE
        pitch = 200 * 2 ** rng.uniform(0, 2.5)
        song[begin : begin + len(time)] += rng.uniform(0.05, 0.2) * np.sin(2 * np.pi * pitch * time) * np.exp(-6 * time)
    return song.astype(np.float32)


def fingerprint(song, rate=RATE, samples_a_block=100000):
    finder = Fingerprint(rate)
    for begin in range(0, len(song), samples_a_block):
        finder.add(song[begin : begin + samples_a_block])
    return finder.finish()


def encoded(song, rate, **how):
    with io.BytesIO() as file:
        soundfile.write(file, song, rate, **how)
        file.seek(0)
        return soundfile.read(file, dtype="float32")[0]


def agreeing(peaks, others):
    """The part of peaks that are among others at most a frame and a bin away."""
    near = {int(peak) + BINS_A_FRAME * frame + step for peak in others for frame in (-1, 0, 1) for step in (-1, 0, 1)}
    return np.mean([int(peak) in near for peak in peaks])


def test_a_tone_that_begins_is_a_peak_at_its_time_and_frequency():
    song = np.zeros(4 * RATE, np.float32)
    begin, end = round(1.5 * RATE), round(1.7 * RATE)
    song[begin:end] = np.hanning(end - begin) * np.sin(2 * np.pi * 700 * np.arange(end - begin) / RATE)
    [peak] = fingerprint(song)
    assert peak % BINS_A_FRAME == round(700 / (44100 / 16 / 256))
    assert peak // BINS_A_FRAME * HOP_SECONDS == pytest.approx(1.6 - 0.046, abs=0.03)  # where the window begins


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 32000, 44100, 48000, 96000])
def test_the_sample_rate_moves_hardly_a_peak(rate):
    song = melody()
    peaks = fingerprint(song)
    assert len(peaks) > 30
    assert agreeing(peaks, fingerprint(soxr.resample(song, RATE, rate), rate)) > 0.8


@pytest.mark.parametrize(
    "how", [{"format": "MP3", "compression_level": 0.9}, {"format": "OGG", "compression_level": 1}]
)
def test_codecs_move_hardly_a_peak(how):
    song = melody()
    assert agreeing(fingerprint(song), fingerprint(encoded(song, RATE, **how))) > 0.7


def test_level_moves_none():
    song = melody()
    np.testing.assert_array_equal(fingerprint(song / 4), fingerprint(song))


def test_other_songs_have_other_peaks():
    assert agreeing(fingerprint(melody()), fingerprint(melody(seed=1))) < 0.3


@pytest.mark.parametrize("samples_a_block", [7, 1000, 10**6])
def test_peaks_do_not_depend_on_how_a_song_was_cut_into_blocks(samples_a_block, monkeypatch):
    song = melody(seconds=3)
    whole = fingerprint(song)
    monkeypatch.setattr("genre_lightning.audio.fingerprint.SAMPLES_AT_ONCE", 1000)
    np.testing.assert_array_equal(fingerprint(song, samples_a_block=samples_a_block), whole)


@pytest.mark.parametrize("samples", [0, 1, 100, 10000])
@pytest.mark.parametrize("rate", [1, 1000, 44100, 768000])
def test_too_short_a_song_has_no_peaks_and_no_rate_is_too_odd(samples, rate):
    song = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    assert samples / rate >= 0.3 or len(fingerprint(song, rate)) == 0


def test_silence_has_no_peaks_and_neither_has_what_is_60_db_below_the_loudest():
    assert len(fingerprint(np.zeros(3 * RATE, np.float32))) == 0
    song = melody(seconds=3)
    faint = np.concatenate([song, 1e-5 * song])
    assert fingerprint(faint).max() // BINS_A_FRAME * HOP_SECONDS < 3.1


@pytest.mark.parametrize("wrong", [(np.inf, -np.inf), (np.nan, 1), (3e38, 3e38)])
def test_samples_that_are_no_sound_are_no_error_here(wrong):
    song = melody(seconds=3)
    song[RATE : RATE + 40] = np.resize(wrong, 40)
    fingerprint(song)


def test_long_songs_are_held_in_little_memory():
    finder, block = Fingerprint(8000), melody(seconds=6)[:48000]
    for _ in range(100):  # ten minutes
        finder.add(block)
    assert sum(map(len, finder.held)) * 4 < 1_000_000


@pytest.mark.parametrize("rate", [1000, 2756, 11025, 999_999])
def test_a_sound_shorter_than_a_window_has_no_peaks_at_any_rate(rate):
    for samples in (0, 1, 2, 50, 92, 93, 94, 255, 256, 257, 1499, 1500):
        assert fingerprint(np.full(samples, 0.1, np.float32), rate, 7).dtype == np.uint32
