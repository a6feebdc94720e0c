"""Every song as a model sees it, kept in a run's folder as embeddings.npz and embeddings.csv."""

from __future__ import annotations

import csv
import io
import logging
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from genre_lightning.data.catalogue import COLUMNS, Catalogue, Track
from genre_lightning.embed.descriptors import DESCRIPTORS
from genre_lightning.embed.songmap import SongMap
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole, write_whole
from genre_lightning.runs.foreign import MOST_ARRAYS, read_bytes
from genre_lightning.text import as_cell

logger = logging.getLogger(__name__)
ARRAYS, TABLE = "embeddings.npz", "embeddings.csv"
FORMAT = 3  # of embeddings.npz; files of version 0.1 have no number
ARRAY_COLUMNS = ("probabilities", "vectors", "positions", "digests", "descriptors")
# What reading a damaged archive raises; RuntimeError: flags say "encrypted", for example.
DAMAGED = (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, MemoryError, LookupError, NotImplementedError)
ADDED_COLUMNS = ("predicted_genre", "confidence", "x", "y")


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Every song of a data set as a model sees it; all arrays have one row per song, those of numbers are float32.

    Args:
        tracks: The songs. A track's genre is '' if it is unknown, its split '' if the model never saw the song.
        genres: The genres that the model knows, in the order of the columns of `probabilities`.
        probabilities: `(songs, n_genres)`, the softmax of the mean of the songs' logits.
        vectors: `(songs, embedding)`: the output of the model's encoder, averaged over each song's windows.
        positions: `(songs, 2)`: where each song lies on the map; NaN if drawing it was cut off.
        digests: `(songs,)`, texts: songs that share one have the same sound.
        descriptors: `(songs, descriptors)`: what DESCRIPTORS say of each song, NaN where unknown.
    """

    tracks: Catalogue
    genres: list[str]
    probabilities: np.ndarray
    vectors: np.ndarray
    positions: np.ndarray
    digests: np.ndarray
    descriptors: np.ndarray

    @property
    def predicted(self) -> list[str]:
        """The most probable genre of each song."""
        return [self.genres[index] for index in self.probabilities.argmax(axis=1)]

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that genre, 0 to 1: `(songs,)`."""
        return self.probabilities.max(axis=1)

    def only(self, rows: Sequence[int]) -> Embeddings:
        """The embeddings of some of the songs, by their rows."""
        tracks = Catalogue([self.tracks.tracks[row] for row in rows])
        chosen = np.array(rows, dtype=int)
        return Embeddings(tracks, self.genres, *(getattr(self, name)[chosen] for name in ARRAY_COLUMNS))

    def followed_by(self, others: Embeddings) -> Embeddings:
        """These songs and then `others` of the same model."""
        arrays = (np.concatenate([getattr(self, name), getattr(others, name)]) for name in ARRAY_COLUMNS)
        return Embeddings(Catalogue([*self.tracks, *others.tracks]), self.genres, *arrays)


@dataclass(frozen=True, slots=True)
class MappedSongs:
    """What embeddings.npz holds: songs as a model sees them, and the map that they lie on."""

    embeddings: Embeddings
    song_map: SongMap

    def are(self, digests: np.ndarray, model: str) -> bool:
        """Whether they are these songs, as the model with this fingerprint sees them."""
        return self.song_map.model == model and np.array_equal(self.song_map.digests, digests)


class UnreadableError(UserError):
    """An embeddings.npz that cannot be used; `problem` is the text without what to do about it."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}; run embed.py again")
        self.problem = problem


def write_embeddings(songs: MappedSongs, folder: Path) -> None:
    """Write the arrays that `read_mapped_songs` reads back."""
    folder.mkdir(parents=True, exist_ok=True)
    embeddings, tracks = songs.embeddings, songs.embeddings.tracks
    arrays: Any = {"format": np.array(FORMAT), "genres": np.array(embeddings.genres)}
    arrays |= {name: np.array([str(getattr(track, name)) for track in tracks]) for name in COLUMNS}
    arrays |= {field.name: np.array(getattr(songs.song_map, field.name)) for field in fields(SongMap)}
    arrays |= {"probabilities": embeddings.probabilities, "descriptors": embeddings.descriptors}
    write_whole(folder / ARRAYS, lambda file: np.savez(file, **arrays))


def write_table(embeddings: Embeddings, path: Path) -> None:
    """Write a line for each song: what is known of it, its predicted genre, and its position on the map."""
    rows = zip(embeddings.tracks, embeddings.predicted, embeddings.confidence, embeddings.positions, strict=True)
    writer = csv.writer(lines := io.StringIO(newline=""))
    writer.writerow([*COLUMNS, *ADDED_COLUMNS])
    for track, predicted, confidence, position in rows:
        known = [as_cell(str(text)) for text in (*(getattr(track, name) for name in COLUMNS), predicted)]
        writer.writerow([*known, *(f"{number:.4f}" for number in (confidence, *position))])
    write_text_whole(path, lines.getvalue(), "surrogateescape")


def read_embeddings(folder: str | Path) -> Embeddings:
    """Read the embeddings that embed.py wrote.

    Args:
        folder: A run's folder for the run's own songs, or a folder in its `embeddings/` for other songs.

    Returns:
        The songs, their vectors, predictions and positions on the map. Only plain arrays are read: nothing in the file
        can run code.

    Raises:
        UserError: If there is no embeddings.npz in the folder, or if it is damaged or has another format.
    """
    return read_mapped_songs(Path(folder)).embeddings


def read_mapped_songs(folder: Path) -> MappedSongs:
    """Everything in a folder's embeddings.npz, read once. Raises UserError, as `read_embeddings` does."""
    path = folder / ARRAYS
    if not path.is_file():
        raise UserError(f"there is no {path}; run embed.py first")
    arrays = read_arrays(path)
    if "format" not in arrays:
        raise UnreadableError(f"{path} was made by version 0.1")
    if (found := str(arrays["format"])) != str(FORMAT):
        raise UnreadableError(f"{path} has format {found}, and this version reads format {FORMAT}")
    try:
        return unpacked(arrays)
    except (KeyError, TypeError, ValueError, RecursionError):  # arrays that are missing, or not of these shapes
        raise UnreadableError(f"{path} was not written by this program") from None


def read_saved(folder: Path) -> MappedSongs | None:
    """What was embedded into a folder before; None if nothing was, or, with a warning, if it cannot be used."""
    try:
        return read_mapped_songs(folder) if (folder / ARRAYS).is_file() else None
    except UnreadableError as error:
        logger.warning("%s, so it is not used", error.problem)
        return None


def unpacked(arrays: dict[str, np.ndarray]) -> MappedSongs:
    """What `write_embeddings` packed. Raises KeyError, TypeError or ValueError for anything else."""
    check_arrays(arrays)
    rows = zip(*(arrays[name].tolist() for name in COLUMNS), strict=True)
    tracks = Catalogue([Track(Path(path), *known) for path, *known in rows])
    columns = {name: arrays[name] for name in ("digests", "vectors", "positions", "fitted")}
    song_map = SongMap(str(arrays["settings"]), **columns, base=str(arrays["base"]))
    if not isinstance(song_map.model, str):
        raise TypeError("the settings of the map name no model")
    embeddings = Embeddings(tracks, arrays["genres"].tolist(), *(arrays[name] for name in ARRAY_COLUMNS))
    return MappedSongs(embeddings, song_map)


def check_arrays(arrays: dict[str, np.ndarray]) -> None:
    """Raise KeyError or ValueError for arrays that are not of the shapes and kinds that were written."""
    songs, genres, vectors = len(arrays["path"]), len(arrays["genres"]), arrays["vectors"]
    shapes = {"probabilities": (songs, genres), "positions": (songs, 2), "descriptors": (songs, len(DESCRIPTORS))}
    shapes |= dict.fromkeys((*COLUMNS, "digests", "fitted"), (songs,)) | {"genres": (genres,)}
    shapes |= {"vectors": (songs, *vectors.shape[1:2]), "settings": (), "base": ()}
    numbers = {"probabilities", "positions", "vectors"}
    for name, shape in shapes.items():
        array, kind = arrays[name], "f" if name in {*numbers, "descriptors"} else "b" if name == "fitted" else "U"
        if array.shape != shape or (array.size and array.dtype.kind != kind):
            raise ValueError(f"{name} {array.shape} {array.dtype}")
        undrawn = name == "positions" and not np.isinf(array).any()  # a song that is not drawn yet lies nowhere
        if name in numbers and not (np.isfinite(array).all() or undrawn):
            raise ValueError(f"{name}: no numbers")
    if not (songs and genres and vectors.size):
        raise ValueError("of no songs")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays in a file, none of which can run code. Raises UserError if it is damaged."""
    try:
        whole = io.BytesIO(read_bytes(path, MOST_ARRAYS))
        with zipfile.ZipFile(whole) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise zipfile.BadZipFile
            # Reading compares checksums, so numpy, which fails in many ways on damaged arrays, sees only whole ones.
            members = {name.removesuffix(".npy"): io.BytesIO(archive.read(name)) for name in archive.namelist()}
        arrays = {name: np.lib.format.read_array(file, allow_pickle=False) for name, file in members.items()}
    except DAMAGED:
        raise UnreadableError(f"{path} is damaged") from None
    if any(array.ndim and len(array) > whole.getbuffer().nbytes for array in arrays.values()):  # rows of nothing
        raise UnreadableError(f"{path} is damaged")
    return arrays
