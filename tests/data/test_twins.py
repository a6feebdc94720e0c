import numpy as np
import pytest

from genre_lightning.audio.fingerprint import BINS_A_FRAME, HOP_SECONDS
from genre_lightning.data import twins
from genre_lightning.data.twins import find_twins


def song(number, seconds=30.0):
    """A song's peaks: twelve a second, anywhere."""
    rng = np.random.default_rng(number)
    frames = int(seconds / HOP_SECONDS)
    places = rng.integers(0, frames, round(12 * seconds)) * BINS_A_FRAME + rng.integers(12, 116, round(12 * seconds))
    return np.unique(places).astype(np.uint32)


def copy(peaks, begin=0.0, end=1000.0, lost=0.3, later=0.0, seed=0):
    """A cut of a song, of which some peaks are lost, as many are new, and some moved by a frame."""
    rng = np.random.default_rng(seed)
    times = peaks // BINS_A_FRAME * HOP_SECONDS
    cut = peaks[(times >= begin) & (times < end)].astype(np.int64)
    kept = cut[rng.random(len(cut)) >= lost]
    kept += BINS_A_FRAME * rng.integers(0, 2, len(kept))
    new = rng.integers(cut[0], cut[-1], round(lost * len(cut)))
    new = new // BINS_A_FRAME * BINS_A_FRAME + rng.integers(12, 116, len(new))
    shift = round((later - begin) / HOP_SECONDS) * BINS_A_FRAME
    return np.unique(np.concatenate([kept, new]) + shift).astype(np.uint32)


def pairs(fingerprints):
    return [(found.first, found.second) for found in find_twins(fingerprints)]


def test_a_copy_is_found_among_other_songs_with_its_offset_and_overlap():
    songs = [song(number) for number in range(20)]
    [found] = find_twins([*songs, copy(songs[7], begin=5)])
    assert (found.first, found.second) == (7, 20)
    assert found.offset_seconds == pytest.approx(-5, abs=2 * HOP_SECONDS)
    assert found.overlap_seconds == pytest.approx(25, abs=1)
    assert 0.5 < found.share <= 1


@pytest.mark.parametrize(
    "cut", [{"begin": 10, "end": 20}, {"later": 3.3}, {"begin": 27, "lost": 0.1}, {"end": 2, "lost": 0.1}]
)
def test_any_cut_of_a_song_is_found(cut):
    songs = [song(0), song(1), song(2)]
    assert pairs([*songs, copy(songs[1], **cut)]) == [(1, 3)]


def test_an_excerpt_is_found_in_a_song_that_has_more_landmarks_than_are_searched_by():
    long, others = song(0, seconds=300), [song(number) for number in range(1, 4)]
    most = twins.LANDMARKS_A_SONG
    assert len(twins.landmarks(long, most)[0]) <= most < 6 * len(long) - 100
    assert pairs([long, *others, copy(long, begin=120, end=150)]) == [(0, 4)]


def test_of_many_songs_fewer_landmarks_are_searched_and_copies_of_half_a_song_are_still_found(monkeypatch):
    songs = [song(number) for number in range(20)]
    copies = [copy(songs[3], end=15), copy(songs[8], begin=14)]
    monkeypatch.setattr(twins, "LANDMARKS", 22 * 250)
    assert len(twins.all_landmarks([*songs, *copies])[0]) <= 22 * 250
    assert pairs([*songs, *copies]) == [(3, 20), (8, 21)]


def test_copies_however_many_are_all_linked():
    original = song(0)
    found = pairs([song(1), *(copy(original, seed=seed) for seed in range(30)), song(2)])
    linked = {1}
    for first, second in sorted(found) * 2:
        if linked & {first, second}:
            linked |= {first, second}
    assert linked == set(range(1, 31))


def test_songs_that_share_a_drum_fill_every_two_seconds_are_not_the_same():
    fill = [song(number) // BINS_A_FRAME % 86 < 17 for number in range(10)]
    songs = [np.union1d(song(0)[fill[0]], song(number)[~fill[number]]) for number in range(1, 10)]
    assert list(twins.candidates(*twins.all_landmarks(songs)))  # the fills do not go unnoticed
    assert pairs(songs) == []


def test_songs_that_share_a_passage_are_not_the_same():
    passage = copy(song(0), end=6, lost=0)
    songs = [np.union1d(passage, copy(song(number), begin=6, later=6, lost=0)) for number in range(1, 10)]
    assert list(twins.candidates(*twins.all_landmarks(songs)))
    assert pairs(songs) == []


def test_a_copy_of_which_a_quarter_is_something_else_is_found():
    spoilt = np.union1d(copy(song(0), end=22), copy(song(1), begin=23, later=23))
    assert pairs([song(0), song(2), spoilt]) == [(0, 2)]


def test_sounds_that_repeat_themselves_are_no_twins():
    bar, rng = song(0, seconds=1.5).astype(np.int64), np.random.default_rng(0)
    beats = [[bar + (beat * 52 + rng.integers(0, 2, len(bar))) * BINS_A_FRAME for beat in range(20)] for _ in range(2)]
    tone = (np.arange(0, 1290, 13) * BINS_A_FRAME + 50).astype(np.uint32)
    ticks = [np.unique(np.concatenate(ticking)).astype(np.uint32) for ticking in beats]
    assert pairs([*ticks, tone, tone[3:]]) == []


def test_there_may_be_nothing_to_compare():
    empty = np.zeros(0, np.uint32)
    assert find_twins([]) == find_twins([empty]) == find_twins([empty, empty, song(0)[:5], song(0)[:5]]) == []


def test_the_order_of_songs_does_not_matter():
    songs = [song(number) for number in range(6)]
    songs += [copy(songs[number], begin=number + 1) for number in range(3)]
    turned = {(8 - second, 8 - first) for first, second in pairs(songs[::-1])}
    assert turned == set(pairs(songs)) == {(0, 6), (1, 7), (2, 8)}
