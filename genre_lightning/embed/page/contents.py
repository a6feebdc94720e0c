"""The page's data on songs, artists and genres: plain lists and small arrays, for the page's script."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from genre_lightning.data.names import shown_title
from genre_lightning.embed import style
from genre_lightning.embed.artists import Artists, ArtistsFrom, artists_of, with_shown_names
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.nearest import Nearest, nearest, nearest_recordings, recordings_of

NEAREST_SHOWN = 10  # of each song and of each artist


def page_contents(embeddings: Embeddings, folder: Path) -> dict[str, Any]:
    """Songs, artists, genres and fills as columns; `folder` is where the page will be.

    They refer to each other by row numbers, and numbers are as small as possible, since the page carries them all.
    Songs and artists have each other's numbers in a flat column: those of the song in row i are
    `songs["artists"][songs["artists_start"][i]:songs["artists_start"][i + 1]]`, and those of the artist in row i are
    `artists["song_rows"]` likewise, by `artists["songs_start"]`. `artists_from` says what artists are known from:
    "tags" (or a manifest), the "names" of files and folders, or "both". The player finds a song's file at its folder,
    which is a row of `folders`, and file. The model knows the first `known_genres` of the genres.
    """
    embeddings, source = named_apart(embeddings)
    genres, artists = style.shown_genres(embeddings), artists_of(embeddings.tracks.tracks)
    songs_of = Counter(style.fill_of_songs(embeddings))
    folders, files = links((track.path for track in embeddings.tracks), folder)
    return {
        "songs": song_columns(embeddings, genres, artists) | files,
        "folders": folders,
        "artists": artist_columns(embeddings, genres, artists),
        "artists_from": source,
        "genres": genre_rows(embeddings, genres),
        "known_genres": len(embeddings.genres),
        "fills": [fill._asdict() | {"songs": songs_of[fill]} for fill in fills_of(embeddings)],
        "held_out": held_out(embeddings),
        "ring": style.RING._asdict(),
    }


def named_apart(embeddings: Embeddings) -> tuple[Embeddings, ArtistsFrom]:
    """`with_shown_names` of the songs, and of those in the background, which come last and are named by others."""
    splits = [track.split for track in embeddings.tracks]
    songs = splits.index(style.BACKGROUND) if style.BACKGROUND in splits else len(splits)
    named, source = with_shown_names(embeddings.only(range(songs)))
    behind, _ = with_shown_names(embeddings.only(range(songs, len(splits))))
    return named.followed_by(behind), source


def song_columns(embeddings: Embeddings, genres: list[str], artists: Artists) -> dict[str, Any]:
    """What is known of each song."""
    fills, recordings = fills_of(embeddings), recordings_of(embeddings)
    genre = smallest([genres.index(genre) for genre in style.genre_of_songs(embeddings)])
    return {
        "name": [shown_title(track) for track in embeddings.tracks],
        "by": [track.artist if track.artists else "" for track in embeddings.tracks],
        "genre": genre,
        "known": smallest([track.genre != "" for track in embeddings.tracks]),
        "predicted": smallest(embeddings.probabilities.argmax(axis=1)),
        "confidence": np.round(100 * embeddings.probabilities.max(axis=1)).astype(np.uint8),
        "typical": np.round(255 * style.typicality(embeddings)).astype(np.uint8),
        "wrong": smallest(style.wrongly_classified(embeddings)),
        "fill": smallest([fills.index(fill) for fill in style.fill_of_songs(embeddings)]),
        "recording": smallest(recordings),
        **positions(embeddings.positions),
        **flat("artists_start", "artists", artists.of_songs),
        **nearest_columns(nearest_recordings(embeddings.vectors, recordings, NEAREST_SHOWN)),
    }


def artist_columns(embeddings: Embeddings, genres: list[str], artists: Artists) -> dict[str, Any]:
    """Each artist at the mean position of their songs, with the genre of most of them."""
    genre_of = style.genre_of_songs(embeddings)
    vectors, places = (means(values, artists.songs) for values in (embeddings.vectors, embeddings.positions))
    common = [Counter(genre_of[song] for song in songs).most_common(1)[0][0] for songs in artists.songs]
    return {
        "name": artists.names,
        "genre": smallest([genres.index(genre) for genre in common]),
        "songs": np.array([len(songs) for songs in artists.songs], np.int32),
        **positions(places),
        **flat("songs_start", "song_rows", artists.songs),
        **nearest_columns(nearest(vectors, NEAREST_SHOWN)),
    }


def means(values: np.ndarray, lists: Sequence[Sequence[int]]) -> np.ndarray:
    """The mean of the rows that each list names, of `values` `(rows, n)`: `(lists, n)`."""
    return np.array([values[rows].mean(axis=0) for rows in lists], values.dtype).reshape(-1, values.shape[1])


def positions(places: np.ndarray) -> dict[str, np.ndarray]:
    """Where things lie, `(things, 2)`, as columns."""
    return {"x": places[:, 0].astype(np.float32), "y": places[:, 1].astype(np.float32)}


def flat(start: str, numbers: str, lists: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    """Lists of numbers one behind the other in a column, and in another where each starts and the last one ends."""
    ends = np.cumsum([0, *map(len, lists)])
    return {start: smallest(ends), numbers: smallest([number for each in lists for number in each])}


def nearest_columns(found: Nearest) -> dict[str, np.ndarray]:
    """The rows that are nearest to each row, and their similarities in hundredths."""
    return {
        "nearest": smallest(found.rows),
        "similarity": np.round(100 * found.similarities).clip(-100, 100).astype(np.int8),
    }


def genre_rows(embeddings: Embeddings, genres: list[str]) -> list[dict[str, Any]]:
    """Each genre's name, mark and number of songs, and where its name stands; None if it has no songs."""
    of_genre, centres = style.marks(genres), style.genre_centres(embeddings)
    songs = Counter(style.genre_of_songs(embeddings))
    return [
        {
            "name": genre,
            "songs": songs[genre],
            "centre": centres[genre].tolist() if genre in centres else None,
            **of_genre[genre]._asdict(),
        }
        for genre in genres
    ]


def fills_of(embeddings: Embeddings) -> list[style.Fill]:
    """The fills that occur, in the order of the style."""
    found = set(style.fill_of_songs(embeddings))
    return [fill for fill in (*style.FILLS.values(), style.GUESSED) if fill in found]


def held_out(embeddings: Embeddings) -> dict[str, Any]:
    """The fill of the songs that confusions are counted of, as the model was not trained on them: of test, or new."""
    fills = fills_of(embeddings)
    fill = next((style.FILLS[split] for split in ("test", "") if style.FILLS[split] in fills), None)
    return {"label": "", "fill": -1} if fill is None else {"label": fill.label, "fill": fills.index(fill)}


def links(paths: Iterable[Path], folder: Path) -> tuple[list[str], dict[str, Any]]:
    """The folders of files as links from a page in `folder`, and columns with each file's folder and name."""
    parts = [address(path, folder).rpartition("/") for path in paths]
    rows: dict[str, int] = {}
    column = [rows.setdefault(where + slash, len(rows)) for where, slash, _ in parts]
    return list(rows), {"folder": smallest(column), "file": [name for _, _, name in parts]}


def address(path: Path, folder: Path) -> str:
    """The link to a song's file from a page in `folder`: relative, so that both can be moved or served together."""
    try:
        relative = os.path.relpath(path, folder)
    except ValueError:  # on another drive of Windows
        return path.absolute().as_uri()
    return quote(os.fsencode(Path(relative).as_posix()))


def smallest(numbers: Any) -> np.ndarray:
    """Whole numbers in as few bytes as possible."""
    array = np.asarray(numbers, np.int64)
    return array.astype(np.min_scalar_type(array.max(initial=0)))
