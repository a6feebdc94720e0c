from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from genre_lightning.demo.habits import GENRES, HABITS, MAJOR, Harmony, Line, Melody, Tempo, draw_artist
from genre_lightning.demo.score import STEPS, drums, line, melody, write_score

STEP_SECONDS = 0.125
JITTER_SECONDS = 0.03  # how early or late a person plays at most
POP = Harmony("0/M 5/M 9/m 7/M", MAJOR)
ROOTS = (0, 5, 9, 7)


def steps(notes):
    """The steps, counted from the beginning of a song without swing, at which notes begin."""
    found = [round(note.start_seconds / STEP_SECONDS) for note in notes]
    apart = [abs(note.start_seconds - step * STEP_SECONDS) for note, step in zip(notes, found, strict=True)]
    assert max(apart, default=0) < JITTER_SECONDS
    return found


def played_by(notes):
    """Steps and pitches."""
    return list(zip(steps(notes), [note.pitch for note in notes], strict=True))


@pytest.mark.parametrize(("swing", "swung_steps"), [(0.5, 2), (0.62, 1), (0.68, 2)])
def test_swing_makes_the_second_of_a_pair_late_and_leaves_the_first(song, swing, swung_steps):
    one = song(swing=swing, tempo=Tempo((120, 121), (swing, swing), swung_steps))
    for first in range(0, 2 * STEPS, 2 * swung_steps):
        pair_seconds = 2 * swung_steps * STEP_SECONDS
        assert one.time(first) == pytest.approx(first * STEP_SECONDS)
        assert one.time(first + swung_steps) == pytest.approx(first * STEP_SECONDS + swing * pair_seconds)
    assert all(one.time(step) < one.time(step + 0.25) for step in np.arange(0, 2 * STEPS, 0.25))


@pytest.mark.parametrize("seconds", [0.5, 7])
def test_all_notes_lie_within_the_song(seconds):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        score = write_score(draw_artist(GENRES[seed % 3], 0.5, rng), seconds, rng)
        assert list(score) == ["drums", "bass", "chords", "lead", "voice"]
        for note in (note for notes in score.values() for note in notes):
            assert 0 <= note.start_seconds < seconds and note.seconds > 0 and 0 < note.loudness < 3


def test_now_and_then_a_part_is_silent_for_two_bars(artist):
    chords, shares = Line("organ", "XXXXXXXXXXXXXXXX", 1.0), []
    for seed in range(10):
        notes = write_score(artist(accompaniment=chords), 40, np.random.default_rng(seed))["chords"]
        starts = sorted({note.start_seconds for note in notes})
        gaps = [later - start for start, later in pairwise(starts) if later - start > 1]
        assert all(gap == pytest.approx(4 * round(gap / 4), rel=0.1) for gap in gaps)  # two bars are 4 seconds
        shares.append(sum(gaps) / 40)
    assert 0.03 < np.mean(shares) < 0.25


@pytest.mark.parametrize("genre", GENRES)
def test_drums_play_their_pattern_and_sometimes_a_fill(song, genre):
    pattern = HABITS[genre]["groove"][0]
    hits = drums(song(genre, bars=3), pattern)  # a fill may come in a fourth bar
    for drum, signs in pattern.items():
        played = set(steps([hit for hit in hits if hit.instrument == drum]))
        surely = {bar * STEPS + step for bar in range(3) for step, sign in enumerate(signs) if sign in "Xxo"}
        perhaps = {bar * STEPS + step for bar in range(3) for step, sign in enumerate(signs) if sign == "?"}
        assert surely <= played <= surely | perhaps


def test_a_fill_takes_the_last_beat_of_a_fourth_bar(song):
    hits = drums(song(bars=40), {"kick": "X..............."})
    fills = {step // STEPS for step in steps(hits) if step % STEPS >= 12}
    assert fills and {bar % 4 for bar in fills} == {3} and len(fills) < 10


@pytest.mark.parametrize(("key", "genre"), [(0, "rock"), (11, "jazz")])
def test_the_bass_plays_the_chords_root_on_the_first_beat(song, key, genre):
    part = HABITS[genre]["bass"][0]
    notes = line(song(key=key, harmony=POP, bass=part), part, 28)
    first = {step // STEPS: pitch for step, pitch in played_by(notes) if step % STEPS == 0}
    assert [pitch % 12 for pitch in first.values()] == [(key + root) % 12 for root in ROOTS]
    assert all(28 <= pitch < 40 for pitch in first.values())


@pytest.mark.parametrize("key", [0, 7])
def test_a_walking_bass_comes_to_the_next_root_from_a_semitone_away(song, key):
    part = Line("upright", "r...w...w...w...", 0.95)
    notes = played_by(line(song("jazz", bars=9, key=key, harmony=POP), part, 28))
    for (step, pitch), (_, following) in pairwise(notes):
        if step % STEPS == 12:
            assert abs(pitch - following) == 1


def test_bass_signs_are_intervals_above_the_root(song):
    one = song(bars=1, harmony=Harmony("4/m7", MAJOR))
    notes = line(one, Line("bass", "r...t...f...u...", 1.0), 28)
    assert played_by(notes) == [(0, 28), (4, 31), (8, 35), (12, 40)]


def test_a_line_plays_whole_chords_or_their_notes_one_by_one(song):
    one = song(bars=1, harmony=Harmony("0/m7", MAJOR))
    assert played_by(line(one, Line("piano", "x...............", 1.0), 48)) == [(0, 48 + t) for t in (0, 3, 7, 10)]
    notes = line(one, Line("piano", "0.1.2.3.4.......", 1.0), 48)
    assert played_by(notes) == [(0, 48), (2, 51), (4, 55), (6, 58), (8, 48)]


def test_notes_of_a_line_are_held_until_the_next_or_for_a_part_of_it(song):
    notes = line(song(bars=1, harmony=Harmony("0/5", MAJOR)), Line("bass", "r.......r...r...", 0.5), 28)
    assert [note.seconds / STEP_SECONDS for note in notes] == pytest.approx([4, 2, 2])


def test_a_melody_that_repeats_itself_does(song):
    bars, part = 2, Melody("bell", 0.9, 1, 2.0, 0.9, 2)
    for seed in range(5):
        notes = played_by(melody(song(bars=6, seed=seed), part, 67))
        rounds = [[(s % (bars * STEPS), p) for s, p in notes if s // (bars * STEPS) == r] for r in range(6 // bars)]
        assert len(rounds[0]) > 2 and all(one == rounds[0] for one in rounds)


def test_a_melody_keeps_to_the_scale_or_the_chord_and_stays_around_its_centre(song):
    for key in (0, 3):
        one = song(bars=30, key=key, harmony=Harmony("0/M 1/M", MAJOR))
        notes = played_by(melody(one, Melody("sax", 0.9, 2, 2.0, 0.9), 67))
        assert {(pitch - key) % 12 for _, pitch in notes} == {*MAJOR, 1, 8}
        for step, pitch in notes:
            chord = {0, 4, 7} if step // STEPS % 2 == 0 else {1, 5, 8}
            assert (pitch - key) % 12 in {*MAJOR, *chord} and 40 < pitch < 94


@pytest.mark.parametrize("every_steps", [1, 4])
def test_a_melody_has_notes_at_its_steps_only_and_breathes(song, every_steps):
    part = Melody("sax", 1.0, every_steps, 1.0, 1.0)
    notes = melody(song(bars=30), part, 67)
    found = steps(notes)
    assert found == sorted(set(found)) and all(step % every_steps == 0 for step in found)
    assert 0.7 < len(found) * every_steps / (30 * STEPS) < 0.9


def test_the_same_rng_writes_the_same_score(artist):
    first, again, other = (write_score(artist("jazz"), 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == again and first != other
    assert Counter(note.instrument for note in first["drums"]).keys() == {"ride", "hat", "snare"}
