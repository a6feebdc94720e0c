from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.errors import UserError
from genre_lightning.labels.listed import label_of, listed_songs, own_line


@pytest.fixture
def write(tmp_path):
    def write(name, *lines, encoding="utf-8"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


def test_what_the_later_file_says_goes_before_and_nothing_that_was_said_is_lost(write, tmp_path):
    first = write("manifest.csv", "path,genre,year,genre_checked", "a.wav,rock,1999,", "b.wav,jazz,2001,jazz")
    second = write(
        "suggest.csv", "path,genre,genre_checked,suggestion", "a.wav,,pop,pop", "b.wav,,,rock", "c.wav,,,pop"
    )
    listed = listed_songs((first, second), tmp_path)
    a, b = (listed[(tmp_path / name).resolve()] for name in ("a.wav", "b.wav"))
    assert len(listed) == 2  # nobody has labelled c.wav
    assert (a.genre, label_of(a), a.extra["year"]) == ("rock", "pop", "1999")
    assert (label_of(b), b.extra["genre_checked"], b.extra["suggestion"]) == ("jazz", "jazz", "rock")


def test_a_song_to_be_dropped_is_listed_without_a_label(write, tmp_path):
    file = write("suggest.csv", "path,genre,genre_checked", "a.wav,rock,drop", "b.wav,, Hip-Hop ", encoding="utf-8-sig")
    dropped, other = listed_songs((file, tmp_path / "none.csv"), tmp_path).values()
    assert (label_of(dropped), label_of(other)) == ("", "hiphop") and dropped.extra["genre_checked"] == "drop"


@pytest.mark.parametrize("lines", [["genre", "rock"], ["path,genre", "a.wav"], ["path,genre", "a.wav,rock,1,2"]])
def test_a_file_that_lists_no_songs_is_named(write, tmp_path, lines):
    with pytest.raises(UserError, match=r"suggest\.csv: has a line without a path"):
        listed_songs((write("suggest.csv", *lines),), tmp_path)


def test_a_song_of_a_run_loses_the_runs_split_and_fold_only():
    track = Track(Path("a.wav"), "rock", "Queen", "Jealousy", "train", {"tested_in_fold": "3", "year": "1978"})
    assert own_line(track) == Track(Path("a.wav"), "rock", "Queen", "Jealousy", extra={"year": "1978"})
