import numpy as np
import pytest

from genre_lightning.demo.instruments import DRUMS, GRAIN, SAMPLE_RATE, TONES, Band
from genre_lightning.demo.score import Note

LOWEST, HIGHEST = 28, 105  # MIDI numbers: the deepest bass, and above what a lead wanders to


@pytest.fixture
def band(artist):
    """Make the band of an artist of neutral or other sound."""

    def make(seed=0, **sound):
        return Band(artist()._replace(**sound), np.random.default_rng(seed))

    return make


def power(wave):
    """The power spectrum of a wave, and its frequencies."""
    return np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2, np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE)


def centroid_hz(wave):
    spectrum, hertz = power(wave)
    return np.sum(spectrum * hertz) / np.sum(spectrum)


def hertz_of(pitch):
    return 440 * 2 ** ((pitch - 69) / 12)


def level_db(spectrum, hertz, centre_hz):
    """The level of the strongest frequency within two percent of one, against the strongest of all."""
    near = np.abs(hertz / centre_hz - 1) < 0.02
    return 10 * np.log10(spectrum[near].max() / spectrum.max())


@pytest.mark.parametrize(("instrument", "pitch"), [("sub", 40), ("guitar", 57), ("voice", 69.5), ("flute", HIGHEST)])
def test_a_tone_has_the_pitch_that_is_asked_for(band, instrument, pitch):
    wave = band().tone(instrument, pitch, SAMPLE_RATE)[SAMPLE_RATE // 4 :]  # when it has bent to its pitch
    spectrum, hertz = power(wave)
    assert level_db(spectrum, hertz, hertz_of(pitch)) > -36
    below = (hertz > 20) & (hertz < 0.9 * hertz_of(pitch))
    between = (hertz > 1.15 * hertz_of(pitch)) & (hertz < 1.85 * hertz_of(pitch))
    for gap in (below, between):
        assert spectrum[gap].max() < 0.01 * spectrum[np.abs(hertz / hertz_of(pitch) - 1) < 0.02].max()


@pytest.mark.parametrize(("pitch", "samples", "brightness"), [(LOWEST, GRAIN, 0.8), (HIGHEST, 20 * GRAIN, -0.8)])
def test_any_tone_is_sound_without_a_click(band, pitch, samples, brightness):
    for instrument in TONES:
        wave = band(brightness=brightness).tone(instrument, pitch, samples)
        assert wave.shape == (samples,) and wave.dtype == np.float32 and np.isfinite(wave).all(), instrument
        assert 0.05 < np.abs(wave).max() < 12 and max(abs(wave[0]), abs(wave[-1])) < 1e-6, instrument


@pytest.mark.parametrize(("tuning", "length"), [(0.5, 0.3), (2, 3)])
def test_any_hit_is_sound_without_a_click_that_dies_away(band, tuning, length):
    for drum in DRUMS:
        wave = band(drum_tuning=tuning, drum_length=length).hit(drum)
        assert wave.dtype == np.float32 and np.isfinite(wave).all() and 0.1 < np.abs(wave).max() < 5, drum
        assert max(abs(wave[0]), abs(wave[-1])) < 1e-6, drum
        assert np.abs(wave[-len(wave) // 5 :]).max() < 0.1 * np.abs(wave).max(), drum


def test_drums_lie_where_they_are_expected(band):
    centroids = {drum: np.mean([centroid_hz(band(seed).hit(drum)) for seed in range(5)]) for drum in DRUMS}
    assert centroids["kick"] < 300 and centroids["tom"] < 1000
    assert 1000 < centroids["clap"] < 4000 and 1000 < centroids["snare"] < 6000
    assert min(centroids[drum] for drum in ("hat", "open", "ride")) > 3000 and centroids["hat"] > 5000


def test_plucked_and_struck_notes_die_away_and_grow_dull_and_held_notes_stay(band):
    for instrument in ("piano", "upright"):
        early, late = np.array_split(band().tone(instrument, 57, SAMPLE_RATE), 2)
        assert np.std(late) < 0.8 * np.std(early) and centroid_hz(late) < centroid_hz(early)
    _, second, third, _ = np.array_split(band().tone("organ", 57, SAMPLE_RATE), 4)
    assert 0.8 < np.std(third) / np.std(second) < 1.1


def test_a_note_lasts_as_long_as_it_is_written_to_a_fortieth_of_a_second(band):
    part = band().play([Note(0.5, 0.25, 69, 1.0, "organ")], SAMPLE_RATE)
    sounding = np.flatnonzero(np.abs(part) > 1e-4) / SAMPLE_RATE
    assert part.shape == (SAMPLE_RATE,) and part.dtype == np.float32
    assert sounding[0] == pytest.approx(0.5, abs=0.002) and 0.74 < sounding[-1] < 0.775


def test_a_louder_note_is_louder_and_notes_add_up(band):
    notes = [Note(0.1, 0.2, 60, 0.5, "piano"), Note(0.3, 0.2, 67, 1.0, "piano")]
    one = band()
    choices = (notes, notes[:1], notes[1:], [notes[0]._replace(loudness=1.0)])
    both, first, second, doubled = (one.play(chosen, SAMPLE_RATE) for chosen in choices)
    np.testing.assert_allclose(both, first + second, atol=1e-6)
    np.testing.assert_allclose(doubled, 2 * first, atol=1e-6)


@pytest.mark.parametrize(("instrument", "pitch"), [("voice", 50.5), ("snare", 0)])
def test_equal_notes_are_rendered_once(band, monkeypatch, instrument, pitch):
    rendered = []
    for name in ("tone", "hit"):
        whole = getattr(Band, name)
        monkeypatch.setattr(Band, name, lambda *args, whole=whole: rendered.append(args) or whole(*args))
    one = band()
    notes = [Note(0.1 * place, 0.1, pitch, 1 / (1 + place), instrument) for place in range(5)]
    parts = [one.play([note], SAMPLE_RATE) for note in notes]
    assert len(rendered) == 1
    start = int(0.1 * SAMPLE_RATE)
    np.testing.assert_allclose(parts[1][start : 2 * start], 0.5 * parts[0][:start], atol=1e-6)


def test_notes_beyond_the_end_are_cut_off(band):
    notes = [Note(0.9, 5.0, 60, 1.0, "organ"), Note(0.99, 0.1, 0, 1.0, "ride"), Note(1.5, 1.0, 60, 1.0, "piano")]
    part = band().play(notes, SAMPLE_RATE)
    assert part.shape == (SAMPLE_RATE,) and np.abs(part[-1000:]).max() > 0.1
