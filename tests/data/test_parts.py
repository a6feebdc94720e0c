from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.parts import parts


def grouped(*names, genre="rock", artist="", others=5):
    """The names of the files in each group, among songs that belong to none."""
    tracks = [Track(Path("songs", genre, name), genre, artist) for name in names]
    tracks += [Track(Path("songs", genre, f"other {letter}.mp3"), genre) for letter in "abcdefgh"[:others]]
    catalogue = Catalogue(tracks)
    return [[catalogue.tracks[index].path.name for index in group] for group in parts(catalogue).kept]


@pytest.mark.parametrize(
    "names",
    [
        ["song_0.wav", "song_1.wav", "song_2.wav"], ["song.part1.mp3", "song.part3.mp3"],
        ["mix-chunk-007.ogg", "mix-chunk-008.ogg"],
        ["Long one (part 1).flac", "Long one (Part 2).flac"], ["show 1.mp3", "show 2.mp3"], ["a (1).mp3", "a (2).mp3"],
        ["blues.00000_0.wav", "blues.00000_1.wav"], ["речь часть 1.mp3", "речь часть 2.mp3"],
        ["kappa000.wav", "kappa001.wav"], ["song_0.wav", "song_30.wav", "song_60.wav"],
    ],
)  # fmt: skip
def test_numbered_parts_of_a_name_are_one_recording(names):
    assert grouped(*names) == [names]


def test_each_recording_is_a_group_of_its_own():
    assert grouped("x_0.wav", "y_0.wav", "x_1.wav", "y_1.wav") == [["x_0.wav", "x_1.wav"], ["y_0.wav", "y_1.wav"]]


@pytest.mark.parametrize(
    "names",
    [
        ["track_01.mp3", "track_02.mp3"], ["Track 1.mp3", "Track 2.mp3"], ["01.mp3", "02.mp3"],
        ["rock.00001.wav", "rock.00002.wav"],
        ["01 - One.mp3", "02 - Two.mp3"], ["Live 1969.mp3", "Live 1975.mp3", "Live 2001.mp3"],
        ["one_1.mp3"], ["song.mp3", "song2.mp3"],
    ],
)  # fmt: skip
def test_numbers_of_a_list_make_no_recording(names):
    assert grouped(*names) == []


def test_artists_that_are_known_decide_themselves():
    assert grouped("song_0.wav", "song_1.wav", artist="Anna") == []


def test_a_name_that_songs_of_known_artists_have_too_is_that_of_a_list():
    tracks = [Track(Path("rock", f"song_{n}.wav"), "rock", "Anna" if n == 3 else "") for n in range(6)]
    assert parts(Catalogue(tracks)) == ([], [])


def test_what_would_leave_little_of_a_genre_is_doubtful_and_said_to_be():
    numbered = [Track(Path("rock", f"song_{n}.wav"), "rock") for n in range(9)]
    for others in (1, 8):
        tracks = [*numbered, *(Track(Path("rock", f"other {letter}"), "rock") for letter in "abcdefgh"[:others])]
        assert parts(Catalogue(tracks)) == ([], [[*range(9)]])


def test_what_is_called_a_part_is_one_whatever_is_left_and_whichever_are_missing():
    assert grouped("song.part1.mp3", "song.part5.mp3", "song.part19.mp3", others=0) == [
        ["song.part1.mp3", "song.part5.mp3", "song.part19.mp3"]
    ]


def test_songs_of_several_genres_are_no_parts_of_one():
    tracks = [Track(Path("songs", f"clip x_{n}.wav"), "ab"[n % 2]) for n in range(4)]
    tracks += [Track(Path("songs", f"{letter}.wav"), genre) for letter in "cdefgh" for genre in "ab"]
    assert parts(Catalogue(tracks)).kept == [[0, 2], [1, 3]] == parts(Catalogue(tracks)).kept


def test_folders_keep_their_numbers_apart():
    tracks = [Track(Path(folder, f"song_{number}.wav"), "rock") for number, folder in enumerate("abcdef")]
    assert parts(Catalogue(tracks)) == ([], [])
