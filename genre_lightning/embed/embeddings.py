"""Every song as a model sees it: computed, and kept in a run's folder as embeddings.npz and embeddings.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.devices import without_harmless_warnings
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole

if TYPE_CHECKING:
    from lightning import Trainer

    from genre_lightning.data.cache import CachedSong
    from genre_lightning.runs.run import Run

ARRAYS, TABLE = "embeddings.npz", "embeddings.csv"
COLUMNS = ("path", "genre", "artist", "title", "split")
NUMBERS = ("probabilities", "vectors", "positions")
ADDED_COLUMNS = ("predicted_genre", "confidence", "x", "y")


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Every song of a data set as a model sees it; all arrays have one row a song.

    `tracks` name the genre '' where it is unknown, and the split '' for songs the model never saw. `genres` are the
    model's: the columns of `probabilities` `(songs, n_genres)`. `vectors` is `(songs, embedding)`, `positions`, the 2-D
    map, `(songs, 2)`; all are float32.
    """

    tracks: Catalogue
    genres: list[str]
    probabilities: np.ndarray
    vectors: np.ndarray
    positions: np.ndarray

    @property
    def predicted(self) -> list[str]:
        """The most probable genre of each song."""
        return [self.genres[index] for index in self.probabilities.argmax(axis=1)]

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that genre: `(songs,)`."""
        return self.probabilities.max(axis=1)

    def only(self, rows: Sequence[int]) -> Embeddings:
        """Some of the songs."""
        tracks = Catalogue([self.tracks.tracks[row] for row in rows])
        chosen = np.array(rows, dtype=int)
        arrays = (array[chosen] for array in (self.probabilities, self.vectors, self.positions))
        return Embeddings(tracks, self.genres, *arrays)

    def followed_by(self, others: Embeddings) -> Embeddings:
        """These songs and `others` of the same model."""
        arrays = (np.concatenate([getattr(self, name), getattr(others, name)]) for name in NUMBERS)
        return Embeddings(Catalogue([*self.tracks, *others.tracks]), self.genres, *arrays)


class SongMeans(NamedTuple):
    """What a model makes of songs, averaged over their windows.

    vectors: `(songs, embedding)`; probabilities: `(songs, n_genres)`; both float32.
    """

    vectors: np.ndarray
    probabilities: np.ndarray


def predicting_trainer(**settings: Any) -> Trainer:
    """A Trainer with the given settings that only predicts: it writes nothing, and has a bar in a terminal only."""
    import logging
    import sys

    from lightning import Trainer

    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": sys.stdout.isatty()}
    return Trainer(**settings | quiet)


def embed_songs(run: Run, songs: Sequence[CachedSong], trainer: Trainer) -> SongMeans:
    """Look at every window of songs that are in the run's cache, on all devices of the trainer.

    The windows are those of the run's validation: as long, with the same overlap and as many at a time.
    """
    from genre_lightning.data.datamodule import WholeSongs
    from genre_lightning.embed.embedder import SongEmbedder

    loader, n_frames = run.config.loader, run.spec.window_shape[0]
    data = WholeSongs(run.cache, songs, n_frames, loader.batch_size, loader.overlap, loader.num_workers)
    embedder = SongEmbedder(run.model, len(songs))
    with without_harmless_warnings():
        try:
            trainer.predict(embedder, data, return_predictions=False)
        except SystemExit:  # what Lightning makes of Ctrl-C
            raise KeyboardInterrupt from None
    return SongMeans(embedder.vectors.cpu().numpy(), embedder.probabilities.cpu().numpy())


def write_embeddings(embeddings: Embeddings, folder: Path, **more: np.ndarray) -> None:
    """Write the table for people and the arrays that `read_embeddings` reads back; `more` arrays go with them."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays: Any = {name: np.array([str(getattr(track, name)) for track in embeddings.tracks]) for name in COLUMNS}
    arrays |= {name: np.asarray(getattr(embeddings, name)) for name in ("genres", *NUMBERS)} | more
    write_whole(folder / ARRAYS, lambda file: np.savez(file, **arrays))
    write_table(embeddings, folder / TABLE)  # the last: somebody may look at it in a program that holds on to it


def write_table(embeddings: Embeddings, path: Path) -> None:
    """Write a line for each song: what is known of it, what the model takes it for, and its place on the map."""
    rows = zip(embeddings.tracks, embeddings.predicted, embeddings.confidence, embeddings.positions, strict=True)
    writer = csv.writer(lines := io.StringIO(newline=""))
    writer.writerow([*COLUMNS, *ADDED_COLUMNS])
    for track, predicted, confidence, position in rows:
        known = [str(getattr(track, name)) for name in COLUMNS]
        writer.writerow([*known, predicted, *(f"{number:.4f}" for number in (confidence, *position))])
    write_whole(path, lambda file: file.write(lines.getvalue().encode(errors="surrogateescape")))


def read_embeddings(folder: str | Path) -> Embeddings:
    """The embeddings in a run's folder, or in a folder below it for songs that are not the run's own.

    Raises UserError where there are none, or where the file is damaged.
    """
    arrays = read_arrays(Path(folder))
    try:
        rows = zip(*(arrays[name].tolist() for name in COLUMNS), strict=True)
        tracks = Catalogue([Track(Path(path), *known) for path, *known in rows])
        numbers = [arrays[name] for name in NUMBERS]
        assert all(len(array) == len(tracks) for array in numbers)
        return Embeddings(tracks, arrays["genres"].tolist(), *numbers)
    except (KeyError, ValueError, AssertionError):
        raise UserError(f"{Path(folder, ARRAYS)} was not written by this program; run embed.py again") from None


def read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """All arrays of the embeddings in a folder; plain ones only, so that nothing in the file can run."""
    path = folder / ARRAYS
    if not path.is_file():
        raise UserError(f"there is no {path}; run embed.py first")
    try:
        with path.open("rb") as file:  # which numpy would leave open where it is damaged
            return dict(np.load(file, allow_pickle=False))
    except Exception:  # what numpy and zipfile raise depends on where the file is damaged
        raise UserError(f"{path} is damaged; run embed.py again") from None
