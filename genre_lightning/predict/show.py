"""genre-lightning show: a song's wave, spectrum, spectrogram, mel spectrogram and MFCC as a picture, without a run."""

from __future__ import annotations

import argparse
from contextlib import suppress
from math import inf
from pathlib import Path

from genre_lightning.command_line.values import seconds
from genre_lightning.errors import UserError
from genre_lightning.predict.explain import add_output, check_output, draw, free_name
from genre_lightning.text import printable

EXAMPLES = """\
How does a song look?

  genre-lightning show song.mp3                          song.mp3.show.png: the whole song
  genre-lightning show song.mp3 --from 60 --seconds 10   ten seconds of it, from the first minute on"""
NOTE = """\
Channels are mixed to one. What lasts longer than 20 minutes is drawn at 22,050 samples a second. A song is read whole,
also for a part of it. Networks learn from songs at one level and without their silences; here they are as they are."""


def add_show(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes, and what it calls."""
    parser.description, parser.epilog = EXAMPLES, NOTE
    parser.add_argument("song", type=Path, metavar="SONG", help="any audio file")
    where = "where the picture begins, in seconds (default: 0)"
    parser.add_argument("--from", dest="start", type=moment, default=0.0, metavar="SECONDS", help=where)
    how_long = "how long a part of the song it shows (default: all that follows)"
    parser.add_argument("--seconds", type=seconds, metavar="SECONDS", help=how_long)
    add_output(parser, "SONG.show.png")
    parser.set_defaults(call=show)


def moment(text: str) -> float:
    """A time in a song, 0 or above. Raises ArgumentTypeError, of which argparse makes a line."""
    with suppress(ValueError):
        if 0 <= float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, 0 or above")


def show(arguments: argparse.Namespace) -> None:
    """Draw a song, or a part of it. Raises UserError."""
    from genre_lightning.audio.reading import AudioError
    from genre_lightning.data.lengths import Lengths
    from genre_lightning.features.picture import excerpt_picture, read_to_draw

    check_output(arguments.output)
    try:
        recording, start = read_to_draw(arguments.song, Lengths().longest), arguments.start
    except AudioError as error:
        raise UserError(f"{printable(arguments.song)} {error}") from None
    if start >= recording.seconds:
        lasts = f"{printable(arguments.song)} lasts {recording.seconds:.2f} s"
        raise UserError(f"--from: {lasts}, so nothing of it begins at {start:g} s")
    picture = excerpt_picture(recording, printable(arguments.song.name), start, arguments.seconds or inf)
    draw(picture, arguments.output or free_name(arguments.song.name, "show"))
