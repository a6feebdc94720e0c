"""genre-lightning explain: which seconds and which bands speak for a genre, in a song or in all test songs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genre_lightning.errors import UserError
from genre_lightning.predict.cli import add_trust, file_name, find_songs, say
from genre_lightning.text import harmless, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from genre_lightning.runs.run import Run

EXAMPLES = """\
What speaks for a genre, and what against it?

  genre-lightning explain logs/RUN song.mp3                its seconds and bands, and song.mp3.explain.png
  genre-lightning explain logs/RUN song.mp3 --genre jazz   what speaks for another genre than the predicted one
  genre-lightning explain logs/RUN                         the bands of each genre, the mean over its test songs"""


def add_explain(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes, and what it calls."""
    parser.description = EXAMPLES
    parser.add_argument("run", type=Path, metavar="RUN", help="a finished run's folder, or a sweep's: its best")
    whose = "a song; without one, the test songs of each genre"
    parser.add_argument("song", nargs="?", type=Path, metavar="SONG", help=whose)
    parser.add_argument("--genre", metavar="GENRE", help="what is explained (default: the predicted genre, or all)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_output(parser, "SONG.explain.png or RUN.explain.png")
    add_trust(parser)
    parser.set_defaults(call=explain)


def add_output(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option that says where a picture goes."""
    where = f"the picture to write, over any that is there (default: {default} here, numbered if that is taken)"
    parser.add_argument("--output", type=Path, metavar="FILE.png", help=where)


def explain(arguments: argparse.Namespace) -> None:
    """Explain a song, or without one the genres, and draw it. Raises UserError."""
    if arguments.run.suffix == ".onnx":
        raise UserError(f"{printable(arguments.run)}: explain reads the folder of the run that it was exported from")
    check_output(arguments.output)
    from genre_lightning.runs.run import run_with_model

    run = run_with_model(arguments.run, arguments.trust)
    if arguments.song is not None:
        find_songs([arguments.song])
    text, name, picture = explained(run, arguments.song, arguments.genre, arguments.json)
    print(harmless(text), flush=True)  # also if the picture cannot be written
    draw(picture, arguments.output or free_name(name, "explain"))


def explained(run: Run, song: Path | None, named: str | None, as_json: bool) -> tuple[str, str, Figure]:
    """What speaks for the genre that is named, in a song or in the test songs: text, what it is about, a picture."""
    from genre_lightning.predict.evidence import Listener
    from genre_lightning.predict.genre_evidence import explain_genres
    from genre_lightning.predict.song_evidence import explain_song

    genre = known_genre(named, run.spec.genres)
    if song is not None:
        return explain_song(run, Listener(run), song, genre, as_json)
    return explain_genres(run, Listener(run), [genre] if genre else run.spec.genres, as_json)


def known_genre(text: str | None, genres: Sequence[str]) -> str | None:
    """The genre of a run that somebody means; None if they name none. Raises UserError for one it does not know."""
    from genre_lightning.data.catalogue import genre_name

    if text is not None and genre_name(text) not in genres:
        raise UserError(f"--genre: the run does not know {text!r}; it knows {', '.join(genres)}")
    return None if text is None else genre_name(text)


def check_output(path: Path | None) -> None:
    """Raise UserError if a picture is to be written to what is not named like one."""
    if path is not None and path.suffix.lower() != ".png":
        raise UserError(f"--output: {printable(path)} does not end with .png")


def free_name(name: str, kind: str) -> Path:
    """NAME.KIND.png here, or with a number if that is taken; a long name is cut."""
    name, number = file_name(name), 1
    path = Path(f"{name}.{kind}.png")
    while path.exists():
        number += 1
        path = Path(f"{name}.{kind}.{number}.png")
    return path


def draw(picture: Figure, path: Path) -> None:
    """Write the picture, and say where. Raises UserError if it cannot be written there."""
    from genre_lightning.plotting import save_picture

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(picture, path, few_colours=True)
    except OSError as error:
        why = error.strerror or error
        raise UserError(f"cannot write {printable(path)}: {why}; name another file with --output") from None
    say(f"drew {printable(path)}", sys.stderr)
