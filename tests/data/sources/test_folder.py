import os
import shutil

import pytest

from genre_lightning.data.sources.folder import AUDIO_SUFFIXES, folder
from genre_lightning.errors import UserError


@pytest.fixture
def files(tmp_path):
    """Make empty files under `music`; returns that folder."""

    def make(*names):
        for name in names:
            (tmp_path / "music" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "music" / name).touch()
        return tmp_path / "music"

    return make


def listed(root, **settings):
    """What `folder` finds, as relative paths."""
    return [track.path.relative_to(root).as_posix() for track in folder(str(root), **settings)]


def test_a_folder_is_a_genre(files):
    root = files("rock/b.mp3", "rock/a.wav", "Hip-Hop/c.flac")
    found = [(track.path.relative_to(root).as_posix(), track.genre) for track in folder(str(root))]
    assert found == [("Hip-Hop/c.flac", "hiphop"), ("rock/a.wav", "rock"), ("rock/b.mp3", "rock")]


def test_folders_in_a_genre_belong_to_it(files):
    root = files("rock/The Who/Tommy/1.mp3", "rock/The Who/2.mp3", "jazz/3.mp3")
    assert [track.genre for track in folder(str(root))] == ["jazz", "rock", "rock"]


def test_only_audio_is_listed_whatever_the_case_of_its_suffix(files):
    root = files("rock/a.MP3", "rock/b.M4a", "rock/cover.jpg", "rock/list.m3u", "rock/Thumbs.db", "rock/noise", "c.jpg")
    assert listed(root) == ["rock/a.MP3", "rock/b.M4a"]
    assert {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".wma", ".aiff", ".aif", ".au"} < AUDIO_SUFFIXES


def test_songs_in_no_genre_s_folder_have_no_genre(files):
    root = files("rock/a.mp3", "b.mp3", ".c.mp3", "zither/d.mp3")
    found = [(track.path.name, track.genre) for track in folder(str(root))]
    assert found == [("b.mp3", ""), ("a.mp3", "rock"), ("d.mp3", "zither")]
    assert folder(str(root)).genres == ["rock", "zither"]
    assert listed(root, genres=["rock"]) == ["rock/a.mp3"]


def test_hidden_files_and_folders_are_left_out(files):
    root = files("rock/a.mp3", "rock/._a.mp3", "rock/.hidden/b.mp3", ".trash/c.mp3", "rock/.mp3")
    assert listed(root) == ["rock/a.mp3"]


def test_songs_below_a_hidden_folder_of_the_user_are_listed(files):
    assert listed(files(".data/rock/a.mp3") / ".data") == ["rock/a.mp3"]


def test_a_manifest_says_what_there_is(files):
    root = files("rock/a.mp3", "unsorted/b.mp3")
    (root / "manifest.csv").write_text("path,genre,artist,split\nunsorted/b.mp3,Jazz,Monk,test\n", encoding="utf-8")
    (track,) = folder(str(root))
    assert (track.path, track.genre, track.artist, track.split) == (root / "unsorted" / "b.mp3", "jazz", "Monk", "test")


@pytest.mark.parametrize("with_manifest", [False, True])
def test_genres_can_be_chosen(songs, with_manifest):
    root = songs(artists=2)
    if not with_manifest:
        (root / "manifest.csv").unlink()
    songs = ["noise/0_0.wav", "noise/1_1.wav", "tones/0_0.wav", "tones/1_1.wav"]
    assert listed(root, genres=["NOISE", "tones"]) == songs


def test_a_missing_folder_is_named_and_a_file_is_none(files):
    root = files("rock/a.mp3")
    for path in (root / "nowhere", root / "rock" / "a.mp3"):
        with pytest.raises(UserError, match=rf"data\.root: there is no folder .*{path.name}"):
            folder(str(path))


@pytest.mark.parametrize("names", [["a.jpg"], ["rock/cover.jpg"]])
def test_a_folder_without_songs_is_named(files, names):
    with pytest.raises(UserError, match=r"no songs in .*music.*folder for each genre"):
        folder(str(files(*names)))


def test_a_tilde_is_the_home_folder(songs, tmp_path, monkeypatch):
    shutil.move(songs(), tmp_path / "home" / "music")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert len(folder("~/music")) == 9


@pytest.mark.skipif(os.name != "posix", reason="links need rights there")
def test_linked_folders_are_followed_but_not_in_circles(files, tmp_path):
    root, elsewhere = files("lib/rock/a.wav"), tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "b.wav").touch()
    root = root / "lib"
    (root / "jazz").symlink_to(elsewhere)
    (elsewhere / "deep" / "back").symlink_to(root)
    (root / "rock" / "self").symlink_to(root / "rock")
    assert listed(root) == ["jazz/deep/b.wav", "rock/a.wav"]
