import numpy as np
import pytest

from genre_lightning.demo.habits import GENRES, HABITS, Production
from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.demo.mix import LEVELS_DB, at_power_one, compress, equaliser, mix, room

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


@pytest.mark.parametrize("production", PRODUCTIONS)
@pytest.mark.parametrize("loudness", [0.02, 1, 50])
def test_the_level_of_a_song_lies_in_the_range_whatever_its_parts(all_parts, production, loudness):
    for seed in range(4):
        song = mixed({name: loudness * part for name, part in all_parts.items()}, production, seed)
        assert song.shape == all_parts["drums"].shape and song.dtype == np.float32
        assert -24.5 < level_db(song) < -13 and np.abs(song).max() < 1


@pytest.mark.parametrize("name", LEVELS_DB)
def test_a_part_alone_has_the_level_of_a_song(parts, noise, name):
    for seed in range(4):
        assert -24.5 < level_db(mixed(parts(**{name: noise()}), DRIVEN, seed)) < -13


@pytest.mark.parametrize("production", [CLEAN, DRIVEN._replace(vinyl=1.0)])
def test_parts_that_are_all_silent_make_a_silence(parts, production):
    assert not mixed(parts(), production).any()


@pytest.mark.parametrize("name", LEVELS_DB)
def test_a_click_in_a_silence_is_no_trouble(parts, name):
    click = np.zeros(SAMPLE_RATE // 2, np.float32)
    click[3000] = 1
    song = mixed(parts(**{name: click}), DRIVEN._replace(vinyl=0.5))
    assert np.isfinite(song).all() and 0 < np.abs(song).max() < 1


def test_the_level_is_the_same_for_all_productions(all_parts):
    levels = [
        [level_db(mixed(all_parts, production._replace(vinyl=0.0), seed)) for production in PRODUCTIONS]
        for seed in range(5)
    ]
    assert max(max(row) - min(row) for row in levels) < 0.7  # decibels, of the same chance
    assert max(max(row) for row in levels) - min(min(row) for row in levels) > 3  # of another


def test_a_drive_adds_harmonics_to_chords_and_lead(parts):
    for name in LEVELS_DB:
        thirds = []
        for production in (CLEAN, DRIVEN):
            power, hertz = spectrum(mixed(parts(**{name: tone(300)}), production))
            thirds.append(10 * np.log10(power[np.abs(hertz - 900) < 20].max() / power[np.abs(hertz - 300) < 20].max()))
        assert thirds[1] - thirds[0] > 10 if name in ("chords", "lead") else thirds[1] == pytest.approx(thirds[0])


def test_more_bass_is_more_bass(parts, noise):
    two = parts(bass=tone(80), drums=noise())
    shares = []
    for production in (CLEAN, CLEAN._replace(bass_db=6)):
        power, hertz = spectrum(mixed(two, production))
        shares.append(power[np.abs(hertz - 80) < 10].sum() / power[hertz > 150].sum())
    assert shares[1] / shares[0] == pytest.approx(10**0.6, rel=0.15)


def test_chords_are_dull_and_other_parts_are_not(parts, noise):
    dull = CLEAN._replace(chords_low_pass_hz=(1000, 1001))
    above = {}
    for name in ("chords", "voice"):
        power, hertz = spectrum(mixed(parts(**{name: noise()}), dull))
        above[name] = power[(hertz > 3000) & (hertz < 5000)].mean() / power[(hertz > 300) & (hertz < 900)].mean()
    assert above["chords"] < 0.01 * above["voice"]


def test_an_equaliser_lets_little_through_above_eleven_kilohertz_and_nothing_below_hearing():
    hertz = np.array([10.0, 100, 500, 1000, 4000, 22000])
    responses = np.array([equaliser(hertz, np.random.default_rng(seed)) for seed in range(30)])
    assert not responses[:, 0].any() and (responses[:, -1] < 0.1 * responses[:, 1:5].max(axis=1)).all()
    assert 1 < np.std(20 * np.log10(responses[:, 2])) < 8  # songs are equalised differently, but not to death


def test_a_song_has_nothing_above_its_low_pass(all_parts):
    shares = []
    for seed in range(10):
        power, hertz = spectrum(mixed(all_parts, seed=seed))
        shares.append(power[hertz > 10500].mean() / power[(hertz > 1000) & (hertz < 5000)].mean())
    assert min(shares) < 0.02 and max(shares) < 0.6  # 6 kHz and 11 kHz


def test_a_room_sounds_on_and_dies_away_before_the_song_comes_round():
    samples = 2**16
    for seed in range(10):
        echo = np.fft.irfft(room(samples, np.random.default_rng(seed)), samples)
        assert echo[0] == pytest.approx(1, abs=0.01) and np.abs(echo[1:100]).max() < 0.01
        tail = np.sum(echo[SAMPLE_RATE // 200 :] ** 2)
        assert 0.002 < tail < 0.25 and np.sum(echo[2**15 :] ** 2) < 1e-3 * tail


def test_the_end_of_a_song_is_not_heard_at_its_beginning(parts):
    late = np.zeros(SAMPLE_RATE, np.float32)
    late[-2000:] = tone(500, 2000)
    song = mixed(parts(SAMPLE_RATE, drums=late))
    assert np.abs(song[: SAMPLE_RATE // 2]).max() < 0.02 * np.abs(song).max()


def test_a_worn_record_crackles(parts):
    voice = parts(voice=tone(200))
    clean, worn = (mixed(voice, CLEAN._replace(vinyl=vinyl)) for vinyl in (0.0, 1.0))
    high = [power[hertz > 3000].sum() / power.sum() for power, hertz in (spectrum(clean), spectrum(worn))]
    assert high[1] > 20 * high[0]


def test_the_compressor_turns_down_what_is_louder_than_usual(noise):
    song = 0.1 * noise(seconds=2)
    song[SAMPLE_RATE : SAMPLE_RATE + SAMPLE_RATE // 2] *= 10  # 20 dB
    compressed = compress(song)
    loud = level_db(compressed[SAMPLE_RATE + 3000 : SAMPLE_RATE + SAMPLE_RATE // 2 - 3000])
    assert loud - level_db(compressed[: SAMPLE_RATE - 3000]) == pytest.approx(0.4 * 20, abs=1)
    np.testing.assert_allclose(compress(0 * song), 0)


def test_a_song_is_compressed(parts, noise):
    drums = noise(seconds=2)
    drums[: SAMPLE_RATE // 2] *= 10  # 20 dB
    song = mixed(parts(len(drums), drums=drums))
    loud, usual = level_db(song[3000 : SAMPLE_RATE // 2 - 3000]), level_db(song[-SAMPLE_RATE // 2 :])
    assert 5 < loud - usual < 13


def test_power_one_is_measured_where_there_is_sound(noise):
    half = noise()
    half[len(half) // 2 :] = 0
    scaled = at_power_one(0.01 * half)
    assert np.mean(scaled[: len(half) // 2] ** 2) == pytest.approx(1, rel=0.01)
    assert not at_power_one(0 * half).any()


def test_the_same_chance_mixes_alike_and_another_does_not(all_parts):
    first, again, other = (mixed(all_parts, DRIVEN, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first / level_db(first) - other / level_db(other)).max() > 1e-3
