from itertools import pairwise

import numpy as np
import pytest

from genre_lightning.demo.habits import GENRES, HABITS, draw_artist
from genre_lightning.demo.instruments import DRUMS, TONES
from genre_lightning.demo.score import CHORDS, STEPS

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


def test_every_melody_has_a_known_instrument_and_can_be_played():
    for part in options("lead") + options("voice"):
        assert part.instrument in TONES and part.bars >= 1 and STEPS % part.every_steps == 0
        assert 0 < part.density <= 1 and 0 < part.held <= 1 and part.leap > 0


def test_every_harmony_has_known_chords_and_a_scale():
    for harmony in options("harmony"):
        roots, kinds = zip(*(chord.split("/") for chord in harmony.chords.split()), strict=True)
        assert all(0 <= int(root) < 12 for root in roots) and set(kinds) <= set(CHORDS)
        assert harmony.scale[0] == 0 and all(low < high for low, high in pairwise((*harmony.scale, 12)))


def test_every_tempo_can_be_played():
    for tempo in options("tempo"):
        assert 60 <= tempo.bpm[0] < tempo.bpm[1] <= 240 and tempo.swung_steps in (1, 2)
        assert 0.5 <= tempo.swing[0] < tempo.swing[1] < 0.75


def test_every_production_is_possible():
    for production in options("production"):
        low, high = production.chords_low_pass_hz
        assert production.drive >= 0 and 0 <= production.vinyl <= 1 and 1000 <= low < high <= 11000


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
