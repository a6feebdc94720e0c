"""genre-lightning predict --m3u FOLDER: a playlist for each genre, the most probable songs first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.playlist import check_names, check_ours, write_playlist
from genre_lightning.errors import UserError
from genre_lightning.predict.library import rows_of, unreadable
from genre_lightning.text import as_cell, from_cell, printable

if TYPE_CHECKING:
    from genre_lightning.predict.predictor import Prediction

NONE = "none"  # the playlist of songs that have no genre, since the model was not to say one
SECONDS, GENRE = 2, 3  # their columns in a library's table: where a song ends, and its genre
LONGEST_NAME = 60  # of a playlist: in any script it is then no longer than file systems allow
# What Windows takes in no name, and the devices that it takes for none.
REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)


class Sorted(NamedTuple):
    """A song, the genre that it is sorted under, empty for none, the probability of its most probable genre, and how
    long it is.
    """

    path: Path
    genre: str
    confidence: float
    seconds: float


def prepare(folder: Path, genres: Sequence[str], songs: Sequence[Path]) -> None:
    """Make the folder of playlists before much work is done for them.

    Raises UserError if songs cannot stand there, or if somebody's own playlist has the name of a genre's.
    """
    check_names(songs, folder)
    check_ours(playlists_of(folder, genres).values())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--m3u: cannot write to {printable(folder)}: {error.strerror or error}") from None


def noting(predictions: Iterable[Prediction], songs: list[Sorted]) -> Iterator[Prediction]:
    """The predictions, each of which is noted among `songs` when it comes."""
    for prediction in predictions:
        confidence = max(prediction.probabilities.values())
        songs.append(Sorted(prediction.path, prediction.genre, confidence, prediction.to_seconds))
        yield prediction


def sorted_before(table: Path, n_genres: int, songs: Iterable[Path]) -> list[Sorted]:
    """What a library's table, whose last columns are the genres, has of `songs`. Raises UserError."""
    paths = {as_cell(str(song)): song for song in songs}
    try:
        return [sorted_row(paths[row[0]], row, n_genres) for row in rows_of(table) if row[0] in paths]
    except (ValueError, IndexError):
        raise unreadable(table) from None


def sorted_row(path: Path, row: Sequence[str], n_genres: int) -> Sorted:
    """What a row of a table says of a song. Raises ValueError or IndexError if it is damaged."""
    return Sorted(path, from_cell(row[GENRE]), max(map(float, row[-n_genres:])), float(row[SECONDS]))


def write_playlists(songs: Sequence[Sorted], genres: Sequence[str], folder: Path) -> int:
    """Write a playlist for each genre that has songs, and one for those that have none; returns how many.

    One that is there already is written anew, also if it has no songs any more. Raises UserError.
    """
    written, ranked = 0, sorted(songs, key=lambda song: -song.confidence)
    for genre, path in playlists_of(folder, genres).items():
        chosen = [song for song in ranked if song.genre == genre]
        if chosen or path.exists():
            write_playlist([Track(song.path, genre) for song in chosen], path, [song.seconds for song in chosen])
            written += 1
    return written


def playlists_of(folder: Path, genres: Sequence[str]) -> dict[str, Path]:
    """The playlist of each genre, and of none, which is empty."""
    names = zip([*genres, ""], file_names([*genres, NONE]), strict=True)
    return {genre: folder / f"{name}.m3u8" for genre, name in names}


def file_names(genres: Iterable[str]) -> list[str]:
    """A name for each genre that every system takes, no two of which differ by their case only."""
    names: list[str] = []
    for genre in genres:
        plain = REFUSED.sub("-", genre)[:LONGEST_NAME].strip(" .") or "-"
        plain = f"_{plain}" if DEVICES.match(plain) else plain
        taken, name, number = {one.casefold() for one in names}, plain, 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain} ({number})"
        names.append(name)
    return names
