"""genre-lightning predict --into FOLDER: the genres of a library, written part by part; it goes on where it stopped."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole
from genre_lightning.text import as_cell, printable

if TYPE_CHECKING:
    from genre_lightning.predict.predictor import Prediction

PART_SONGS = 256
TABLE = "predictions.csv"


def songs_left(folder: Path, model: str, songs: Sequence[Path]) -> list[Path]:
    """The songs that no part in a folder has yet, as this `model` hears them. Raises UserError for an odd part."""
    done = set()
    for part in parts_of(folder, model):
        try:
            with part.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
                done.update(row["path"] for row in csv.DictReader(file))
        except (OSError, KeyError, ValueError, csv.Error):
            raise UserError(f"{printable(part)} cannot be read; remove it, and its songs are predicted again") from None
    return [song for song in songs if as_cell(str(song)) not in done]


def write_parts(
    folder: Path, model: str, predictions: Iterable[Prediction], as_csv: Callable[[Iterable[Prediction]], Iterator[str]]
) -> None:  # fmt: skip
    """Write predictions as they come, PART_SONGS at a time; a kill loses no more than those. Raises UserError."""
    coming, number = iter(predictions), len(parts_of(folder, model))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while part := [*islice(coming, PART_SONGS)]:
            number += 1
            lines = "\n".join([*as_csv(part), ""])
            write_text_whole(folder / f"predictions-{model}-{number:06d}.csv", lines, "surrogateescape")
    except OSError as error:
        raise UserError(f"--into: cannot write to {printable(folder)}: {error.strerror or error}") from None


def join_parts(folder: Path, model: str) -> Path:
    """Make one table of all parts, and remove them. Raises OSError."""
    parts = parts_of(folder, model)
    texts = [part.read_text(encoding="utf-8", errors="surrogateescape").partition("\n") for part in parts]
    whole = "".join([f"{head}\n" for head, _, _ in texts[:1]] + [rows for _, _, rows in texts])
    write_text_whole(folder / TABLE, whole, "surrogateescape")
    for part in parts:
        part.unlink()
    return folder / TABLE


def parts_of(folder: Path, model: str) -> list[Path]:
    """The parts in a folder that this model wrote, in their order."""
    return sorted(folder.glob(f"predictions-{model}-??????.csv"))
