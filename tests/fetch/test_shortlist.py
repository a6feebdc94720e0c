import random

import pytest

from genre_lightning.fetch.candidates import Candidate
from genre_lightning.fetch.shortlist import cleaned, shortlist


def candidate(number, artists=None, genre="rock", title=None, seconds=200.0, isrc="", real_id=None):
    names = {str(artist): f"Artist {artist}" for artist in artists or [number]}
    title = title or f"Song {number}"
    return Candidate(
        str(number), str(real_id or number), isrc, title, names, seconds, 30.0, "1", genre, genre, "search"
    )


def ids(candidates):
    return [int(one.track_id) for one in candidates]


def order(*batches, kept=(), seed=0, genre="rock", rank=1):
    return ids(shortlist(batches, {str(one) for one in kept}, seed).of_genre(genre, rank))


MANY = [candidate(number) for number in range(1, 41)]


def test_the_seed_decides_the_order_and_the_order_of_listing_does_not():
    shuffled = random.Random(0).sample(MANY, len(MANY))
    assert order(MANY) == order(shuffled) != order(MANY, seed=1)
    assert sorted(order(MANY)) == list(range(1, 41)) != order(MANY)


def test_later_batches_come_later_and_change_nothing_before():
    assert order(MANY[:20], MANY[20:])[:20] == order(MANY[:20])


def test_kept_songs_stay_whatever_the_seed():
    kept = order(MANY)[-5:]
    assert set(order(MANY, kept=kept, seed=1)[:5]) == set(kept)


@pytest.mark.parametrize("same", [{"isrc": "X1"}, {"real_id": 1}, {"artists": [7], "title": "The Song"}])
def test_a_recording_comes_once_and_under_two_genres_not_at_all(same):
    left = shortlist([[candidate(1, **same), candidate(2, **same)]], set(), 0)
    assert len(left.of_genre("rock", 3)) == 1 and list(left.left_out.values()) == ["the same recording"]
    left = shortlist([[candidate(1, **same)], [candidate(2, genre="jazz", **same)]], {"1"}, 0)
    assert left.ranked == [] and sorted(left.under_two_genres) == ["1", "2"]
    assert shortlist([[candidate(1)], [candidate(1, genre="jazz")]], set(), 0).ranked == [], "one id, two genres"


@pytest.mark.parametrize(("seconds", "songs"), [(201.9, 1), (198.1, 1), (202.1, 2), (240.0, 2)])
def test_the_same_title_is_another_recording_if_its_length_is(seconds, songs):
    one, other = candidate(1, [7], title="Song"), candidate(2, [7], title="song!", seconds=seconds)
    assert len(order([one, other], rank=3)) == songs


def test_the_same_title_of_other_artists_is_another_song():
    assert len(order([candidate(1, title="Yesterday"), candidate(2, title="Yesterday")])) == 2


def test_recordings_are_linked_through_others():
    chain = [candidate(1, isrc="A"), candidate(2, real_id=1, isrc="B"), candidate(3, isrc="B", genre="jazz")]
    assert len(shortlist([chain], set(), 0).under_two_genres) == 3


def test_an_artist_has_one_song_then_two_then_three():
    songs = [candidate(number, [number % 4]) for number in range(1, 41)]
    left = shortlist([songs], set(), 0)
    for rank in (1, 2, 3):
        assert len(left.of_genre("rock", rank)) == 4 * rank
    assert ids(left.of_genre("rock", 3))[:4] == ids(left.of_genre("rock", 1))
    assert list(left.left_out.values()) == ["more than 3 of an artist"] * 28


def test_a_duet_counts_for_both():
    songs = [candidate(1, [1, 2]), candidate(2, [1]), candidate(3, [2]), candidate(4, [3])]
    for seed in range(20):
        assert set(order(songs, seed=seed)) in ({1, 4}, {2, 3, 4})


def test_artists_are_counted_over_all_genres():
    songs = [candidate(1, [9]), candidate(2, [9], genre="jazz")]
    left = shortlist([songs], set(), 0)
    assert len(left.of_genre("rock", 1)) + len(left.of_genre("jazz", 1)) == 1


def test_songs_that_are_kept_count_first():
    songs = [candidate(number, [1]) for number in range(1, 6)]
    assert sorted(order(songs, kept=[4, 5])) == [4, 5] and len(order(songs, kept=[4, 5], rank=3)) == 3


@pytest.mark.parametrize(
    "title", ["Song (Remastered 2009)", "SONG [Live]", "Song feat. Somebody", "song - 2011 Remaster", " S-o-n-g! "]
)
def test_editions_of_a_title_are_one(title):
    assert cleaned(title) == "song"


def test_a_title_of_signs_or_in_brackets_is_kept():
    assert cleaned("???") != cleaned("!!!") and cleaned("(Song)") != cleaned("(Other)")
