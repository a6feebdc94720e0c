import numpy as np
import pytest

from genre_lightning.demo.habits import GENRES, HABITS, Production
from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.demo.mix import LEVELS_DB, compress, mix

CLEAN = Production(0.0, (9000, 9001), 0.0, 0)
DRIVEN = CLEAN._replace(drive=6.0)
PRODUCTIONS = [production for genre in GENRES for production in HABITS[genre]["production"]]


@pytest.fixture
def noise():
    """Make a part of hiss; each seed is another one."""

    def make(seed=0, seconds=0.5):
        return np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE), np.float32)

    return make


@pytest.fixture
def parts(noise):
    """Make the parts of a song, silent but for those that are given."""

    def make(samples=SAMPLE_RATE // 2, **sounding):
        return {name: np.zeros(samples, np.float32) for name in LEVELS_DB} | sounding

    return make


@pytest.fixture
def all_parts(parts, noise):
    """Parts that all sound, equally loud."""
    return parts(**{name: noise(number) for number, name in enumerate(LEVELS_DB)})


def level_db(wave):
    return 20 * np.log10(np.sqrt(np.mean(wave**2)))


def mixed(parts, production=CLEAN, seed=0):
    return mix(parts, production, np.random.default_rng(seed))


def spectrum(wave):
    """The power spectrum of a wave, and its frequencies."""
    return np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2, np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE)


def tone(hertz, samples=SAMPLE_RATE // 2):
    return np.sin(2 * np.pi * hertz * np.arange(samples) / SAMPLE_RATE).astype(np.float32)


@pytest.mark.parametrize("loudness", [0.02, 50])
def test_the_level_of_a_song_lies_in_the_range_for_parts_of_any_loudness(all_parts, loudness):
    for seed, production in enumerate(PRODUCTIONS):
        song = mixed({name: loudness * part for name, part in all_parts.items()}, production, seed)
        assert song.shape == all_parts["drums"].shape and song.dtype == np.float32
        assert -24.5 < level_db(song) < -13 and np.abs(song).max() < 1


def test_silence_and_a_click_in_it_are_no_trouble(parts):
    assert not mixed(parts(), DRIVEN._replace(vinyl=1.0)).any()
    click = np.zeros(SAMPLE_RATE // 2, np.float32)
    click[3000] = 1
    song = mixed(parts(chords=click), DRIVEN._replace(vinyl=0.5))
    assert np.isfinite(song).all() and 0 < np.abs(song).max() < 1


def test_the_level_is_the_same_for_all_productions(all_parts):
    clean = [production._replace(vinyl=0.0) for production in PRODUCTIONS]
    levels = [[level_db(mixed(all_parts, production, seed)) for production in clean] for seed in range(3)]
    assert max(max(row) - min(row) for row in levels) < 0.7  # decibels, with the same rng
    assert max(max(row) for row in levels) - min(min(row) for row in levels) > 2  # with another


def test_a_drive_adds_harmonics_to_chords_and_lead(parts):
    for name in ("chords", "bass"):
        thirds = []
        for production in (CLEAN, DRIVEN):
            power, hertz = spectrum(mixed(parts(**{name: tone(300)}), production))
            thirds.append(10 * np.log10(power[np.abs(hertz - 900) < 20].max() / power[np.abs(hertz - 300) < 20].max()))
        assert thirds[1] - thirds[0] > 10 if name == "chords" else thirds[1] == pytest.approx(thirds[0])


def test_the_end_of_a_song_is_not_heard_at_its_beginning(parts):
    late = np.zeros(SAMPLE_RATE, np.float32)
    late[-2000:] = tone(500, 2000)
    song = mixed(parts(SAMPLE_RATE, drums=late))
    assert np.abs(song[: SAMPLE_RATE // 2]).max() < 0.02 * np.abs(song).max()


def test_the_compressor_turns_down_what_is_louder_than_usual(noise):
    song = 0.1 * noise(seconds=2)
    song[SAMPLE_RATE : SAMPLE_RATE + SAMPLE_RATE // 2] *= 10  # 20 dB
    compressed = compress(song)
    loud = level_db(compressed[SAMPLE_RATE + 3000 : SAMPLE_RATE + SAMPLE_RATE // 2 - 3000])
    assert loud - level_db(compressed[: SAMPLE_RATE - 3000]) == pytest.approx(0.4 * 20, abs=1)
    np.testing.assert_allclose(compress(0 * song), 0)


def test_the_same_rng_mixes_alike_and_another_does_not(all_parts):
    first, again, other = (mixed(all_parts, DRIVEN, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first / level_db(first) - other / level_db(other)).max() > 1e-3
