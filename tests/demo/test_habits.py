import numpy as np
import pytest

from genre_lightning.demo.habits import GENRES, HABITS, draw_artist
from genre_lightning.demo.instruments import DRUMS, TONES
from genre_lightning.demo.score import STEPS

NAMES = ["groove", "tempo", "bass", "harmony", "accompaniment", "lead", "voice", "production"]


def options(name):
    """What HABITS offers for a habit, in all genres."""
    return [option for genre in GENRES for option in HABITS[genre][name]]


def borrowed(genre, overlap, seed):
    """The habits of an artist that are not of their genre."""
    habits = draw_artist(genre, overlap, np.random.default_rng(seed)).habits
    assert list(habits) == NAMES
    return [name for name, habit in habits.items() if habit not in HABITS[genre][name]]


def test_no_genre_has_a_habit_of_another():
    for name in NAMES:
        assert all(options(name).count(option) == 1 for option in options(name)), name


def test_every_groove_has_known_drums_and_sixteen_known_steps():
    for groove in options("groove"):
        assert set(groove) <= set(DRUMS)
        assert all(len(steps) == STEPS and set(steps) <= set("Xxo?.") for steps in groove.values()), groove


@pytest.mark.parametrize(("name", "signs"), [("bass", "rtfuw."), ("accompaniment", "Xxo?.0123456789")])
def test_every_line_has_a_known_instrument_and_sixteen_known_steps(name, signs):
    for part in options(name):
        assert part.instrument in TONES and 0 < part.held <= 1
        assert len(part.steps) == STEPS and set(part.steps) <= set(signs), part


def test_as_many_habits_are_borrowed_as_the_overlap_says_and_half_at_most():
    assert not any(borrowed("jazz", 0, seed) for seed in range(30))
    found = [borrowed("rock", 1, seed) for seed in range(30)]
    assert {len(names) for names in found} == {4} and {name for names in found for name in names} == set(NAMES)


def test_some_overlap_makes_fusion_artists_beside_pure_ones():
    counts = [len(borrowed("hiphop", 0.3, seed)) for seed in range(300)]
    assert counts.count(0) and counts.count(4)
    assert 0.23 * 8 < np.mean(counts) < 0.31 * 8  # less than 0.3, since more than half are not borrowed


def test_the_same_rng_draws_the_same_artist_and_another_one_another():
    first, again, other = (draw_artist("rock", 0.3, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again and first != other


def test_artists_differ_in_all_that_makes_their_sound():
    artists = [draw_artist("rock", 0, np.random.default_rng(seed)) for seed in range(30)]
    for trait in ("bpm", "brightness", "drum_tuning", "drum_length", "voice_pitch"):
        assert len({getattr(artist, trait) for artist in artists}) == 30
    for artist in artists:
        low, high = artist.habits["tempo"].bpm
        assert low <= artist.bpm <= high and artist.drum_length > 0 and artist.drum_tuning > 0
        assert 45 <= artist.voice_pitch <= 60
