import errno
import os
from pathlib import Path

import pytest

from genre_lightning.files import unfinished_files, write_text_whole, write_whole


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


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["fsync", "open", "replace"])
def test_a_disk_that_is_full_is_told_of_with_the_file_and_the_older_one_stays(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError) as caught:
        write_whole(path, lambda file: file.write(b"new"))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert str(caught.value).endswith(f"'{path}'")  # and names no second one
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_numpy_s_words_for_a_full_disk_are_understood(tmp_path):
    def fail(file):
        raise OSError("579264 requested and 403392 written")

    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(tmp_path / "shard.npy", fail)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(tmp_path / "shard.npy")


def test_another_file_that_an_error_names_stays_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "file", lambda file: file.write((tmp_path / "gone").read_bytes()))
    assert caught.value.filename == str(tmp_path / "gone")


def test_why_a_file_is_not_written_is_told_also_if_what_is_left_cannot_be_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EROFS, "read-only")))
    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "file", lambda _: 1 / 0)


def test_what_a_kill_leaves_half_written_is_found_and_nothing_else(tmp_path):
    for name in ("map.png", "notes.tmp", "map.png.0123abcd.tmp"):
        (tmp_path / name).touch()
    assert unfinished_files(tmp_path) == [tmp_path / "map.png.0123abcd.tmp"]


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
