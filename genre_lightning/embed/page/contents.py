"""The page's data on songs, artists and genres: plain lists and small arrays that Bokeh hands to the browser."""

import os
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from genre_lightning.embed import style
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.neighbours import nearest, songs_by_artist

NEAREST_SHOWN = 10  # of each song and of each artist


def page_contents(embeddings: Embeddings, folder: Path) -> dict[str, Any]:
    """Songs, artists, genres and fills as columns; `folder` is where the page will be.

    They refer to each other by row numbers, and numbers are as small as possible, since the page carries them all.
    """
    genres = style.shown_genres(embeddings)
    artists = songs_by_artist(embeddings)
    means = np.array([embeddings.vectors[songs].mean(axis=0) for songs in artists.values()])
    songs_of = Counter(style.fill_of_songs(embeddings))
    return {
        "songs": song_columns(embeddings, genres, artists, folder) | nearest_columns(embeddings.vectors),
        "artists": artist_columns(embeddings, genres, artists) | nearest_columns(means),
        "genres": genre_rows(embeddings, genres),
        "fills": [fill._asdict() | {"songs": songs_of[fill]} for fill in fills_of(embeddings)],
        "ring": style.RING._asdict() | {"colour": style.RING_COLOUR},
    }


def song_columns(
    embeddings: Embeddings, genres: list[str], artists: dict[str, list[int]], folder: Path
) -> dict[str, Any]:
    """What is known of each song; the player finds its file at `address`."""
    artist = np.full(len(embeddings.tracks), -1, np.int32)
    for row, songs in enumerate(artists.values()):
        artist[songs] = row
    fills = fills_of(embeddings)
    return {
        "name": [track.title or track.path.name for track in embeddings.tracks],
        "artist": artist,
        "genre": smallest([genres.index(genre) for genre in style.genre_of_songs(embeddings)]),
        "known": smallest([track.genre != "" for track in embeddings.tracks]),
        "predicted": smallest(embeddings.probabilities.argmax(axis=1)),
        "confidence": np.round(100 * embeddings.probabilities.max(axis=1)).astype(np.uint8),
        "wrong": smallest(style.wrongly_classified(embeddings)),
        "fill": smallest([fills.index(fill) for fill in style.fill_of_songs(embeddings)]),
        "x": embeddings.positions[:, 0].astype(np.float32),
        "y": embeddings.positions[:, 1].astype(np.float32),
        "address": [address(track.path, folder) for track in embeddings.tracks],
    }


def nearest_columns(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """The rows that are nearest to each row, and their similarities in hundredths."""
    found = nearest(vectors, NEAREST_SHOWN)
    return {
        "nearest": smallest(found.rows),
        "similarity": np.round(100 * found.similarities).clip(-100, 100).astype(np.int8),
    }


def artist_columns(embeddings: Embeddings, genres: list[str], artists: dict[str, list[int]]) -> dict[str, Any]:
    """Each artist at the mean position of their songs, with the genre of most of them."""
    tracks, genre_of = embeddings.tracks.tracks, style.genre_of_songs(embeddings)
    positions = np.reshape([embeddings.positions[songs].mean(axis=0) for songs in artists.values()], (-1, 2))
    common = [Counter(genre_of[song] for song in songs).most_common(1)[0][0] for songs in artists.values()]
    return {
        "name": [Counter(tracks[song].artist for song in songs).most_common(1)[0][0] for songs in artists.values()],
        "genre": smallest([genres.index(genre) for genre in common]),
        "songs": np.array([len(songs) for songs in artists.values()], np.int32),
        "x": positions[:, 0].astype(np.float32),
        "y": positions[:, 1].astype(np.float32),
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
