"""predictions.csv: what a run's model makes of each song that it learnt from, and of those of val and test."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genre_lightning.data.catalogue import Catalogue, path_beside
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole
from genre_lightning.runs.foreign import read_text
from genre_lightning.runs.results import METRICS, SCORED
from genre_lightning.text import as_cell, from_cell

if TYPE_CHECKING:
    from genre_lightning.metrics import ScoredSongs

PREDICTIONS = "predictions.csv"
COLUMNS = ("path", "genre", "split", "predicted")  # then one for each genre
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class PredictedSong:
    """A song, its true genre, its part in the run (one of SCORED), and what the model says."""

    path: Path
    genre: str
    split: str
    predicted: str
    probabilities: dict[str, float]

    @property
    def correct(self) -> bool:
        """Whether the model is right."""
        return self.predicted == self.genre


def write_predictions(
    folder: Path, catalogue: Catalogue, scored: Mapping[str, ScoredSongs], splits: Mapping[str, Sequence[str]]
) -> None:
    """Write predictions.csv into a run's folder, paths as in its manifest.csv.

    A song of val is there twice if the model has learnt from it: once so, and once as the first fit judged it. With
    folds each song is: in test, as out of fold, for each repeat; and as judged by networks that learnt from it.
    `scored` has the songs of each of SCORED that there are, at the model's temperature; `splits` says whose they are.
    """
    rows = csv.writer(lines := io.StringIO(newline=""))
    rows.writerow([*COLUMNS, *map(as_cell, catalogue.genres)])
    for part in splits:
        tracks = [track for split in splits[part] for track in catalogue.of_split(split)]
        for song, probabilities in zip(scored[part].song, scored[part].probabilities, strict=True):
            track, guess = tracks[int(song)], catalogue.genres[int(probabilities.argmax())]
            numbers = [f"{probability:.{DECIMALS}f}" for probability in probabilities.tolist()]
            rows.writerow([*map(as_cell, (path_beside(track.path, folder), track.genre, part, guess)), *numbers])
    write_text_whole(folder / PREDICTIONS, lines.getvalue(), "surrogateescape")


def read_predictions(folder: Path) -> list[PredictedSong]:
    """What `write_predictions` wrote. Raises UserError if it is missing or damaged."""
    path = folder / PREDICTIONS
    if not (folder / METRICS).is_file():
        raise UserError(f"{folder} is not a finished run: it has no {METRICS}")
    if not path.is_file():
        raise UserError(f"{folder} has no {PREDICTIONS}, which this version writes at the end of a run; train again")
    try:
        head, *rows = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
        if (*head[: len(COLUMNS)],) != COLUMNS:
            raise ValueError
        genres = [*map(from_cell, head[len(COLUMNS) :])]
        return [read_row(row, genres, folder) for row in rows]
    except (OSError, ValueError, csv.Error):
        raise UserError(f"{path} is damaged, or was not written by this program") from None


def read_row(row: Sequence[str], genres: Sequence[str], folder: Path) -> PredictedSong:
    """One line. Raises ValueError if it is damaged."""
    path, genre, split, predicted = map(from_cell, row[: len(COLUMNS)])
    known = dict(zip(genres, map(float, row[len(COLUMNS) :]), strict=True))
    if split not in SCORED or predicted not in known or genre not in known or "\0" in path:
        raise ValueError
    if not all(0 <= probability <= 1 for probability in known.values()):  # nor NaN
        raise ValueError
    return PredictedSong(folder / path, genre, split, predicted, known)
