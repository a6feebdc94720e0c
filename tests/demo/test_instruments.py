import numpy as np
import pytest

from genre_lightning.demo.instruments import DRUMS, GRAIN, SAMPLE_RATE, TONES, VOWELS_HZ, Band
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


@pytest.mark.parametrize("instrument", TONES)
@pytest.mark.parametrize("pitch", [40, 57, 69.5, 81])
def test_a_tone_has_the_pitch_that_is_asked_for(band, instrument, pitch):
    wave = band().tone(instrument, pitch, SAMPLE_RATE)[SAMPLE_RATE // 4 :]  # when it has bent to its pitch
    spectrum, hertz = power(wave)
    assert level_db(spectrum, hertz, hertz_of(pitch)) > -36
    below = (hertz > 20) & (hertz < 0.9 * hertz_of(pitch))
    between = (hertz > 1.15 * hertz_of(pitch)) & (hertz < 1.85 * hertz_of(pitch))
    for gap in (below, between):
        assert spectrum[gap].max() < 0.01 * spectrum[np.abs(hertz / hertz_of(pitch) - 1) < 0.02].max()


@pytest.mark.parametrize("pitch", [36, 69, 93, HIGHEST])
@pytest.mark.parametrize("instrument", ["organ", "synth", "piano", "bell"])
def test_a_tone_holds_its_harmonics_and_no_other_frequencies(band, instrument, pitch):
    spectrum, hertz = power(band().tone(instrument, pitch, SAMPLE_RATE // 2))
    harmonic = np.round(hertz / hertz_of(pitch))
    off = np.abs(hertz - harmonic * hertz_of(pitch)) > np.maximum(0.03 * hertz, 20)  # aliases would lie there
    assert spectrum[off].sum() < 1e-3 * spectrum.sum()
    assert spectrum[hertz > 0.48 * SAMPLE_RATE].sum() < 1e-3 * spectrum.sum()


@pytest.mark.parametrize("instrument", TONES)
@pytest.mark.parametrize("pitch", [LOWEST, HIGHEST])
@pytest.mark.parametrize("samples", [GRAIN, 20 * GRAIN])
@pytest.mark.parametrize("brightness", [-0.8, 0.8])
def test_any_tone_is_sound_without_a_click(band, instrument, pitch, samples, brightness):
    wave = band(brightness=brightness).tone(instrument, pitch, samples)
    assert wave.shape == (samples,) and wave.dtype == np.float32 and np.isfinite(wave).all()
    assert 0.05 < np.abs(wave).max() < 12
    assert abs(wave[0]) < 1e-6 and abs(wave[-1]) < 1e-6


@pytest.mark.parametrize("drum", DRUMS)
@pytest.mark.parametrize(("tuning", "length"), [(1, 1), (0.5, 0.3), (2, 3)])
def test_any_hit_is_sound_without_a_click_that_dies_away(band, drum, tuning, length):
    wave = band(drum_tuning=tuning, drum_length=length).hit(drum)
    assert wave.dtype == np.float32 and np.isfinite(wave).all() and 0.1 < np.abs(wave).max() < 5
    assert abs(wave[0]) < 1e-6 and abs(wave[-1]) < 1e-6
    assert np.abs(wave[-len(wave) // 5 :]).max() < 0.1 * np.abs(wave).max()


def test_drums_lie_where_they_are_expected(band):
    centroids = {drum: np.mean([centroid_hz(band(seed).hit(drum)) for seed in range(5)]) for drum in DRUMS}
    assert centroids["kick"] < 300 and centroids["tom"] < 1000
    assert 1000 < centroids["clap"] < 4000 and 1000 < centroids["snare"] < 6000
    assert min(centroids[drum] for drum in ("hat", "open", "ride")) > 3000 and centroids["hat"] > 5000


def test_an_open_hat_and_a_ride_ring_longer_than_a_closed_hat(band):
    hat, open_hat, ride = (len(band().hit(drum)) for drum in ("hat", "open", "ride"))
    assert min(open_hat, ride) > 4 * hat


def test_kits_are_tuned_and_damped_as_the_artist_likes(band):
    low, high = (centroid_hz(band(drum_tuning=tuning).hit("kick")) for tuning in (0.7, 1.4))
    short, long = (len(band(drum_length=length).hit("tom")) for length in (0.5, 2))
    assert high > 1.4 * low and long == pytest.approx(4 * short, rel=0.01)


def test_a_bright_artist_has_brighter_tones(band):
    dull, bright = (centroid_hz(band(brightness=b).tone("synth", 57, SAMPLE_RATE)) for b in (-0.4, 0.4))
    assert bright > 1.5 * dull


@pytest.mark.parametrize("instrument", ["piano", "pluck", "guitar", "bell", "upright"])
def test_plucked_and_struck_notes_die_away_and_grow_dull(band, instrument):
    early, late = np.array_split(band().tone(instrument, 57, SAMPLE_RATE), 2)
    assert np.std(late) < 0.8 * np.std(early) and centroid_hz(late) < centroid_hz(early)


@pytest.mark.parametrize("instrument", ["organ", "strings", "sax", "voice"])
def test_held_notes_stay(band, instrument):
    _, second, third, _ = np.array_split(band().tone(instrument, 57, SAMPLE_RATE), 4)
    assert 0.8 < np.std(third) / np.std(second) < 1.1


def test_instruments_sound_different(band):
    tones = {instrument: band().tone(instrument, 57, SAMPLE_RATE // 2) for instrument in TONES}
    bright = [centroid_hz(tones[instrument]) for instrument in ("trumpet", "sax", "organ", "guitar", "strings")]
    dull = [centroid_hz(tones[instrument]) for instrument in ("vibes", "flute", "rhodes", "sub")]
    assert min(bright) > 1.1 * max(dull)
    octaves = {instrument: level_db(*power(tones[instrument]), 440) for instrument in ("rhodes", "vibes", "strings")}
    assert octaves["vibes"] < octaves["rhodes"] - 6 < octaves["strings"] - 12


@pytest.mark.parametrize("vowel", range(len(VOWELS_HZ)))
def test_a_vowel_is_loudest_at_its_formants(band, vowel):
    wave = np.tile(band().table("voice", 110.0, vowel), 4)
    harmonics = np.abs(np.fft.rfft(wave))[::4][1:91]
    first, second, _ = VOWELS_HZ[vowel]
    strongest = 110 * (1 + np.argmax(harmonics))
    assert abs(strongest - first) < 110
    valley = harmonics[round((first + second) / 2 / 110) - 1]
    assert harmonics[round(second / 110) - 1] > 1.2 * valley or second - first < 400


def test_a_voice_sings_many_syllables(band):
    voice = band()
    vowels = {round(centroid_hz(voice.tone("voice", 48, SAMPLE_RATE // 4)[:1500]) / 100) for _ in range(20)}
    assert len(vowels) >= 4


def test_a_note_lasts_as_long_as_it_is_written_to_a_fortieth_of_a_second(band):
    part = band().play([Note(0.5, 0.25, 69, 1.0, "organ")], SAMPLE_RATE)
    sounding = np.flatnonzero(np.abs(part) > 1e-4) / SAMPLE_RATE
    assert part.shape == (SAMPLE_RATE,) and part.dtype == np.float32
    assert sounding[0] == pytest.approx(0.5, abs=0.002) and 0.74 < sounding[-1] < 0.775


def test_a_louder_note_is_louder_and_notes_add_up(band):
    notes = [Note(0.1, 0.2, 60, 0.5, "piano"), Note(0.3, 0.2, 67, 1.0, "piano")]
    one = band()
    both, first, second, doubled = (
        one.play(chosen, SAMPLE_RATE) for chosen in (notes, notes[:1], notes[1:], [notes[0]._replace(loudness=1.0)])
    )
    np.testing.assert_allclose(both, first + second, atol=1e-6)
    np.testing.assert_allclose(doubled, 2 * first, atol=1e-6)


@pytest.mark.parametrize(("instrument", "pitch"), [("organ", 60), ("voice", 50.5), ("snare", 0)])
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


def test_no_notes_are_silence(band):
    assert not band().play([], 100).any()
