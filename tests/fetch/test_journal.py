import os
import time

import pytest

from genre_lightning.fetch.journal import Journal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.txt"


def keep(journal, question, answer):
    journal.heard(question, answer)
    journal.keep()


def test_what_was_kept_is_known_to_the_next_run(path):
    journal = Journal(path)
    keep(journal, "a", b"\x00\xff\n" * 1000)
    keep(journal, "b", b"{}")
    again = Journal(path)
    assert (again.recall("a"), again.recall("b"), again.recall("c")) == (b"\x00\xff\n" * 1000, b"{}", None)


def test_what_was_only_heard_is_not_kept(path):
    journal = Journal(path)
    journal.heard("a", b"nothing")
    journal.heard("b", b"something")
    journal.keep()
    journal.keep()
    again = Journal(path)
    assert again.recall("a") is None and again.recall("b") == b"something"


@pytest.mark.parametrize("spoilt", [lambda whole: whole[:-9], lambda whole: whole[:90] + b"\0\xff" + whole[92:],
                                    lambda whole: b"\xff" * 200 + whole[:5], lambda whole: b""])  # fmt: skip
def test_of_a_file_that_was_cut_or_damaged_the_whole_lines_count(path, spoilt):
    keep(Journal(path), "a", b"first")
    whole = path.read_bytes()
    path.write_bytes(whole + spoilt(whole.replace(b"H4s", b"H4t")))
    journal = Journal(path)
    assert journal.recall("a") == b"first"
    keep(journal, "b", b"second")
    assert Journal(path).recall("b") == b"second"


def test_all_is_forgotten_at_once(path):
    journal = Journal(path)
    keep(journal, "a", b"first")
    Journal(path).forget()
    assert not path.exists() and Journal(path).recall("a") is None


def test_what_is_old_counts_no_more(path):
    keep(Journal(path), "a", b"first")
    week = time.time() - 8 * 24 * 60 * 60
    os.utime(path, (week, week))
    assert Journal(path).recall("a") is None
