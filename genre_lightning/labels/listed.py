"""What people have said of a folder's songs, in its manifest.csv and in the file that suggestions are written to."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from genre_lightning.data.catalogue import CHECKED, COLUMNS, DROP, TESTED_IN, Track, genre_name
from genre_lightning.data.tables import read_table
from genre_lightning.errors import UserError


def listed_songs(files: Sequence[Path], folder: Path) -> dict[Path, Track]:
    """The songs that CSV files list, each as its line says, by where it lies.

    Paths in the files are relative to `folder`. What the newer file says of a song goes before what the older one does.
    Raises UserError if one is no such file.
    """
    lines: dict[Path, dict[str, str]] = {}
    for file in sorted(filter(Path.is_file, files), key=lambda file: file.stat().st_mtime):
        for line, row in read_table(file, (*COLUMNS, CHECKED), ("path",)):
            if not row["path"].strip():
                raise UserError(f"{file}, line {line}: the path is empty")
            lines.setdefault((folder / row["path"].strip()).resolve(), {}).update(row)
    return {
        song: Track(
            folder / row["path"].strip(), **{column: row.get(column, "") for column in COLUMNS[1:]},
            extra={column: value for column, value in row.items() if column not in COLUMNS},
        )
        for song, row in lines.items()
    }  # fmt: skip


def label_of(track: Track) -> str:
    """The genre that a person has given a listed song; empty if it is to be dropped."""
    label = track.checked or genre_name(track.genre)
    return "" if label == DROP else label


def listed_anew(track: Track) -> Track:
    """A song as a manifest for the songs of two folders lists it: without a split, since they have none in common."""
    extra = {column: value for column, value in track.extra.items() if column != TESTED_IN}
    return replace(track, split="", extra=extra)
