import random
from collections import defaultdict
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.splits import shared_artists, split_catalogue
from genre_lightning.errors import UserError

AMOUNTS = (1, 0.1, 0.25, 0.5, 0.8, 1.0, None)  # from few to all


@pytest.fixture
def catalogue():
    """Genres of 30, 40 and 50 artists; each artist has one song to five, and some have a song in another genre."""
    rng, tracks = random.Random(0), []
    for genre, artists in (("a", 30), ("b", 40), ("c", 50)):
        for artist in range(artists):
            for song in range(rng.randint(1, 5)):
                other = "abc"[rng.randrange(3)] if song == 4 else genre
                tracks.append(Track(Path(f"{genre}{artist}-{song}.wav"), other, f"{genre} {artist}"))
    rng.shuffle(tracks)
    return Catalogue(tracks)


def by_genre(split, fact=lambda track: track.path):
    found = defaultdict(set)
    for track in split.of_split("train"):
        found[track.genre].add(fact(track))
    return dict(found)


by_artist = partial(by_genre, fact=lambda track: track.artist)


@pytest.mark.parametrize("method", ["artist", "naive"])
@pytest.mark.parametrize("setting", ["train_songs_per_genre", "train_artists_per_genre"])
@pytest.mark.parametrize("draw", [0, 1])
def test_all_sizes_have_the_same_test_songs_and_each_the_songs_of_the_smaller_ones(catalogue, method, setting, draw):
    splits = [split_catalogue(catalogue, method, **{setting: amount}, draw=draw) for amount in AMOUNTS]
    whole = split_catalogue(catalogue, method)
    assert splits[-1] == splits[-2] == whole
    for smaller, larger in pairwise(splits):
        assert [smaller.of_split(name) for name in ("val", "test")] == [whole.of_split(n) for n in ("val", "test")]
        assert {track.path for track in smaller} <= {track.path for track in larger}
        assert method == "naive" or not shared_artists(smaller)
    assert len(set(map(len, splits[:-1]))) == len(AMOUNTS) - 1


def test_a_number_is_that_of_each_genre_and_a_part_that_of_what_it_has(catalogue):
    whole, songs = by_genre(split_catalogue(catalogue)), partial(split_catalogue, catalogue)
    assert {len(found) for found in by_genre(songs(train_songs_per_genre=7)).values()} == {7}
    assert {len(found) for found in by_artist(songs(train_artists_per_genre=7)).values()} == {7}
    half = by_genre(songs(train_songs_per_genre=0.5))
    assert half.keys() == whole.keys() and all(len(half[genre]) == round(len(whole[genre]) / 2) for genre in half)
    both = split_catalogue(catalogue, train_songs_per_genre=5, train_artists_per_genre=4)
    assert {len(found) for found in by_genre(both).values()} == {5}
    assert all(len(found) <= 4 for found in by_artist(both).values())


def test_artists_come_with_all_their_songs_of_the_genre(catalogue):
    whole, few = split_catalogue(catalogue), split_catalogue(catalogue, train_artists_per_genre=3)
    kept = by_artist(few)
    assert all(
        (track in few.tracks) == (track.artist in kept[track.genre]) for track in whole if track.split == "train"
    )


def test_the_draw_decides_which_ones(catalogue):
    drawn = [split_catalogue(catalogue, train_artists_per_genre=5, draw=draw) for draw in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[1].of_split("test") == drawn[2].of_split("test")


def test_a_published_split_keeps_what_it_tests_with():
    tracks = [Track(Path(f"{n}"), "ab"[n % 2], split=("train", "train", "val", "test")[n // 5]) for n in range(20)]
    split = split_catalogue(Catalogue(tracks), train_songs_per_genre=2)
    assert [len(split.of_split(name)) for name in ("train", "val", "test")] == [4, 5, 5]


def test_the_genre_that_has_fewest_is_named_if_more_is_asked_for(catalogue):
    artists = min(len(found) for found in by_artist(split_catalogue(catalogue)).values())
    with pytest.raises(
        UserError, match=rf"artists_per_genre=31: of a there are {artists} artists .* ask for {artists} "
    ):
        split_catalogue(catalogue, train_artists_per_genre=31)
    with pytest.raises(UserError, match=r"train_songs_per_genre=99: of . there are \d+ songs to train on"):
        split_catalogue(catalogue, train_songs_per_genre=99, train_artists_per_genre=2)


@pytest.mark.parametrize("amount", [0, -3, 0.0, 1.5, -0.5])
@pytest.mark.parametrize("setting", ["train_songs_per_genre", "train_artists_per_genre"])
def test_what_is_no_amount_is_refused_before_songs_are_read(setting, amount):
    with pytest.raises(UserError, match=rf"^split\.{setting} must be a whole number .* not {amount}"):
        split_catalogue(Catalogue([]), **{setting: amount})


@pytest.mark.parametrize("setting", ["train_songs_per_genre", "train_artists_per_genre"])
def test_the_order_of_the_list_does_not_change_what_is_drawn(catalogue, setting):
    drawn = [
        split_catalogue(Catalogue(tracks), **{setting: 5}) for tracks in (catalogue.tracks, catalogue.tracks[::-1])
    ]
    assert {track.path for track in drawn[0]} == {track.path for track in drawn[1]}
