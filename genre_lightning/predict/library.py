"""genre-lightning predict --into FOLDER: the genres of a library, written part by part; it goes on where it stopped."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from genre_lightning.data.locks import take_lock
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole, write_whole
from genre_lightning.predict.formats import csv_line
from genre_lightning.text import as_cell, printable

if TYPE_CHECKING:
    from genre_lightning.predict.predictor import Prediction

PART_SONGS = 256


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Be the only command that writes into a folder, which is made. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = take_lock(folder)
    except Timeout:
        raise UserError(f"--into: another command writes to {printable(folder)}; wait until it has ended") from None
    except OSError as error:
        raise cannot_write(folder, error) from None
    with lock:
        yield


def songs_left(folder: Path, model: str, songs: Sequence[Path]) -> list[Path]:
    """The songs of which a folder does not have yet what this `model` says. Raises UserError for an odd table."""
    tables = [table_of(folder, model), *parts_of(folder, model)]
    done = {row[0] for table in tables if table.exists() for row in rows_of(table)}
    return [song for song in songs if as_cell(str(song)) not in done]


def write_parts(
    folder: Path, model: str, predictions: Iterable[Prediction], as_csv: Callable[[Iterable[Prediction]], Iterator[str]]
) -> None:  # fmt: skip
    """Write predictions as they come, PART_SONGS at a time; a kill loses no more than those. Raises UserError."""
    coming = iter(predictions)
    number = max((int(part.stem[-6:]) for part in parts_of(folder, model)), default=0)
    try:
        while part := [*islice(coming, PART_SONGS)]:
            number += 1
            lines = "\n".join([*as_csv(part), ""])
            write_text_whole(folder / f"predictions-{model}-{number:06d}.csv", lines, "surrogateescape")
    except OSError as error:
        raise cannot_write(folder, error) from None


def join_parts(folder: Path, model: str, head: str) -> Path:
    """Add all parts to the table, whose first line is `head`, and remove them. Raises UserError."""
    table, parts = table_of(folder, model), parts_of(folder, model)
    tables = [table, *parts] if table.exists() else parts
    try:
        write_whole(table, lambda file: file.writelines(lines_once(head, tables)))
        for part in reversed(parts):  # after a kill the next part has a number that none has had
            part.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from None
    return table


def lines_once(head: str, tables: Iterable[Path]) -> Iterator[bytes]:
    """The lines of a table that has of each song what the first of these has of it. Raises UserError."""
    yield f"{head}\n".encode(errors="surrogateescape")
    done: set[str] = set()
    for table in tables:
        new = [row for row in rows_of(table) if row[0] not in done]
        yield from (f"{csv_line(row)}\n".encode(errors="surrogateescape") for row in new)
        done.update(row[0] for row in new)


def rows_of(table: Path) -> Iterator[list[str]]:
    """The rows of a table below its head, the song's path first. Raises UserError."""
    try:
        with table.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            rows = csv.reader(file)
            if next(rows, [""])[0] != "path":
                raise csv.Error
            yield from filter(None, rows)
    except (OSError, ValueError, csv.Error):
        raise unreadable(table) from None


def unreadable(table: Path) -> UserError:
    """What to raise for a table that is damaged."""
    return UserError(f"{printable(table)} cannot be read; remove it, and its songs are predicted again")


def cannot_write(folder: Path, error: OSError) -> UserError:
    """What to raise if the folder cannot be written to."""
    return UserError(f"--into: cannot write to {printable(folder)}: {error.strerror or error}")


def table_of(folder: Path, model: str) -> Path:
    """What becomes of all songs; it is named after the model, so that no other one's is overwritten."""
    return folder / f"predictions-{model}.csv"


def parts_of(folder: Path, model: str) -> list[Path]:
    """The parts in a folder that this model wrote, in their order."""
    return sorted(folder.glob(f"predictions-{model}-[0-9][0-9][0-9][0-9][0-9][0-9].csv"))
