import os
from unicodedata import normalize

import pytest

from genre_lightning.data.hub.asked import Asked
from genre_lightning.data.hub.files import OUTSIDE, SILENT, file_of, kept_rows, plain
from genre_lightning.data.hub.rows import Row

WAV = b"RIFF....WAVE"


def row(name, content=WAV, number=7, split="train"):
    return Row({}, split, number, {}, content, name)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("song.wav", "train/song.wav"),
        ("/elsewhere/a/song.wav", "train/song.wav"),
        ("..\\..\\song.wav", "train/song.wav"),
        ("", "train/000007.wav"),
        ("..", "train/000007.wav"),
        ("hf://datasets/OWNER/songs@0123abc/train/rock/1.wav", "train/rock/1.wav"),
        ("zip://rock/../1.wav::hf://datasets/OWNER/songs@0123abc/all.zip", "train/rock/1.wav"),
        ("zip://1.wav::/songs/all.zip", "train/1.wav"),
    ],
)
def test_a_file_is_called_as_it_is_there_and_lies_in_the_folder_of_its_split(name, file):
    assert file_of(row(name), set()) == file


def test_names_are_such_as_every_system_takes():
    assert plain('a:b*?"<>|.wav') == "a_b______.wav" and plain(".hidden") == "hidden" and plain("con.wav") == "_con.wav"
    assert plain("a. .") == "a"
    assert plain("Ленинград - Song (Live).mp3") == "Ленинград - Song (Live).mp3" and len(plain("名" * 999)) == 40


def test_two_songs_of_one_name_are_two_files(tmp_path):
    found = kept_rows(Asked("", "OWNER/songs"), [row("A.wav", number=1), row("a.wav", b"RIFF2", 2)], tmp_path)
    assert [(path.name, path.read_bytes()) for path, *_ in found] == [("A.wav", WAV), ("000002 a.wav", b"RIFF2")]


def test_no_two_songs_share_a_file_whatever_they_are_called(tmp_path):
    names = ["000003 a.wav", "a.wav", "A.WAV", "a.wav", "e\u0301.wav", "\xe9.wav", "", "000006.wav"]
    found = [row(name, WAV + bytes([number]), number) for number, name in enumerate(names)]
    paths = [path for path, *_ in kept_rows(Asked("", "OWNER/songs"), found, tmp_path)]
    assert [path.read_bytes() for path in paths] == [one.content for one in found]
    assert len({normalize("NFC", path.name).casefold() for path in paths}) == len(names)


def test_what_was_fetched_before_is_not_fetched_again(tmp_path, monkeypatch):
    asked, name = Asked("", "OWNER/songs"), "hf://datasets/OWNER/songs@0123abc/1.wav"
    monkeypatch.setattr("genre_lightning.data.hub.files.content_at", lambda _: WAV)
    ((path, _, fault),) = kept_rows(asked, [row(name, None)], tmp_path)
    assert path.read_bytes() == WAV and not fault
    monkeypatch.delattr("genre_lightning.data.hub.files.content_at")
    assert [one for one, *_ in kept_rows(asked, [row(name, None)], tmp_path)] == [path]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "https://example.org/a.wav", "hf://datasets/OTHER/songs@0123abc/a.wav", "file:///etc/passwd"],
)
def test_a_set_leads_nowhere_else(name, tmp_path):
    asked = Asked("", "OWNER/songs")
    ((path, _, fault),) = kept_rows(asked, [row(name, None)], tmp_path / "kept")
    assert fault == OUTSIDE and not path.exists()
    folder = tmp_path / "set"
    folder.mkdir()
    ((path, _, fault),) = kept_rows(asked._replace(name=str(folder)), [row(name, None)], tmp_path / "kept")
    assert fault == OUTSIDE and not path.exists()


def test_only_files_in_archives_have_an_address_behind_another(tmp_path, monkeypatch):
    monkeypatch.setattr("genre_lightning.data.hub.files.content_at", lambda _: WAV)
    (tmp_path / "set").mkdir()
    (archive := tmp_path / "set" / "all.zip").touch()
    on_disk, of_hub = Asked("", str(tmp_path / "set")), Asked("", "OWNER/songs")
    for asked, whole in (on_disk, str(archive)), (of_hub, "hf://datasets/OWNER/songs@0123abc/all.zip"):
        names = [f"{kind}://1.wav::{whole}" for kind in ("zip", "file", "https", "simplecache::file")]
        faults = [fault for *_, fault in kept_rows(asked, [row(name, None) for name in names], tmp_path / "kept")]
        assert faults == ["", OUTSIDE, OUTSIDE, OUTSIDE]


@pytest.mark.skipif(os.name != "posix", reason="links need rights there")
def test_a_folder_leads_nowhere_else_by_links(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "secret").write_bytes(WAV)
    (tmp_path / "set" / "a.wav").symlink_to(tmp_path / "secret")
    ((_, _, fault),) = kept_rows(
        Asked("", str(tmp_path / "set")), [row(str(tmp_path / "set" / "a.wav"), None)], tmp_path
    )
    assert fault == OUTSIDE


def test_a_row_without_sound_is_told(tmp_path):
    assert [fault for *_, fault in kept_rows(Asked("", "OWNER/songs"), [row("", None)], tmp_path)] == [SILENT]
