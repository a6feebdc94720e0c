from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.names import name_parts, shown_title, with_names


def read(*paths, known=()):
    """Artists and titles as they are read off paths below a folder, of which the first folders are genres."""
    tracks = [Track(Path("/music", path), path.split("/")[0]) for path in paths]
    return [(track.artist, track.title) for track in with_names(Catalogue([*tracks, *known]))][: len(paths)]


QUEEN, FILES = ("Queen", "Innuendo"), ("rock/Abba - SOS.mp3", "rock/Toto - Africa.mp3")


@pytest.mark.parametrize(
    "name",
    ["Queen - Innuendo", "01 - Queen - Innuendo", "01_-_Queen_-_Innuendo", "7. Queen \u2013 Innuendo",
     "Queen - Innuendo LP - 01 - Innuendo"],
)  # fmt: skip
def test_files_name_artists_and_titles(name):
    assert read(f"rock/{name}.mp3", *FILES) == [QUEEN, ("Abba", "SOS"), ("Toto", "Africa")]


def test_folders_below_the_genres_name_artists():
    paths = ["rock/Queen/Jazz/01 Innuendo.mp3", "rock/Queen/Mustapha.mp3", "rock/Abba/1.mp3", "jazz/Nina - Live/x.mp3"]
    assert read(*paths) == [QUEEN, ("Queen", "Mustapha"), ("Abba", ""), ("Nina", "x")]


def test_folders_of_a_manifest_without_folders_of_genres_do_too():
    tracks = [Track(Path(f"/music/{name}/{row}/a.mp3"), "rock") for row, name in enumerate(["Abba", "Toto", "Queen"])]
    assert [track.artist for track in with_names(Catalogue(tracks))] == ["Abba", "Toto", "Queen"]


@pytest.mark.parametrize(
    "paths",
    [
        ["country/country.00066.ogg", "country/country.00067.ogg", "jazz/jazz.00001.ogg", "jazz/jazz.00002.ogg"],
        ["jazz/One.mp3", "jazz/Two.mp3", "jazz/Three.mp3", "jazz/Adagio - Largo.mp3"],  # not consistent
        ["jazz/Jazz - a.mp3", "jazz/jazz - b.mp3", "jazz/Jazz - c.mp3"],  # the genre
        ["jazz/Live - a.mp3", "jazz/Live - b.mp3", "jazz/Studio - c.mp3"],  # two of them
        ["jazz/Unknown Artist - a.mp3", "jazz/Various - b.mp3", "jazz/VA - c.mp3"],
        ["jazz/Piano - 1.mp3", "jazz/Flute - 2.mp3", "jazz/Drums - 3.mp3"],  # a number is no title
        ["jazz/000/a.mp3", "jazz/001/b.mp3", "jazz/002/c.mp3"],
        ["jazz/train/a.mp3", "rock/val/b.mp3", "pop/test/c.mp3"],  # as many as there are genres
    ],
)
def test_names_that_say_nothing_throughout_name_nobody(paths):
    assert read(*paths) == [("", "")] * len(paths)


def test_what_tags_say_stays_and_decides_whether_names_are_read():
    agreeing = Track(Path("/music/rock/Abba - Fernando.mp3"), "rock", "ABBA", "FERNANDO")
    titleless = Track(Path("/music/rock/Abba - Chiquitita.mp3"), "rock", "ABBA")
    untagged = [Track(Path("/music", path), "rock") for path in (*FILES, "rock/Queen - Innuendo.mp3")]
    found = [(track.artist, track.title) for track in with_names(Catalogue([agreeing, titleless, *untagged]))]
    assert found == [("ABBA", "FERNANDO"), ("ABBA", "Chiquitita"), ("Abba", "SOS"), ("Toto", "Africa"), QUEEN]
    others = [Track(Path(f"/music/rock/Song {n} - Abba.mp3"), "rock", "Abba", f"Song {n}") for n in range(3)]
    assert read(*FILES, known=others) == [("", "")] * 2  # titles come first here


def test_the_number_of_a_track_tells_nothing():
    assert name_parts("1-07 Miles_Davis_-_So_What") == ["Miles Davis", "So What"] and name_parts("50 Cent") == [
        "50 Cent"
    ]


def test_a_song_is_called_by_its_title_or_else_by_its_file():
    names = {"a_b.mp3": "a b", "a_b c.mp3": "a_b c", "country.00066.ogg": "country.00066"}
    assert [shown_title(Track(Path(name), "")) for name in names] == [*names.values()]
    assert shown_title(Track(Path("a.mp3"), "", title="A_title")) == "A_title"
