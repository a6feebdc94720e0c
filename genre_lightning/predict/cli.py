"""genre-lightning predict: the genres of songs as tables, JSON, CSV and pictures."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from genre_lightning.errors import UserError
from genre_lightning.text import as_cell, clock, column_widths, percent, printable, table, table_head, table_row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from genre_lightning.audio.reading import AudioError
    from genre_lightning.predict.predictor import Moment, Prediction

EXAMPLES = """\
What genre is a song, and when?

  genre-lightning predict logs/RUN song.mp3                its genres, averaged over the whole song
  genre-lightning predict logs/RUN album more.m4a --csv    a folder is searched for songs
  genre-lightning predict logs/RUN mix.flac --timeline     a row a second, and mix.flac.timeline.png"""
STATUS = "The exit status is 0 if all songs could be read, 1 if some could not, 2 if the command is wrong."
DECIMALS = 6
MISSING_SHOWN = 3
LONGEST_NAME_BYTES = 200  # most file systems have 255, and something is added to it


def add_predict(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes, and what it calls."""
    parser.description, parser.epilog = EXAMPLES, STATUS
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run, or of a sweep, or an .onnx file")
    parser.add_argument("paths", nargs="+", type=Path, metavar="SONG", help="songs, or folders of songs")
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", dest="format", action="store_const", const=as_json, help="print one list in JSON")
    formats.add_argument("--csv", dest="format", action="store_const", const=as_csv, help="print CSV")
    parser.add_argument("--timeline", action="store_true", help="print and draw each second; silence has no genre")
    parser.add_argument("--every", type=seconds, metavar="SECONDS", help="seconds per row of the timeline (default: 1)")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="where timelines are drawn (default: here)")
    parser.add_argument("--num-workers", type=count, metavar="N", help="songs read at once (default: one per core)")
    add_trust(parser)
    parser.set_defaults(format=as_table, call=predict)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets a run name code from elsewhere."""
    trust = "load classes from outside this project, which runs their code; only for runs that you trust"
    parser.add_argument("--trust", action="store_true", help=trust)


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


def predict(arguments: argparse.Namespace) -> int:
    """Print what the songs are, each format as soon as it can; returns the exit status. Raises UserError."""
    from genre_lightning.runs.run import find_model

    run, songs = find_model(arguments.run), find_songs(arguments.paths)
    from genre_lightning.predict.predictor import Predictor  # only now, since it takes seconds

    predictor = Predictor(run, trust=arguments.trust)
    genres = predictor.spec.genres
    timeline = arguments.timeline or arguments.every or arguments.pictures
    every = (arguments.every or 1.0) if timeline else None
    predictions = Predictions(predictor.predict_all(songs, every, arguments.num_workers), len(songs))
    shown = with_pictures(predictions, arguments.pictures or Path(), genres) if timeline else predictions
    for text in arguments.format(shown, genres, songs):
        say(text, sys.stdout)
    if predictions.stopped:
        raise KeyboardInterrupt
    return predictions.status


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


def as_table(predictions: Iterable[Prediction], genres: Sequence[str], songs: Sequence[Path]) -> Iterator[str]:
    """Tables for people: of one song the genres in rows, of several a line a song, of each timeline a line a moment."""
    head, full = ("file", "genre", *genres), ["100.0 %"] * len(genres)
    longest = [*((printable(song), "", *full) for song in songs), *(("", genre, *full) for genre in genres)]
    widths = column_widths([head, *longest])  # known before the first line, which is printed at once
    is_first = True
    for prediction in predictions:
        if prediction.timeline:
            rows = [moment_row(clock(moment.from_seconds), moment, genres) for moment in prediction.timeline]
            yield f"{title(prediction, prediction.path)}\n\n{table(('from', 'genre', *genres), rows)}\n"
        elif len(songs) == 1:
            rows = [(genre, percent(probability)) for genre, probability in prediction.probabilities.items()]
            yield f"{title(prediction, prediction.path)}\n\n{table(('genre', 'probability'), rows)}"
        else:
            row = table_row(moment_row(printable(prediction.path), prediction, genres), widths)
            yield f"{table_head(head, widths)}\n{row}" if is_first else row
        is_first = False


def title(prediction: Prediction, name: object) -> str:
    """A song and its most probable genre in a line."""
    return f"{printable(name)}: {printable(prediction.genre)}, {percent(prediction.probabilities[prediction.genre])}"


def moment_row(label: str, moment: Moment, genres: Sequence[str]) -> tuple[str, ...]:
    """What is in a line for a moment, or a song, and its label."""
    probabilities = [percent(moment.probabilities[genre]) if moment.genre else "" for genre in genres]
    return label, moment.genre or "silence", *probabilities


def as_json(predictions: Iterable[Prediction], *_: object) -> Iterator[str]:
    """One list, a song a line, the genres of each with the most probable first."""
    opening = "["
    for prediction in predictions:
        values = {"path": str(prediction.path), **plain(prediction)}
        if prediction.timeline:
            values["timeline"] = [plain(moment) for moment in prediction.timeline]
        yield opening + json.dumps(values)
        opening = ","
    yield "[]" if opening == "[" else "]"


def plain(moment: Moment) -> dict[str, Any]:
    """A moment, or a whole song, as JSON holds it; the genre of silence is null."""
    probabilities = {genre: round(probability, DECIMALS) for genre, probability in moment.probabilities.items()}
    return {**span(moment), "genre": moment.genre or None, "probabilities": probabilities}


def as_csv(predictions: Iterable[Prediction], genres: Sequence[str], _: object) -> Iterator[str]:
    """A line for each song, or of songs with a timeline for each moment, with a column for each genre.

    For silence the genre and the columns are empty.
    """
    yield csv_line(["path", "from_seconds", "to_seconds", "genre", *map(as_cell, genres)])
    for prediction in predictions:
        for moment in prediction.timeline or [prediction]:
            known = plain(moment)["probabilities"]
            probabilities = [known.get(genre) for genre in genres]
            told = [as_cell(str(prediction.path)), *span(moment).values(), as_cell(moment.genre)]
            yield csv_line([*told, *probabilities])


def span(moment: Moment) -> dict[str, float]:
    """From when to when, to the millisecond."""
    return {"from_seconds": round(moment.from_seconds, 3), "to_seconds": round(moment.to_seconds, 3)}


def csv_line(values: Iterable[object]) -> str:
    """One line of CSV, without its end."""
    line = io.StringIO()
    csv.writer(line).writerow(values)  # its own ends of lines are what it quotes in names
    return line.getvalue().removesuffix("\r\n")
