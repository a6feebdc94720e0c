from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.page.contents import address, page_contents


def test_songs_are_columns_that_point_to_genres_artists_and_splits(make_embeddings):
    tracks = [
        Track(Path("a.mp3"), "tones", "Ada", "First", "train"),
        Track(Path("b.mp3"), "noise", "", "", "test"),
        Track(Path("c.mp3"), "tones", "ADA ", "Third", "test"),
    ]
    contents = page_contents(make_embeddings(tracks, taken_for={2: "clicks"}), Path("run"))
    songs = contents["songs"]
    assert songs["name"] == ["First", "b", "Third"]
    assert [contents["genres"][row]["name"] for row in songs["genre"]] == ["tones", "noise", "tones"]
    assert [contents["genres"][row]["name"] for row in songs["predicted"]] == ["tones", "noise", "clicks"]
    assert [contents["fills"][row]["label"] for row in songs["fill"]] == ["train", "test", "test"]
    assert (songs["confidence"].tolist(), songs["wrong"].tolist()) == ([80, 80, 80], [0, 0, 1])
    assert (songs["by"], contents["artists_from"]) == (["Ada", "", "ADA "], "tags")


def test_an_artist_stands_at_the_mean_of_their_songs(make_embeddings):
    known = zip("xyyx", ["Ada", "ADA", "Ada", "Bo"], strict=True)
    tracks = [Track(Path("a.mp3"), genre, artist) for genre, artist in known]
    embeddings = make_embeddings(tracks, genres=["x", "y"])
    artists = page_contents(embeddings, Path("run"))["artists"]
    assert (artists["name"], artists["songs"].tolist(), artists["genre"].tolist()) == (["Ada", "Bo"], [3, 1], [1, 0])
    mean = embeddings.positions[:3].mean(axis=0)
    assert (artists["x"][0], artists["y"][0]) == pytest.approx(tuple(mean))


def listed(columns, start, numbers):
    """The lists in a flat column of numbers, by the column that says where each starts."""
    return [columns[numbers][a:b].tolist() for a, b in pairwise(columns[start])]


def test_songs_and_artists_have_each_other_s_numbers(make_embeddings):
    texts = ["Ada", "", "Bo feat. Ada", "Ada & Cy"]
    contents = page_contents(make_embeddings([Track(Path("a.mp3"), "tones", text) for text in texts]), Path("run"))
    songs, artists = contents["songs"], contents["artists"]
    assert listed(songs, "artists_start", "artists") == [[0], [], [1, 0], [0, 2]] and songs["by"] == texts
    assert artists["name"] == ["Ada", "Bo", "Cy"] and artists["songs"].tolist() == [3, 1, 1]
    assert listed(artists, "songs_start", "song_rows") == [[0, 2, 3], [2], [3]]


def test_names_of_files_say_who_made_songs_that_nothing_else_tells_of(make_embeddings):
    tracks = [Track(Path(f"0{row}_-_{name}_-_My_song.ogg"), "tones") for row, name in enumerate(["Ada", "Bo", "Cy"])]
    contents = page_contents(make_embeddings(tracks), Path("run"))
    assert contents["songs"]["name"] == ["My song"] * 3 and contents["songs"]["by"] == ["Ada", "Bo", "Cy"]
    assert (contents["artists"]["name"], contents["artists_from"]) == (["Ada", "Bo", "Cy"], "names")


def test_copies_of_a_song_are_no_neighbours(make_embeddings):
    tracks = [Track(Path("a.mp3"), "tones")] * 20
    copied = replace(make_embeddings(tracks), digests=np.repeat(np.array(["a", "b", "c", "d"]), 5))
    songs = page_contents(copied, Path("run"))["songs"]
    assert songs["recording"].tolist() == np.repeat([0, 5, 10, 15], 5).tolist() and songs["nearest"].shape == (20, 3)
    assert [sorted(near) for near in songs["nearest"].tolist()[4:6]] == [[5, 10, 15], [0, 10, 15]]


def test_of_one_song_without_an_artist_there_is_no_artist_nothing_nearest_and_one_genre(make_embeddings):
    contents = page_contents(make_embeddings([Track(Path("a.mp3"), "tones")]), Path("run"))
    artists = contents["artists"]
    assert artists["name"] == [] and len(artists["x"]) == len(artists["genre"]) == 0
    assert contents["songs"]["nearest"].shape == (1, 0) and artists["nearest"].shape == (0, 0)
    found = [(genre["name"], genre["songs"], genre["centre"] is None) for genre in contents["genres"]]
    assert found == [("clicks", 0, True), ("noise", 0, True), ("tones", 1, False)]


def test_songs_of_unknown_genre_count_as_what_they_are_taken_for(make_embeddings):
    tracks = [Track(Path("a.mp3"), "", "Ada")] * 2
    contents = page_contents(make_embeddings(tracks, taken_for={0: "tones", 1: "tones"}), Path("run"))
    assert (contents["songs"]["genre"].tolist(), contents["songs"]["known"].tolist()) == ([2, 2], [0, 0])
    assert [genre["songs"] for genre in contents["genres"]] == [0, 0, 2] and contents["artists"]["genre"] == [2]
    assert [(fill["label"], fill["songs"]) for fill in contents["fills"]] == [("unknown genre, colour as predicted", 2)]


def test_the_nearest_songs_and_similarities_take_few_bytes(make_embeddings):
    tracks = [Track(Path("a.mp3"), genre, genre) for genre in ("tones", "noise") for _ in range(150)]
    contents = page_contents(make_embeddings(tracks), Path())
    songs = contents["songs"]
    assert songs["nearest"].shape == (300, 10)
    assert (songs["nearest"].dtype, songs["similarity"].dtype) == (np.uint16, np.int8)
    assert (songs["nearest"][:150] < 150).all() and 90 < songs["similarity"].min() <= songs["similarity"].max() <= 100
    assert contents["artists"]["nearest"].tolist() == [[1], [0]]


def test_a_page_finds_a_song_beside_it_whatever_its_name():
    assert address(Path("songs/a b.mp3"), Path("run")) == "../songs/a%20b.mp3"
    assert address(Path("run/javascript:alert(1)?#%.mp3"), Path("run")) == "javascript%3Aalert%281%29%3F%23%25.mp3"
    assert PurePosixPath(address(Path("songs/é.mp3").absolute(), Path("run"))) == PurePosixPath("../songs/%C3%A9.mp3")


def test_a_song_on_another_drive_is_named_in_full(monkeypatch):
    def another_drive(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr("os.path.relpath", another_drive)
    assert address(Path("a b.mp3"), Path("run")) == Path("a b.mp3").absolute().as_uri()
