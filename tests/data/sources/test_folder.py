import os
import shutil
from pathlib import Path

import pytest

from genre_lightning.data.sources.folder import folder
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


def test_a_folder_of_what_is_none_of_the_others_is_a_genre_like_them(files):
    root = files("Other/speech/1.mp3", "Other/folk/2.mp3", "jazz/3.mp3")
    assert folder(str(root)).genres == ["jazz", "other"]
    assert [track.genre for track in folder(str(root))] == ["other", "other", "jazz"]


def test_only_audio_is_listed_whatever_the_case_of_its_suffix(files):
    root = files("rock/a.MP3", "rock/b.M4a", "rock/cover.jpg", "rock/list.m3u", "rock/Thumbs.db", "rock/noise", "c.jpg")
    assert listed(root) == ["rock/a.MP3", "rock/b.M4a"]


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
    with pytest.raises(UserError, match=r"data\.root: there is no folder .*nowhere"):
        folder(str(root / "nowhere"))
    with pytest.raises(UserError, match=r"data\.root: .*a\.mp3 is a file; name the folder of the songs"):
        folder(str(root / "rock" / "a.mp3"))


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


@pytest.mark.parametrize("above", ["", "Data"])
def test_gtzan_as_kaggle_has_it_is_answered_with_the_command_that_was_meant(files, above):
    root = files(Path(above, "genres_original/jazz/a.wav"), Path(above, "images_original/jazz/a.png"))
    with pytest.raises(UserError, match=r"type data=gtzan .*data\.root=.*music"):
        folder(str(root))


@pytest.mark.parametrize("above", ["", "fma_small"])
def test_fma_is_answered_with_the_command_that_was_meant(files, above):
    root = files("fma_metadata/tracks.csv", *(Path(above, song) for song in ("000/000002.mp3", "155/155066.mp3")))
    for place in {root, root / above}:
        with pytest.raises(UserError, match=r"is FMA; type data=fma .*data\.root=.*music"):
            folder(str(place))


def test_several_folders_are_one_data_set_each_with_its_manifest(files, tmp_path):
    one, other = files("a/rock/1.mp3") / "a", files("b/x.mp3") / "b"
    (other / "manifest.csv").write_text("path,genre,artist\nx.mp3,Jazz,Monk\n", encoding="utf-8")
    found = folder([str(one), str(other), str(one)])
    assert [(track.path.name, track.genre, track.artist) for track in found] == [
        ("1.mp3", "rock", ""),
        ("x.mp3", "jazz", "Monk"),
    ]
    with pytest.raises(UserError, match=r"there is no folder .*nowhere"):
        folder([str(one), str(tmp_path / "nowhere")])


def test_what_is_no_song_is_kept_with_its_reason(files):
    root = files("rock/a.mp3", "rock/cover.jpg", "rock/._a.mp3")
    assert {path.name: reason for path, reason in folder(str(root), ["rock"]).others.items()} == {
        "cover.jpg": "is no song: .jpg", "._a.mp3": "is hidden",
    }  # fmt: skip


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="names are always text there")
def test_a_name_that_no_table_can_hold_is_told(files):
    root = files("rock/a.mp3")
    Path(os.fsdecode(os.fsencode(root) + b"/rock/caf\xe9.mp3")).touch()
    catalogue = folder(str(root))
    assert [track.path.name for track in catalogue] == ["a.mp3"] and "rename it" in next(
        iter(catalogue.others.values())
    )


def test_folders_of_splits_above_genres_are_splits(files):
    root = files("train/Jazz/a.mp3", "valid/Jazz/b.mp3", "test/rock/c.mp3")
    found = [(track.path.name, track.genre, track.split) for track in folder(str(root))]
    assert found == [("c.mp3", "rock", "test"), ("a.mp3", "jazz", "train"), ("b.mp3", "jazz", "val")]


def test_a_genre_may_be_called_test(files):
    assert folder(str(files("test/a.mp3", "train/b.mp3"))).genres == ["test", "train"]


def test_files_that_a_manifest_does_not_list_are_told(files):
    root = files("rock/a.mp3", "rock/b.mp3", "rock/cover.jpg")
    (root / "manifest.csv").write_text("path,genre\nrock/a.mp3,rock\n", encoding="utf-8")
    others = {path.name: reason for path, reason in folder(str(root)).others.items()}
    assert others["b.mp3"] == "is not listed in manifest.csv" and others["cover.jpg"] == "is no song: .jpg"
    assert "manifest.csv" not in others


def test_a_folder_in_another_one_keeps_what_the_first_says(files):
    root = files("Jazz/Anna/a.mp3", "rock/b.mp3")
    assert folder([str(root), str(root / "Jazz")]).genres == ["jazz", "rock"]
