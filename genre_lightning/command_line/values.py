"""What values of options have to be: argparse makes a line of what these functions raise."""

import argparse
from contextlib import suppress
from pathlib import Path


def seconds(text: str) -> float:
    """A time above 0. Raises ArgumentTypeError, of which argparse makes a line."""
    with suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")


def count(text: str) -> int:
    """A whole number above 0. Raises ValueError or ArgumentTypeError, of which argparse makes a line."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return int(text)


def fraction(text: str) -> float:
    """A number from 0 to 1. Raises ArgumentTypeError, of which argparse makes a line."""
    with suppress(ValueError):
        if 0 <= float(text) <= 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1, such as 0.9")


def playlist_folder(text: str) -> Path:
    """The path of a folder, which may be new. Raises ArgumentTypeError, of which argparse makes a line."""
    if Path(text).is_file() or Path(text).suffix.lower() in (".m3u", ".m3u8"):
        raise argparse.ArgumentTypeError(f"{text} is a file; name a folder, which gets a playlist for each genre")
    return Path(text)


def csv_file(text: str) -> Path:
    """The path of a table, beside which a page is written. Raises ArgumentTypeError, of which argparse makes a line."""
    if Path(text).suffix.lower() != ".csv":
        raise argparse.ArgumentTypeError(f"{text} does not end with .csv")
    return Path(text)


def playlist(text: str) -> Path:
    """The path of a playlist. Raises ArgumentTypeError, of which argparse makes a line."""
    if Path(text).suffix.lower() not in (".m3u", ".m3u8"):
        raise argparse.ArgumentTypeError(f"{text} does not end with .m3u or .m3u8")
    return Path(text)
