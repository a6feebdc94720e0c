from dataclasses import replace
from pathlib import Path

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.recordings import Recordings
from genre_lightning.data.selection import Selection
from genre_lightning.train.about_songs import about_songs

ONE, TWO = Track(Path("a`b.mp3"), "rock", split="train"), Track(Path("b.ogg"), "jazz", split="train")


def told(*tracks, twins=(), parts=(), others=None):
    return "\n\n".join(about_songs(Selection(Catalogue(tracks, others or {}), [], recordings=Recordings(twins, parts))))


def test_there_is_nothing_to_say_of_ordinary_songs():
    assert told(ONE, TWO) == ""


def test_labels_that_contradict_each_other_come_first_with_both_genres():
    text = told(ONE, TWO, twins=[[ONE, TWO]])
    assert text.startswith("**Labels that contradict each other**: 1 recording under several genres.")
    assert "- `` a`b.mp3 `` (rock), `b.ogg` (jazz)" in text


def test_twins_are_counted_and_a_split_that_divides_them_is_warned_of():
    assert "1 recording in 2 files. They are kept in one split." in told(ONE, TWO, twins=[[ONE, TWO]])
    apart = replace(TWO, split="test")
    assert "**Warning**: the split divides 1 of these recordings" in told(ONE, apart, twins=[[ONE, apart]])


def test_parts_say_what_to_do_if_they_are_none():
    songs = [Track(Path(f"x_{n}.wav"), "rock") for n in range(5)]
    text = told(*songs, parts=[songs])
    assert "5 files of 1 recording" in text and "name their artists" in text
    assert "- `x_0.wav`, `x_1.wav`, `x_2.wav` and 2 more" in text


def test_every_other_file_is_counted_by_its_reason():
    text = told(
        ONE, others={Path("x/.DS_Store"): "is hidden", Path("._a"): "is hidden", Path("c.jpg"): "is no song: .jpg"}
    )
    assert "**Files that are not among the songs**: 3" in text
    assert (
        "- 2 files, since each is hidden: `.DS_Store`, `._a`" in text
        and "- 1 file, since it is no song: .jpg: `c.jpg`" in text
    )


def test_a_long_list_ends_with_where_the_rest_is():
    groups = [[replace(ONE, path=Path(f"{n}a")), replace(ONE, path=Path(f"{n}b"))] for n in range(30)]
    text = told(ONE, twins=groups)
    assert text.count("\n- ") == 21 and "and 10 more: see the column recording_of of manifest.csv" in text
