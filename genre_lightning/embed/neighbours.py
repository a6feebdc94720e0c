"""The songs or artists that are most like one: genre-lightning neighbours"""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from genre_lightning.data.artists import artist_name
from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.embeddings import Embeddings, read_embeddings, read_mapped_songs
from genre_lightning.errors import UserError
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.run import CONFIG, MODEL, Run, find_run
from genre_lightning.text import table

SHOWN_MATCHES = 5


class Nearest(NamedTuple):
    """The rows nearest to each query, nearest first, and their cosine similarities, -1 to 1: `(queries, k)` each."""

    rows: np.ndarray
    similarities: np.ndarray


@dataclass(frozen=True, slots=True)
class Query:
    """What to find neighbours of: a name, a vector `(embedding,)`, and the rows of the songs that it stands for.

    These songs do not count as its neighbours.
    """

    name: str
    vector: np.ndarray
    rows: Sequence[int] = ()


def nearest(vectors: np.ndarray, k: int, queries: np.ndarray | None = None) -> Nearest:
    """Find the nearest vectors by exact search.

    Args:
        vectors: `(songs, embedding)`.
        k: How many to find for each query; fewer if there are not that many.
        queries: `(queries, embedding)`; None to find for each of `vectors` the nearest of the others.

    Returns:
        Rows of `vectors`, nearest first, and their cosine similarities: `(queries, k)` each.
    """
    from sklearn.neighbors import NearestNeighbors

    others = len(vectors) - 1 if queries is None else len(vectors)
    if (k := min(k, others)) < 1:
        nothing = np.zeros((len(vectors if queries is None else queries), 0), int)
        return Nearest(nothing, nothing)
    distances, rows = NearestNeighbors(metric="cosine", algorithm="brute").fit(vectors).kneighbors(queries, k)
    return Nearest(rows, 1 - np.asarray(distances))


def similar_songs(embeddings: Embeddings, query: Query, k: int = 10) -> list[tuple[Track, float]]:
    """The songs nearest to a query, nearest first, with their similarities."""
    others = np.setdiff1d(np.arange(len(embeddings.tracks)), query.rows)
    rows, similarities = nearest(embeddings.vectors[others], k, query.vector[None])
    songs = [embeddings.tracks.tracks[int(others[row])] for row in rows[0]]
    return list(zip(songs, similarities[0].tolist(), strict=True))


def similar_learnt(run: Run, path: Path, k: int) -> list[tuple[Track, float]]:
    """The songs most like a file among those that a run's model has learnt from, with their similarities.

    Songs that embed.py has not embedded are embedded now, from the run's cache. Raises UserError if none is there.
    """
    songs = read_predictions(run.folder)
    learnt = {song.path.resolve() for song in songs if song.split == "learnt_from"} - {path.resolve()}
    embeddings = embedded_before(run, learnt) or embedded_now(run, learnt)
    return similar_songs(embeddings, Query(path.name, embed_file(run.folder, path, run.trust)), k)


def embedded_before(run: Run, paths: Set[Path]) -> Embeddings | None:
    """The songs with these paths as embed.py has embedded them; None if it has not, or with an older model."""
    try:
        check_model(run.folder)
        embeddings = read_embeddings(run.folder)
    except UserError:
        return None
    rows = [row for row, track in enumerate(embeddings.tracks) if track.path.resolve() in paths]
    return embeddings.only(rows) if rows else None


def embedded_now(run: Run, paths: Set[Path]) -> Embeddings:
    """The run's songs with these paths, as far as they are in its cache. Raises UserError if none is."""
    from genre_lightning.embed.embedder import embed_songs, predicting_trainer

    cached = {track: run.cache.find(track.path) for track in run.catalogue if track.path.resolve() in paths}
    found = {track: song for track, song in cached.items() if song is not None}
    if not found:
        raise UserError(f"none of the songs that {run.folder} learnt from is where it was, or in {run.cache.folder}")
    means = embed_songs(run, [*found.values()], predicting_trainer(accelerator="auto", devices=1))
    tracks = Catalogue([*found])
    return Embeddings(tracks, run.spec.genres, means.probabilities, means.vectors, means.vectors[:, :2])


def similar_artists(embeddings: Embeddings, query: Query, k: int = 10) -> list[tuple[list[Track], float]]:
    """The artists nearest to a query by the mean of their songs, as lists of songs; without the query's own artists."""
    own = {artist_name(embeddings.tracks.tracks[row].artist) for row in query.rows}
    others = [rows for artist, rows in songs_by_artist(embeddings).items() if artist not in own]
    if not others:
        raise UserError("no other artist is known")
    means = np.stack([embeddings.vectors[rows].mean(axis=0) for rows in others])
    rows, similarities = nearest(means, k, query.vector[None])
    songs = [[embeddings.tracks.tracks[song] for song in others[row]] for row in rows[0]]
    return list(zip(songs, similarities[0].tolist(), strict=True))


def songs_by_artist(embeddings: Embeddings) -> dict[str, list[int]]:
    """The rows of each artist's songs, by the artist's normalised name."""
    rows = defaultdict(list)
    for row, track in enumerate(embeddings.tracks):
        rows[artist_name(track.artist)].append(row)
    return {artist: songs for artist, songs in rows.items() if artist}


def find(embeddings: Embeddings, text: str) -> list[Query]:
    """What `text` can mean, the best match first: the whole name of an artist, song or file, its start, or words of it.

    Raises UserError with the closest names if nothing matches.
    """
    wanted, ranked, names = artist_name(text), [], []
    for query, called in queries(embeddings):
        names += called
        whole = " ".join(called)
        if wanted in called:
            ranked.append((0, query))
        elif any(name.startswith(wanted) for name in called):
            ranked.append((1, query))
        elif all(re.search(rf"(?<!\w){re.escape(word)}", whole) for word in wanted.split()):
            ranked.append((2, query))
    if not ranked:
        close = difflib.get_close_matches(wanted, dict.fromkeys(names), cutoff=0.5)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise UserError(f"no song, artist or file is called {text!r}{hint}")
    return [query for _, query in sorted(ranked, key=lambda one: one[0])]


def queries(embeddings: Embeddings) -> Iterator[tuple[Query, list[str]]]:
    """Every artist and every song, with their normalised names."""
    tracks = embeddings.tracks.tracks
    for artist, rows in songs_by_artist(embeddings).items():
        name = f"{tracks[rows[0]].artist} (songs: {len(rows)})"
        yield Query(name, embeddings.vectors[rows].mean(axis=0), rows), [artist]
    for row, track in enumerate(tracks):
        texts = (track.title, track.path.stem, track.path.name, f"{track.artist} {track.title}")
        called = [name for text in texts if (name := artist_name(text))]
        yield Query(song_name(track), embeddings.vectors[row], [row]), called


def song_name(track: Track) -> str:
    """A song's title, or its file's name if it has none, and its artist."""
    return (track.title or track.path.stem) + (f" by {track.artist}" if track.artist else "")


def ask(folder: Path, embeddings: Embeddings, text: str, trust: bool = False) -> list[Query]:
    """What `text` can mean, the best match first; a file that is not among the songs in `folder` is embedded now."""
    path = file_called(text)
    if path is None:
        return find(embeddings, text)
    for row, track in enumerate(embeddings.tracks):
        if track.path.absolute() == path.absolute():
            return [Query(song_name(track), embeddings.vectors[row], [row])]
    return [Query(path.name, embed_file(folder, path, trust))]


def file_called(text: str) -> Path | None:
    """The file that `text` names; None if it is not the path of a file."""
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else None
    except (OSError, RuntimeError, ValueError):
        return None


def run_of(folder: Path) -> Path:
    """The folder of the run whose embeddings are in `folder`."""
    return folder if (folder / CONFIG).is_file() else folder.parent.parent


def check_model(folder: Path) -> None:
    """Raise UserError if the run was trained further after its songs were embedded."""
    run = Run(run_of(folder))
    if (run.folder / MODEL).is_file() and read_mapped_songs(folder).song_map.model != run.fingerprint:
        raise UserError(f"the songs in {folder} were embedded by an older model; run embed.py again")


def embed_file(folder: Path, path: Path, trust: bool) -> np.ndarray:
    """A file's vector, by the model that embedded the songs in `folder`: `(embedding,)`. Raises UserError."""
    from genre_lightning.embed.embedder import embed_songs, predicting_trainer

    with TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        finished = Run(run_of(folder), cache, 1, trust)
        if broken := finished.cache.build([path]):
            raise UserError(f"{path} {broken[path]}")
        song = finished.cache.find(path)
        assert song is not None
        trainer = predicting_trainer(accelerator="auto", devices=1)
        return embed_songs(finished, [song], trainer).vectors[0]


def neighbours(folder: Path, text: str, k: int, artists: bool, trust: bool) -> str:
    """The `k` songs, or `artists`, in the `folder` of a run or a sweep that are most like what `text` means: a table
    under a line on what that is and what else it could mean. Raises UserError.
    """
    folder = find_run(folder)
    embeddings = read_embeddings(folder)
    check_model(folder)
    query, *others = ask(folder, embeddings, text, trust)
    if artists:
        head, rows = ["similarity", "artist", "genres", "songs"], []
        for tracks, similarity in similar_artists(embeddings, query, k):
            genres = ", ".join(sorted({track.genre for track in tracks}))
            rows.append([f"{similarity:.3f}", tracks[0].artist, genres, str(len(tracks))])
    else:
        head, rows = ["similarity", "song", "genre", "file"], []
        for track, similarity in similar_songs(embeddings, query, k):
            rows.append([f"{similarity:.3f}", song_name(track), track.genre, str(track.path)])
    also = ", ".join(other.name for other in others[:SHOWN_MATCHES])
    more = f" and {len(others) - SHOWN_MATCHES} more" if len(others) > SHOWN_MATCHES else ""
    found = f"also found: {also}{more}\n" if others else ""
    return f"Nearest to {query.name}\n{found}\n{table(head, rows)}"
