"""genre-lightning predict: the genres of songs as tables, JSON, CSV and pictures."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from genre_lightning.command_line.values import count, fraction, playlist_folder, seconds
from genre_lightning.errors import UserError
from genre_lightning.predict import playlists
from genre_lightning.predict.formats import as_csv, as_json, as_table, title
from genre_lightning.predict.library import alone_in, join_parts, songs_left, write_parts
from genre_lightning.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from genre_lightning.audio.reading import AudioError
    from genre_lightning.data.engine import Dask, Threads
    from genre_lightning.predict.predictor import Prediction, Predictor

EXAMPLES = """\
What genre is a song, and when?

  genre-lightning predict logs/RUN song.mp3                its genres, averaged over the whole song
  genre-lightning predict logs/RUN album more.m4a --csv    a folder is searched for songs
  genre-lightning predict logs/RUN mix.flac --timeline     a row a second, and mix.flac.timeline.png
  genre-lightning predict logs/RUN library --into found    a library: a table there; goes on if stopped
  genre-lightning predict logs/RUN library --m3u lists     a playlist a genre too: lists/jazz.m3u8"""
STATUS = "The exit status is 0 if all songs could be read, 1 if some could not, 2 if the command is wrong."
DECIMALS = 6
MISSING_SHOWN = 3
LONGEST_NAME_BYTES = 200  # most file systems have 255, and something is added to it


def add_predict(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes, and what it calls."""
    parser.description, parser.epilog = EXAMPLES, STATUS
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run, or of a sweep, or an .onnx file")
    parser.add_argument("paths", nargs="+", type=Path, metavar="SONG", help="songs, or folders of songs")
    add_outputs(parser)
    right = "no genre where a run with folds is too unsure for this part of genres to be right, as 0.9: docs/none.md"
    parser.add_argument("--precision", type=fraction, metavar="P", help=right)
    parser.add_argument("--timeline", action="store_true", help="print and draw each second; silence has no genre")
    parser.add_argument("--every", type=seconds, metavar="SECONDS", help="seconds per row of the timeline (default: 1)")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="where timelines are drawn (default: here)")
    parser.add_argument("--num-workers", type=count, metavar="N", help="songs read at once (default: one per core)")
    parser.add_argument(
        "--engine", choices=["threads", "dask"], default="threads", help="dask: a cluster does the work"
    )
    parser.add_argument("--address", help="of the scheduler of --engine dask (default: a cluster on this machine)")
    add_trust(parser)
    parser.set_defaults(call=predict)


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Add how songs are told, and where."""
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", dest="format", action="store_const", const=as_json, help="print one list in JSON")
    formats.add_argument("--csv", dest="format", action="store_const", const=as_csv, help="print CSV")
    formats.add_argument("--into", type=Path, metavar="FOLDER", help="write CSV there, part by part, and go on from it")
    playlist = "write a playlist for each genre there too, the most probable songs first"
    parser.add_argument("--m3u", type=playlist_folder, metavar="FOLDER", help=playlist)
    parser.set_defaults(format=as_table)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a run name code from elsewhere."""
    trust = "load classes from outside this project, which runs their code; only for runs that you trust"
    parser.add_argument("--trust", action="store_true", help=trust)


def predict(arguments: argparse.Namespace) -> int:
    """Print what the songs are, each format as soon as it can; returns the exit status. Raises UserError."""
    from genre_lightning.runs.run import find_model

    run, songs, every = find_model(arguments.run), find_songs(arguments.paths), moments(arguments)
    from genre_lightning.predict.predictor import Predictor  # only now, since it takes seconds

    predictor = Predictor(run, arguments.trust, arguments.precision)
    if arguments.m3u is not None:
        playlists.prepare(arguments.m3u, predictor.spec.genres, songs)
    if predictor.limits is not None:
        say(str(predictor.limits), sys.stderr)
    told = print_predictions if arguments.into is None else predict_library
    status, found = told(arguments, predictor, songs, every)
    if arguments.m3u is not None:
        written = playlists.write_playlists(found, predictor.spec.genres, arguments.m3u)
        say(f"wrote {written} playlist{'s' * (written != 1)} into {printable(arguments.m3u)}", sys.stderr)
    return status


def moments(arguments: argparse.Namespace) -> float | None:
    """How long each moment of a timeline is, in seconds; None: whole songs only. Raises UserError."""
    if not (arguments.timeline or arguments.every or arguments.pictures):
        return None
    if arguments.precision is not None:
        raise UserError("--precision is known of whole songs only; leave out --timeline")
    if arguments.m3u is not None and arguments.into is not None:
        raise UserError("--m3u: a table of moments does not say what a whole song is; leave out --timeline or --into")
    return arguments.every or 1.0


def print_predictions(
    arguments: argparse.Namespace, predictor: Predictor, songs: Sequence[Path], every: float | None
) -> tuple[int, list[playlists.Sorted]]:
    """Print what the songs are; returns the exit status, and the songs by their genres."""
    found: list[playlists.Sorted] = []
    genres = predictor.spec.genres
    predictions = Predictions(predictor.predict_all(songs, every, engine_of(arguments)), len(songs))
    noted = playlists.noting(predictions, found)
    shown = noted if every is None else with_pictures(noted, arguments.pictures or Path(), genres)
    for text in arguments.format(shown, genres, songs, predictor.limits is not None):
        say(text, sys.stdout)
    if predictions.stopped:
        raise KeyboardInterrupt
    return predictions.status, found


def predict_library(
    arguments: argparse.Namespace, predictor: Predictor, songs: Sequence[Path], every: float | None
) -> tuple[int, list[playlists.Sorted]]:
    """Write what the songs are into a folder, those that are not there yet; returns as `print_predictions` does."""
    folder, genres, abstains = arguments.into, predictor.spec.genres, predictor.limits is not None
    model = (
        f"{predictor.fingerprint}{f'-{every:g}' if every else ''}{f'-none{predictor.precision:g}' if abstains else ''}"
    )
    with alone_in(folder):
        todo = songs_left(folder, model, songs)
        predictions = Predictions(predictor.predict_all(todo, every, engine_of(arguments)), len(todo))
        write_parts(folder, model, predictions, lambda part: as_csv(part, genres, songs, abstains))
        if predictions.stopped:
            raise KeyboardInterrupt
        table = join_parts(folder, model, next(as_csv([], genres, songs, abstains)))
        say(f"wrote {printable(table)}", sys.stderr)
        found = [] if arguments.m3u is None else playlists.sorted_before(table, len(genres), songs)
    return predictions.status, found


def engine_of(arguments: argparse.Namespace) -> Threads | Dask:
    """What reads the songs. Raises UserError."""
    from genre_lightning.data.engine import Dask, Threads

    if arguments.engine == "threads" and arguments.address:
        raise UserError("--address is that of a cluster: add --engine dask")
    if arguments.engine == "dask":
        return Dask(arguments.address, arguments.num_workers)
    return Threads(arguments.num_workers)


def find_songs(paths: Iterable[Path]) -> list[Path]:
    """The files among `paths`, and the songs below the folders.

    Raises UserError for a folder without any, and if none of the files is there.
    """
    from genre_lightning.data.walk import find_files

    songs = []
    for path in paths:
        found = find_files(path).songs if os.path.isdir(path) else [path]  # noqa: PTH112 (Path.is_dir raises for names that are too long)
        if not found:
            raise UserError(f"there are no songs in {printable(path)}")
        songs += found
    if not any(map(os.path.exists, songs)):
        raise UserError("; ".join(f"{printable(song)} does not exist" for song in songs[:MISSING_SHOWN]))
    return list(dict.fromkeys(songs))


class Predictions:
    """The predictions in their order, with a progress bar; songs that could not be read are reported on stderr.

    Afterwards `status` is the command's exit status, and `stopped` says whether Ctrl-C has ended it early.
    """

    def __init__(self, outcomes: Iterator[tuple[Path, Prediction | AudioError]], total: int) -> None:
        self.outcomes, self.total, self.status, self.stopped = outcomes, total, 0, False

    def __iter__(self) -> Iterator[Prediction]:
        from tqdm import tqdm

        from genre_lightning.audio.reading import AudioError

        try:
            for path, outcome in tqdm(self.outcomes, total=self.total, unit="song", disable=self.total == 1 or None):
                if isinstance(outcome, AudioError):
                    self.status = 1
                    say(f"error: {printable(path)} {outcome}", sys.stderr)
                else:
                    yield outcome
        except KeyboardInterrupt:
            self.stopped = True


def say(text: str, stream: TextIO) -> None:
    """Print a line at once, above the progress bar."""
    from tqdm import tqdm

    tqdm.write(text, stream)
    stream.flush()


def with_pictures(predictions: Iterable[Prediction], folder: Path, genres: Sequence[str]) -> Iterator[Prediction]:
    """Draw each song's timeline as NAME.timeline.png in `folder`. Raises UserError if one cannot be written."""
    from genre_lightning.plotting import save_picture

    drawn: Counter[str] = Counter()
    for prediction in predictions:
        name = file_name(prediction.path.name)
        drawn[name] += 1
        number = f".{drawn[name]}" if drawn[name] > 1 else ""  # of several songs called alike
        path = folder / f"{name}{number}.timeline.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_picture(picture(prediction, genres), path)
        except OSError as error:
            raise UserError(f"cannot write {printable(path)}: {error.strerror or error}") from None
        say(f"drew {printable(path)}", sys.stderr)
        yield prediction


def file_name(name: str) -> str:
    """A song's name, so short that something can be added to it in the name of a file."""
    return name.encode(errors="replace")[:LONGEST_NAME_BYTES].decode(errors="ignore")


def picture(prediction: Prediction, genres: Sequence[str]) -> Figure:
    """A song's genres over time."""
    from genre_lightning.predict.timeline import timeline_picture

    edges = [*(moment.from_seconds for moment in prediction.timeline), prediction.to_seconds]
    probabilities = [[moment.probabilities.get(genre, 0.0) for genre in genres] for moment in prediction.timeline]
    return timeline_picture(edges, probabilities, genres, title(prediction, prediction.path.name))
