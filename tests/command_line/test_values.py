from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from genre_lightning.command_line.values import count, csv_file, fraction, playlist, playlist_folder, seconds


def test_values_that_will_do():
    assert fraction("0.25") == 0.25 and csv_file("a.CSV") == Path("a.CSV")
    assert seconds("0.5") == 0.5 and count("3") == 3
    assert [playlist(name) for name in ("way.m3u", "way.M3U8")] == [Path("way.m3u"), Path("way.M3U8")]


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [(count, "0", "0 is not above 0"), (seconds, "nan", "'nan' is not a number of seconds above 0"),
     (fraction, "2", "'2' is not a number from 0 to 1"), (fraction, "0,9", r"such as 0\.9"),
     (playlist_folder, "lists.m3u8", "is a file; name a folder"),
     (csv_file, "a.txt", r"a\.txt does not end with \.csv"),
     (playlist, "way.pls", r"way\.pls does not end with \.m3u or \.m3u8")],
)  # fmt: skip
def test_others_are_said_in_a_line(kind, text, told):
    with pytest.raises(ArgumentTypeError, match=told):
        kind(text)
