import random
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import product
from pathlib import Path
from unicodedata import normalize

import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.splits import (
    check_split,
    fold_catalogue,
    listed,
    shared_artists,
    split_catalogue,
    unjudged_genres,
)
from genre_lightning.errors import UserError


def random_catalogue(seed, one_genre_each=False):
    """Songs of artists who are more or less diligent, and who stick to a genre or do not."""
    rng = random.Random(seed)
    genres, artists = rng.randint(2, 6), rng.randint(6, 60)
    tracks = []
    for number in range(rng.randint(20, 300)):
        artist = min(rng.randrange(artists), rng.randrange(artists))
        genre = artist % genres if one_genre_each or rng.random() < 0.8 else rng.randrange(genres)
        tracks.append(Track(Path(f"{number}.wav"), f"genre {genre}", f"Artist {artist}"))
    return Catalogue(tracks)


def songs(**artists):
    """One song for each letter, which is its genre: `songs(A="rr", B="j")` are two songs by A and one by B."""
    return Catalogue([Track(Path(f"{a}{n}.wav"), g, a) for a, genres in artists.items() for n, g in enumerate(genres)])


def many(songs_of_artist, artists=40, genres=4):
    """A catalogue of equal genres, whose artists have so many songs each; 0: nobody knows the artists."""
    numbers = product(range(genres), range(artists), range(max(1, songs_of_artist)))
    known = songs_of_artist > 0
    return Catalogue([Track(Path(f"{g}-{a}-{n}.wav"), f"genre {g}", f"{g}-{a}" * known) for g, a, n in numbers])


def sides_of(catalogue, fact):
    """The sides on which each artist, or whatever `fact` tells of a song, is found."""
    sides = defaultdict(set)
    for track in catalogue:
        sides[fact(track)].add(track.split)
    return sides


def sides(catalogue):
    return [track.split for track in catalogue]


@pytest.mark.parametrize("seed", range(10))
def test_no_artist_is_on_two_sides(seed):
    split = split_catalogue(random_catalogue(seed), "artist", seed=seed)
    assert all(len(found) == 1 for found in sides_of(split, lambda track: track.artist).values())


@pytest.mark.parametrize("seed", range(10))
def test_a_genre_of_three_artists_is_on_every_side(seed):
    split = split_catalogue(random_catalogue(seed, one_genre_each=True), "artist", seed=seed)
    artists = defaultdict(set)
    for track in split:
        artists[track.genre].add(track.artist)
    for genre, found in sides_of(split, lambda track: track.genre).items():
        assert len(found) == min(3, len(artists[genre])), genre


@pytest.mark.parametrize("seed", range(5))
def test_artists_of_two_genres_do_not_keep_a_genre_off_a_side(seed):
    split = split_catalogue(songs(A="jj", B="r", C="j", D="r", E="rj"), "artist", seed=seed)
    assert sides_of(split, lambda track: track.genre) == {"r": {"train", "val", "test"}, "j": {"train", "val", "test"}}


@pytest.mark.parametrize("seed", range(5))
def test_a_song_by_two_artists_keeps_the_songs_of_both_on_one_side(seed):
    rng = random.Random(seed)
    names = [f"artist {number}" for number in range(60)]
    tracks = [Track(Path(f"{n}"), "rock", "; ".join(rng.sample(names, rng.choice([1, 1, 2])))) for n in range(60)]
    split = split_catalogue(Catalogue(tracks), "artist", seed=seed)
    sides = defaultdict(set)
    for track in split:
        for artist in track.artists:
            sides[artist].add(track.split)
    assert all(len(found) == 1 for found in sides.values()) and shared_artists(split) == []
    assert len({track.split for track in split}) == 3


@pytest.mark.parametrize("method", ["artist", "naive"])
@pytest.mark.parametrize("songs_of_artist", [0, 1, 3])
@pytest.mark.parametrize(("val", "test"), [(0.15, 0.2), (0.1, 0.4)])
def test_every_genre_comes_close_to_the_fractions(method, songs_of_artist, val, test):
    split = split_catalogue(many(songs_of_artist), method, val, test)
    for genre in split.genres:
        of_genre = [track.split for track in split if track.genre == genre]
        shares = {side: count / len(of_genre) for side, count in Counter(of_genre).items()}
        assert shares == pytest.approx({"train": 1 - val - test, "val": val, "test": test}, abs=0.04)


def test_a_song_keeps_its_place_and_all_that_is_known_of_it():
    before = random_catalogue(0)
    after = split_catalogue(before, "artist")
    assert [(t.path, t.genre, t.artist) for t in after] == [(t.path, t.genre, t.artist) for t in before]
    assert not any(sides(before))


@pytest.mark.parametrize("method", ["artist", "naive"])
def test_the_seed_decides(method):
    catalogue = many(3)
    assert sides(split_catalogue(catalogue, method, seed=1)) == sides(split_catalogue(catalogue, method, seed=1))
    assert sides(split_catalogue(catalogue, method, seed=1)) != sides(split_catalogue(catalogue, method, seed=2))


@pytest.mark.parametrize("method", ["published", "auto"])
def test_the_published_sides_are_kept(method):
    catalogue = Catalogue([Track(Path("a"), "rock", "Who", split="test"), Track(Path("b"), "rock", "Who", split="val")])
    assert sides(split_catalogue(catalogue, method)) == ["test", "val"]


def test_published_names_the_first_song_without_a_side():
    catalogue = Catalogue([Track(Path("a"), "rock", split="test"), Track(Path("b.mp3"), "rock"), Track(Path("c"), "x")])
    with pytest.raises(UserError, match=r"published: 2 songs .*b\.mp3"):
        split_catalogue(catalogue, "published")


def test_auto_does_not_throw_away_a_published_split_that_lacks_a_song():
    tracks = [Track(Path(f"{n}"), "rock", f"artist {n // 5}", split="test") for n in range(99)]
    with pytest.raises(UserError, match=r"1 songs have no split, the first is last"):
        split_catalogue(Catalogue([*tracks, Track(Path("last"), "rock", "artist 0")]), "auto")


def test_naive_mixes_artists_and_says_so():
    split = split_catalogue(many(10, artists=6), "naive")
    mixed = [artist for artist, found in sides_of(split, lambda track: track.artist).items() if len(found) > 1]
    assert mixed and shared_artists(split) == sorted(mixed)


def test_shared_artists_are_seen_through_spellings_and_unknown_ones_are_not():
    def track(artist, split):
        return Track(Path("a"), "rock", artist, split=split)

    tracks = [track("Who", "train"), track("Cream; WHO ", "test"), track("", "train"), track("", "test")]
    assert shared_artists(Catalogue(tracks)) == ["who"]


@pytest.mark.parametrize(("val", "test"), [(0, 0.2), (0.2, 0), (0.5, 0.5)])
def test_fractions_that_leave_a_side_empty_are_refused(val, test):
    with pytest.raises(UserError, match="val_fraction"):
        split_catalogue(many(1), "artist", val, test)


def test_an_unknown_method_is_named_beside_those_there_are():
    with pytest.raises(UserError, match=r"split\.method: 'random' is none of auto, published, artist, naive"):
        split_catalogue(many(1), "random")


def on_sides(**genres):
    """A song for each word: `on_sides(r="train val")` are two songs of the genre r."""
    pairs = [(genre, side) for genre, sides in genres.items() for side in sides.split()]
    return Catalogue([Track(Path(f"{number}"), genre, split=side) for number, (genre, side) in enumerate(pairs)])


@pytest.mark.parametrize(
    ("genres", "line"),
    [
        ({"r": "train val test", "j": "val test"}, "no usable song of j is left for train; add songs"),
        ({"r": "train test", "j": "train test"}, "no usable song of r, j is left for val; add songs"),
        ({"r": "train val", "j": "train val"}, "no usable song of r, j is left for test; add songs"),
    ],
)
def test_what_cannot_be_trained_or_judged_at_all_is_refused(genres, line):
    with pytest.raises(UserError, match=line):
        check_split(on_sides(**genres), genres)


def test_a_genre_whose_songs_are_all_unusable_is_refused():
    with pytest.raises(UserError, match="no usable song of blues is left for train"):
        check_split(on_sides(r="train val test", j="train val test"), ["blues", "j", "r"])


def test_a_genre_that_is_not_in_every_split_is_trained_and_named_where_it_cannot_be_judged():
    split = on_sides(r="train val test", j="train test", b="train")
    check_split(split, split.genres)
    assert unjudged_genres(split) == {"val": ["b", "j"], "test": ["b"]}
    assert unjudged_genres(on_sides(r="train val test", j="train val test")) == {}


def test_a_random_split_trains_a_genre_of_too_few_artists():
    split = split_catalogue(songs(A="r", B="r", C="r", D="j", E="j"), "artist")
    check_split(split, split.genres)
    assert list(unjudged_genres(split).values()) == [["j"]]


def test_one_genre_is_not_enough():
    split = split_catalogue(songs(A="r", B="r", C="r"), "artist")
    with pytest.raises(UserError, match="at least two"):
        check_split(split, split.genres)


@pytest.mark.parametrize("seed", range(5))
def test_each_artist_is_in_one_fold(seed):
    folded = fold_catalogue(random_catalogue(seed), 5, seed=seed)
    assert folded.splits == [f"fold{number}" for number in range(1, 6)] and not shared_artists(folded)


@pytest.mark.parametrize("folds", [3, 10])
def test_genres_are_spread_evenly_over_folds_in_the_order_of_their_numbers(folds):
    folded = fold_catalogue(many(songs_of_artist=2), folds)
    assert folded.splits == [f"fold{number}" for number in range(1, folds + 1)]
    for genre in folded.genres:
        counts = Counter(track.split for track in folded if track.genre == genre)
        assert len(counts) == folds and max(counts.values()) - min(counts.values()) <= 2


def test_folds_follow_the_seed_and_each_repeat_has_others_with_numbers_of_their_own():
    catalogue = many(songs_of_artist=2)
    first, again, other = (sides(fold_catalogue(catalogue, 5, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
    second = fold_catalogue(catalogue, 5, repeat=1)
    assert second.splits == ["fold6", "fold7", "fold8", "fold9", "fold10"]
    assert len({*zip(first, sides(second), strict=True)}) > 15  # no renaming of the same folds


def test_songs_are_folded_one_by_one_if_asked_for_and_a_published_split_counts_for_nothing():
    catalogue = Catalogue([replace(track, split="train") for track in many(songs_of_artist=4)])
    assert shared_artists(fold_catalogue(catalogue, 5, method="naive"))
    assert not shared_artists(fold_catalogue(catalogue, 5))


def test_a_run_lists_folded_songs_as_learnt_from_with_the_numbers_of_their_folds():
    catalogue = many(songs_of_artist=2)
    folded = [fold_catalogue(catalogue, 2, repeat=repeat) for repeat in (0, 1)]
    for track, first, second in zip(listed(*folded), *folded, strict=True):
        assert track.split == "train" and track.extra["tested_in_fold"] == f"{first.split[4:]} {second.split[4:]}"
    split = split_catalogue(catalogue)
    assert listed(split) is split


def test_fewer_artists_than_folds_are_one_line():
    with pytest.raises(UserError, match=r"folds=5: there are only 4 artists .* use fewer folds"):
        fold_catalogue(songs(A="rr", B="jj", C="r", D="j"), 5)


def test_a_genre_that_only_one_fold_has_is_one_line():
    folded = fold_catalogue(songs(A="rrr", B="jjj", C="jj"), 2)
    with pytest.raises(UserError, match=r"all usable songs of r are in one fold"):
        check_split(folded, folded.genres)
    assert unjudged_genres(folded) == {}


def test_neither_the_order_of_the_list_nor_of_its_folders_changes_a_side():
    songs = [replace(track, path=Path("a", "songs", track.path)) for track in random_catalogue(3)]
    turned = [replace(track, path=Path("b", *track.path.parts[1:])) for track in reversed(songs)]
    for method in ("artist", "naive"):
        one, other = (split_catalogue(Catalogue(tracks), method, seed=1) for tracks in (songs, turned))
        assert [track.split for track in one] == [track.split for track in reversed(other.tracks)]
    folds, others = (fold_catalogue(Catalogue(tracks), 4, seed=1) for tracks in (songs, turned))
    assert [track.split for track in folds] == [track.split for track in reversed(others.tracks)]


def test_names_composed_another_way_change_no_side():
    def sides(form):
        names = [normalize(form, f"Caf\u00e9 {number}.mp3") for number in range(40)]
        tracks = [Track(Path("songs", name), "ab"[number % 2]) for number, name in enumerate(names)]
        return [track.split for track in split_catalogue(Catalogue(tracks))]

    assert sides("NFC") == sides("NFD")


def test_songs_of_one_recording_stay_on_one_side():
    tracks = [Track(Path("a", f"{n}"), "ab"[n % 2], extra={"recording_of": f"{n // 4}"}) for n in range(80)]
    sides = sides_of(split_catalogue(Catalogue(tracks)), lambda track: track.extra["recording_of"])
    assert all(len(found) == 1 for found in sides.values()) and len(sides) == 20


def test_artists_in_two_spellings_are_shared_artists():
    spelt = ("Jay\u2010Z", "train"), ("Jay Z", "test")
    tracks = [Track(Path("a"), "rock", artist, split=split) for artist, split in spelt]
    assert len(shared_artists(Catalogue(tracks))) == 2


@pytest.mark.parametrize("seed", range(12))
def test_few_artists_of_several_genres_are_split_the_same_way_in_any_order(seed):
    rng = random.Random(seed)
    tracks = [
        Track(Path("s", f"{n}"), rng.choice("abc"), f"artist {rng.randrange(6)}") for n in range(rng.randint(6, 14))
    ]
    turned = [*reversed(tracks)]
    one, other = ({t.path: t.split for t in split_catalogue(Catalogue(songs), seed=seed)} for songs in (tracks, turned))
    assert one == other


def test_files_of_the_same_name_in_many_folders_are_split_the_same_way_in_any_order():
    tracks = [Track(Path("s", f"album {n}", "CD1", "01.mp3"), "ab"[n % 2]) for n in range(60)]
    one, other = (
        {track.path: track.split for track in split_catalogue(Catalogue(songs), seed=1)}
        for songs in (tracks, tracks[::-1])
    )
    assert one == other
