import os
from pathlib import Path

import pytest

from genre_lightning.data.walk import AUDIO_SUFFIXES, find_files


@pytest.fixture
def files(tmp_path):
    """Make files, each with its content, in a folder; returns it."""

    def make(**contents):
        for name, content in contents.items():
            path = tmp_path / "music" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "music"

    return lambda contents: make(**contents)


def reasons(root):
    return {path.relative_to(root).as_posix(): reason for path, reason in find_files(root).others.items()}


def songs(root):
    return [path.relative_to(root).as_posix() for path in find_files(root).songs]


def test_people_s_formats_are_songs_by_their_names():
    people_have = {
        ".wav",
        ".flac",
        ".ogg",
        ".opus",
        ".mp3",
        ".m4a",
        ".aac",
        ".wma",
        ".aiff",
        ".au",
        ".weba",
        ".dsf",
        ".m4p",
    }
    assert people_have < AUDIO_SUFFIXES


def test_every_file_is_a_song_or_has_a_reason(files):
    root = files({
        "Vol.1.flac/a.mp3": b"", "Vol.1.flac/.DS_Store": b"", "._x.mp3": b"", "list.m3u": b"#EXTM3U", "cover.JPG": b"",
        ".git/song.mp3": b"", "b.weba": b"", "song.mp3.part": b"ID3",
    })  # fmt: skip
    assert songs(root) == ["Vol.1.flac/a.mp3", "b.weba"]
    assert reasons(root) == {
        "Vol.1.flac/.DS_Store": "is hidden", "._x.mp3": "is hidden", "list.m3u": "is no song: .m3u",
        "cover.JPG": "is no song: .jpg", ".git": "is a hidden folder", "song.mp3.part": "is no song: .part",
    }  # fmt: skip


BEGINNINGS = {
    "wav": b"RIFF\0\0\0\0WAVEfmt ", "mp3 with tags": b"ID3\3\0", "mp3 without": b"\xff\xfb\x90\x64", "flac": b"fLaC",
    "ogg": b"OggS", "m4a": b"\0\0\0\x20ftypM4A ", "au": b".snd", "aiff": b"FORM\0\0\0\0AIFF",
}  # fmt: skip


@pytest.mark.parametrize("kind", BEGINNINGS)
@pytest.mark.parametrize("name", ["song", "Song No.5", "Dr. Anna and band"])
def test_a_file_whose_name_says_nothing_is_a_song_if_it_begins_as_one(files, kind, name):
    assert songs(files({name: BEGINNINGS[kind]})) == [name]


def test_other_files_without_a_suffix_are_none(files):
    root = files({"notes": b"RIFF-raff", "empty": b"", "README": b"read me"})
    assert songs(root) == [] and set(reasons(root).values()) == {"is no song: it does not begin as one"}


@pytest.mark.skipif(os.name != "posix", reason="links need rights there")
def test_links_in_a_circle_and_to_nothing_are_told(files):
    root = files({"rock/a.wav": b""})
    (root / "rock" / "self").symlink_to(root / "rock")
    (root / "gone.mp3").symlink_to(root / "nowhere.mp3")
    assert songs(root) == ["rock/a.wav"]
    assert reasons(root) == {"rock/self": "is a link to a folder that holds it", "gone.mp3": "is a link to nothing"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes in folders")
def test_a_pipe_is_not_waited_for(files):
    root = files({"a.mp3": b""})
    os.mkfifo(root / "pipe")
    os.mkfifo(root / "pipe.mp3")
    assert reasons(root) == {"pipe": "is no file", "pipe.mp3": "is no file"}


def test_a_folder_that_cannot_be_read_is_told(files, monkeypatch):
    root, scandir = files({"rock/a.mp3": b"", "locked/b.mp3": b""}), os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert songs(root) == ["rock/a.mp3"]
    assert reasons(root) == {"locked": "is a folder that cannot be read: Permission denied"}
