import os
import re
from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.errors import UserError
from genre_lightning.labels.listed import label_of, listed_anew, listed_songs


@pytest.fixture
def write(tmp_path):
    def write(name, *lines, encoding="utf-8"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


@pytest.mark.parametrize("newer", [0, 1])
def test_what_the_newer_file_says_goes_before_and_no_column_is_lost(write, tmp_path, newer):
    files = (
        write(
            "manifest.csv", "path,genre,artist,year,genre_checked", "a.wav,rock,Queen,1999,", "b.wav,,Blur,2001,jazz"
        ),
        write("suggest.csv", "path,genre,genre_checked,suggestion", "a.wav,,pop,pop", "b.wav,,,rock", "c.wav,,,pop"),
    )
    for age, file in enumerate((files[newer], files[1 - newer])):
        os.utime(file, (1e9 - age, 1e9 - age))
    listed = listed_songs(files, tmp_path)
    a, b, c = (listed[(tmp_path / name).resolve()] for name in ("a.wav", "b.wav", "c.wav"))
    assert len(listed) == 3 and label_of(c) == ""
    assert (a.artist, a.extra["year"], a.extra["suggestion"]) == ("Queen", "1999", "pop")
    assert [label_of(a), label_of(b)] == [["rock", "jazz"], ["pop", ""]][newer]


def test_a_song_to_be_dropped_is_listed_without_a_label(write, tmp_path):
    file = write("suggest.csv", "path,genre,genre_checked", "a.wav,rock,drop", "b.wav,, Hip-Hop ", encoding="utf-8-sig")
    dropped, other = listed_songs((file, tmp_path / "none.csv"), tmp_path).values()
    assert (label_of(dropped), label_of(other)) == ("", "hiphop") and dropped.extra["genre_checked"] == "drop"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["genre", "rock"], "suggest.csv: its first line must name the column path"),
        (["path,genre", ",rock"], "suggest.csv, line 2: the path is empty"),
        (["path,genre", "a.wav,rock,1,2"], "suggest.csv, line 2: has 4 values, and the first line 2"),
    ],
)
def test_a_file_that_lists_no_songs_is_named(write, tmp_path, lines, told):
    with pytest.raises(UserError, match=re.escape(told)):
        listed_songs((write("suggest.csv", *lines),), tmp_path)


def test_a_song_is_listed_anew_without_split_and_fold():
    track = Track(Path("a.wav"), "rock", "Queen", "Jealousy", "train", {"tested_in_fold": "3", "year": "1978"})
    assert listed_anew(track) == Track(Path("a.wav"), "rock", "Queen", "Jealousy", extra={"year": "1978"})
