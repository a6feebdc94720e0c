"""Predictions as tables for people, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_lightning.text import as_cell, clock, column_widths, percent, printable, table, table_head, table_row

if TYPE_CHECKING:
    from genre_lightning.predict.predictor import Moment, Prediction

DECIMALS = 6
REASON, DISTANCE = "none_because", "distance"  # why a song gets no genre, and how far it is from those of the run
NONE = "none of these"  # genres, of a song that is to get none
LONGEST_NONE = f"{NONE} (unfamiliar)"


def as_table(
    predictions: Iterable[Prediction], genres: Sequence[str], songs: Sequence[Path], abstains: bool
) -> Iterator[str]:  # fmt: skip
    """Tables for people: of one song the genres in rows, of several a line a song, of each timeline a line a moment."""
    head, named = ("file", "genre", *[DISTANCE][:abstains], *genres), [*genres, *[LONGEST_NONE][:abstains]]
    full = [*[""][:abstains], *["100.0 %"] * len(genres)]
    longest = [*((printable(song), "", *full) for song in songs), *(("", name, *full) for name in named)]
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
            row = table_row(song_row(prediction, genres), widths)
            yield f"{table_head(head, widths)}\n{row}" if is_first else row
        is_first = False


def title(prediction: Prediction, name: object) -> str:
    """A song and its most probable genre in a line; before that, that it is none, and why."""
    genre, probability = next(iter(prediction.probabilities.items()))
    none = f"{none_of(prediction)}; " if prediction.none_because else ""
    far = "" if prediction.distance is None else f"; distance {prediction.distance:.2f}"
    return f"{printable(name)}: {none}{printable(genre)}, {percent(probability)}{far}"


def none_of(prediction: Prediction) -> str:
    """That a song gets no genre, and why."""
    return f"{NONE} ({prediction.none_because})"


def moment_row(label: str, moment: Moment, genres: Sequence[str]) -> tuple[str, ...]:
    """What is in a line for a moment, or a song, and its label."""
    if not moment.probabilities:
        return label, "silence", *("" for _ in genres)
    return label, moment.genre, *(percent(moment.probabilities[genre]) for genre in genres)


def song_row(prediction: Prediction, genres: Sequence[str]) -> tuple[str, ...]:
    """What is in a line for a song; its distance from those of the run too, if it may get no genre."""
    label, genre, *probabilities = moment_row(printable(prediction.path), prediction, genres)
    distance = [] if prediction.distance is None else [f"{prediction.distance:.2f}"]
    return label, genre or none_of(prediction), *distance, *probabilities


def as_json(predictions: Iterable[Prediction], _genres: object, _songs: object, abstains: bool) -> Iterator[str]:
    """One list, a song a line, the genres of each with the most probable first."""
    opening = "["
    for prediction in predictions:
        values = {"path": str(prediction.path), **plain(prediction)}
        if abstains:
            values |= {REASON: prediction.none_because or None, DISTANCE: round(prediction.distance or 0, DECIMALS)}
        if prediction.timeline:
            values["timeline"] = [plain(moment) for moment in prediction.timeline]
        yield opening + json.dumps(values)
        opening = ","
    yield "[]" if opening == "[" else "]"


def plain(moment: Moment) -> dict[str, Any]:
    """A moment, or a whole song, as JSON holds it; the genre of silence, and that of none of these, is null."""
    probabilities = {genre: round(probability, DECIMALS) for genre, probability in moment.probabilities.items()}
    return {**span(moment), "genre": moment.genre or None, "probabilities": probabilities}


def as_csv(
    predictions: Iterable[Prediction], genres: Sequence[str], _songs: object, abstains: bool
) -> Iterator[str]:  # fmt: skip
    """A line for each song, or of songs with a timeline for each moment, with a column for each genre.

    For silence the genre and the columns are empty; for none of these the genre is, and columns say why.
    """
    more = [REASON, DISTANCE] if abstains else []
    yield csv_line(["path", "from_seconds", "to_seconds", "genre", *more, *map(as_cell, genres)])
    for prediction in predictions:
        judged = [prediction.none_because, round(prediction.distance or 0, DECIMALS)] if abstains else []
        for moment in prediction.timeline or [prediction]:
            known = plain(moment)["probabilities"]
            probabilities = [known.get(genre) for genre in genres]
            told = [as_cell(str(prediction.path)), *span(moment).values(), as_cell(moment.genre)]
            yield csv_line([*told, *judged, *probabilities])


def span(moment: Moment) -> dict[str, float]:
    """From when to when, to the millisecond."""
    return {"from_seconds": round(moment.from_seconds, 3), "to_seconds": round(moment.to_seconds, 3)}


def csv_line(values: Iterable[object]) -> str:
    """One line of CSV, without its end."""
    line = io.StringIO()
    csv.writer(line).writerow(values)  # its own ends of lines are what it quotes in names
    return line.getvalue().removesuffix("\r\n")
