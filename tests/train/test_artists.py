import csv
from dataclasses import replace
from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Catalogue, Track, read_manifest
from genre_lightning.data.selection import Selection, Skipped
from genre_lightning.data.sources.folder import folder
from genre_lightning.train.artists import guess_artist, write_artists

GUESSES = {
    "jazz/Miles Davis - So What.mp3": "Miles Davis",
    "jazz/07 - Miles Davis - So What.mp3": "Miles Davis",
    "jazz/7. Miles Davis - So What.mp3": "Miles Davis",
    "jazz/1-07 Miles_Davis_-_So_What.mp3": "Miles Davis",
    "jazz/07 Miles Davis \u2013 So What.mp3": "Miles Davis",
    "jazz/50 Cent - In Da Club.mp3": "50 Cent",
    "jazz/Miles Davis/Kind of Blue/01 So What.mp3": "Miles Davis",
    "jazz/Miles Davis - Kind of Blue/01 So What.mp3": "Miles Davis",
    "jazz/07 - So What.mp3": "",
    "jazz/jazz.00001.wav": "",
    "So What.mp3": "",
}


@pytest.mark.parametrize(("path", "artist"), GUESSES.items())
def test_an_artist_is_guessed_from_what_the_file_and_its_album_are_called(path, artist):
    assert guess_artist(Track(Path("songs", path), "jazz"), Path("songs")) == artist


def test_a_song_from_elsewhere_is_guessed_by_its_name_alone(tmp_path):
    assert guess_artist(Track(tmp_path / "jazz" / "Miles Davis" / "So What.mp3", "jazz"), Path("songs")) == ""
    assert guess_artist(Track(tmp_path / "Miles Davis - So What.mp3", "jazz"), Path("songs")) == "Miles Davis"


@pytest.fixture
def written(tmp_path):
    """Songs of which two name no artist, one of them broken, in a folder, and the artists.csv of their run."""
    songs = tmp_path / "songs"
    found = Track(songs / "rock" / "Queen - Innuendo.mp3", "rock", split="train", extra={"bpm": "66"})
    known = Track(songs / "jazz" / "1.mp3", "jazz", "Nina Simone", "Sinnerman", split="test")
    broken = Track(songs / "rock" / "2.mp3", "rock", split="val")

    def write(published):
        run = tmp_path / "run"
        run.mkdir()
        everything = [found, known, broken, Track(songs / "ska" / "1.mp3", "ska")]  # a genre that was not asked for
        source = Catalogue([track if published else replace(track, split="") for track in everything])
        write_artists(lambda: source, Selection(Catalogue([found, known]), [Skipped(broken, "is broken")]), songs, run)
        for track in everything:
            track.path.parent.mkdir(parents=True, exist_ok=True)
            track.path.touch()
        return songs, run / "artists.csv"

    return write


def test_the_list_becomes_the_manifest_of_the_songs_as_it_is(written):
    songs, listed = written(published=False)
    listed.rename(songs / "manifest.csv")
    rows = {track.path.relative_to(songs).as_posix(): track for track in folder(str(songs))}
    assert [*rows] == ["jazz/1.mp3", "rock/2.mp3", "rock/Queen - Innuendo.mp3", "ska/1.mp3"]
    assert [track.artist for track in rows.values()] == ["Nina Simone", "", "", ""]  # a guess counts for nothing
    assert [track.split for track in rows.values()] == ["", "", "", ""]  # they were chosen without knowing the artists
    assert rows["jazz/1.mp3"].title == "Sinnerman" and rows["rock/Queen - Innuendo.mp3"].extra["bpm"] == "66"


def test_guesses_are_marked_as_such_and_published_splits_are_kept(written):
    _, listed = written(published=True)
    with listed.open(newline="", encoding="utf-8") as file:
        rows = [*csv.DictReader(file)]
    assert [row["guessed_artist"] for row in rows] == ["", "", "Queen", ""]
    assert [row["split"] for row in rows] == ["test", "val", "train", ""] and len(read_manifest(listed)) == 4


def test_there_is_no_list_if_all_artists_are_known(run, tmp_path):
    assert not (run / "artists.csv").exists()
    songs = Catalogue([Track(Path("a.mp3"), "jazz", "Nina Simone")])
    write_artists(lambda: songs, Selection(songs, []), Path(), tmp_path)
    assert not [*tmp_path.iterdir()]


def test_the_folder_is_found_below_that_of_the_genre_wherever_that_is(tmp_path):
    song = Track(tmp_path / "more" / "B" / "Jazz" / "Anna - Live" / "1.mp3", "jazz")
    assert guess_artist(song, tmp_path) == "Anna"
    assert guess_artist(Track(tmp_path / "more" / "Jazz" / "1.mp3", "jazz"), tmp_path) == ""
