import os

import pytest

from genre_lightning.files import write_text_whole, write_whole


def test_a_file_is_written_and_replaces_an_older_one(tmp_path):
    path = tmp_path / "file"
    for content in (b"old", b"new"):
        write_whole(path, lambda file, content=content: file.write(content))
        assert path.read_bytes() == content and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_what_goes_wrong_leaves_the_older_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half of the new one")
        raise error

    with pytest.raises(error):
        write_whole(path, fail)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_the_name_is_there_only_when_everything_is_on_the_disk(tmp_path, monkeypatch):
    path, fsync, named = tmp_path / "file", os.fsync, []
    monkeypatch.setattr(os, "fsync", lambda descriptor: named.append(path.exists()) or fsync(descriptor))
    write_whole(path, lambda file: file.write(b"whole"))
    assert named == [False] and path.read_bytes() == b"whole"


def test_two_may_write_a_file_at_once(tmp_path):
    path = tmp_path / "file"
    write_whole(path, lambda file: write_whole(path, lambda other: other.write(b"b")) or file.write(b"a"))
    assert path.read_bytes() == b"a" and list(tmp_path.iterdir()) == [path]


def test_a_text_is_written_in_utf8_with_its_line_ends(tmp_path):
    write_text_whole(tmp_path / "file", "Füße\n\udcff", "surrogateescape")
    assert (tmp_path / "file").read_bytes() == b"F\xc3\xbc\xc3\x9fe\n\xff"


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_secret_is_its_owners_from_the_first_byte_on(tmp_path):
    modes = []
    write_whole(tmp_path / "file", lambda file: modes.append(os.fstat(file.fileno()).st_mode & 0o777), mode=0o600)
    assert [*modes, (tmp_path / "file").stat().st_mode & 0o777] == [0o600, 0o600]
