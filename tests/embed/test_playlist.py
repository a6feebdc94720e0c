import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.playlist import write_playlist
from genre_lightning.errors import UserError


def test_a_playlist_names_songs_by_paths_relative_to_its_folder(tmp_path):
    near, far = tmp_path / "lists" / "songs" / "é 1.mp3", tmp_path / "else" / "some_song.mp3"
    beside = tmp_path / "lists" / "#1.mp3"
    tracks = [Track(near, "jazz", "Böhrk", "One\nmore"), Track(far, "jazz"), Track(beside, "jazz", "Ann", "2")]
    tracks.append(Track(tmp_path / "lists" / " 3.mp3", "jazz"))
    (tmp_path / "lists").mkdir()
    write_playlist(tracks, tmp_path / "lists" / "way.m3u8")
    head, remark, *lines = (tmp_path / "lists" / "way.m3u8").read_bytes().decode().split("\n")
    assert head == "#EXTM3U" and remark.startswith("# genre-lightning")
    assert lines[:2] == ["#EXTINF:-1,Böhrk - One more", "songs/é 1.mp3"]
    assert lines[2:] == [
        "#EXTINF:-1,some song",
        "../else/some_song.mp3",
        "#EXTINF:-1,Ann - 2",
        "./#1.mp3",
        "#EXTINF:-1,3",
        "./ 3.mp3",
        "",
    ]
    assert [path.name for path in (tmp_path / "lists").iterdir()] == ["way.m3u8"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_path_that_leads_up_from_a_link_is_that_of_the_folder_behind_it(tmp_path):
    song = tmp_path / "songs" / "a.mp3"
    for folder in ("songs", "deep/er/lists"):
        (tmp_path / folder).mkdir(parents=True)
    song.touch()
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er" / "lists", target_is_directory=True)
    write_playlist([Track(song, "jazz")], tmp_path / "link" / "way.m3u8")
    *_, named = (tmp_path / "link" / "way.m3u8").read_text().splitlines()
    assert named.startswith("../") and (tmp_path / "link" / named).samefile(song)


def test_lengths_are_told_where_they_are_known(tmp_path):
    write_playlist([Track(tmp_path / "a.mp3", "jazz")], tmp_path / "way.m3u8", [199.7])
    assert (tmp_path / "way.m3u8").read_text().endswith("\n#EXTINF:200,a\na.mp3\n")


def test_on_another_drive_songs_are_named_in_full(tmp_path, monkeypatch):
    monkeypatch.setattr("os.path.relpath", Mock(side_effect=ValueError("path is on mount 'D:', start on mount 'C:'")))
    (tmp_path / "lists").mkdir()
    write_playlist([Track(tmp_path / "a.mp3", "jazz")], tmp_path / "lists" / "way.m3u8")
    assert (tmp_path / "lists" / "way.m3u8").read_text().endswith(f"\n{(tmp_path / 'a.mp3').as_posix()}\n")


def test_its_own_playlist_is_written_anew_and_nobody_elses(tmp_path):
    (path := tmp_path / "way.m3u8").touch()
    for song in ("a.mp3", "b.mp3"):
        write_playlist([Track(tmp_path / song, "jazz")], path)
    assert path.read_text().endswith("\nb.mp3\n")
    path.write_text("#EXTM3U\nmine.mp3\n")
    with pytest.raises(UserError, match=r"way\.m3u8 is there already, and not of this program"):
        write_playlist([], path)
    assert path.read_text() == "#EXTM3U\nmine.mp3\n"


def test_what_cannot_be_written_is_said_in_a_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file.way\.m3u8: "):
        write_playlist([], tmp_path / "file" / "way.m3u8")
    for name in ("a\nb.mp3", "a.mp3\n", "\ra.mp3"):
        with pytest.raises(UserError, match="has a line break, which no playlist can hold"):
            write_playlist([Track(Path(name), "jazz")], tmp_path / "way.m3u8")
    write_playlist([Track(Path("a\u2028b.mp3"), "jazz")], tmp_path / "way.m3u8")  # no player ends a line there
