"""The songs or artists that are most like one, and the songs on the path to another: genre-lightning neighbours"""

from collections.abc import Sequence, Set
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.artists import artists_of, song_name, with_shown_names
from genre_lightning.embed.descriptors import unknown
from genre_lightning.embed.embeddings import Embeddings, read_embeddings, read_mapped_songs
from genre_lightning.embed.journey import journey
from genre_lightning.embed.nearest import nearest, recordings_of
from genre_lightning.embed.search import Query, find, of_song
from genre_lightning.errors import UserError
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.run import CONFIG, MODEL, Run, find_run
from genre_lightning.text import printable, table

SHOWN_MATCHES = 5
READ_OFF = {
    "tags": "",
    "names": "artists are read off the names of files and folders, since neither tags nor a manifest name any\n",
    "both": "some artists are read off the names of files and folders, where neither tags nor a manifest name any\n",
}


class Answer(NamedTuple):
    """What a terminal shows, and the songs that it lists, in order, or all songs of the artists that it lists."""

    told: str
    tracks: list[Track]


class SimilarArtist(NamedTuple):
    """An artist near a query: their name, songs and cosine similarity, -1 to 1."""

    name: str
    tracks: list[Track]
    similarity: float


def similar_songs(embeddings: Embeddings, query: Query, k: int = 10) -> list[tuple[Track, float]]:
    """The songs nearest to a query, nearest first, with similarities; each recording once, and none of the query's."""
    recordings = recordings_of(embeddings)
    others = np.setdiff1d(recordings, recordings[list(query.rows)])
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
    named, _ = with_shown_names(embeddings)
    return similar_songs(named, new_song(run.folder, named, path, run.trust), k)


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
    digests = np.array([song.digest for song in found.values()])
    arrays = means.probabilities, means.vectors, means.vectors[:, :2], digests, unknown(len(found))
    return Embeddings(Catalogue([*found]), run.spec.genres, *arrays)


def similar_artists(embeddings: Embeddings, query: Query, k: int = 10) -> list[SimilarArtist]:
    """The artists nearest to a query by the mean of their songs, nearest first; without the query's own artists.

    Raises UserError if there are no others.
    """
    artists, tracks = artists_of(embeddings.tracks.tracks), embeddings.tracks.tracks
    others = [number for number in range(len(artists.names)) if number not in query.artists]
    if not others:
        raise UserError("no other artist is known")
    means = np.stack([embeddings.vectors[artists.songs[number]].mean(axis=0) for number in others])
    rows, similarities = nearest(means, k, query.vector[None])
    near = [others[row] for row in rows[0]]
    songs = [[tracks[row] for row in artists.songs[number]] for number in near]
    return [*map(SimilarArtist, [artists.names[number] for number in near], songs, similarities[0].tolist())]


def songs_between(embeddings: Embeddings, start: int, end: int, count: int) -> list[int]:
    """The rows of the songs along the path from one song to another over the map (`journey`), each recording once.

    Raises UserError if both are the same recording, if `count` leaves out an end, or if there is no map yet.
    """
    if count < 2:
        raise UserError("-k: a path has two ends; ask for 2 songs or more")
    recordings = recordings_of(embeddings)
    if recordings[start] == recordings[end]:
        raise UserError(
            f"--to: both ends of the path are {song_name(embeddings.tracks.tracks[start])}; name another song"
        )
    if np.isnan(embeddings.positions).any():
        raise UserError("--to: the map of these songs was not drawn to its end; run embed.py again")
    between = np.setdiff1d(recordings, recordings[[start, end]])
    rows = np.sort([start, end, *between])
    first, last = np.searchsorted(rows, [start, end]).tolist()
    return rows[journey(embeddings.positions[rows], first, last, count)].tolist()


def ask(folder: Path, embeddings: Embeddings, text: str, trust: bool = False) -> list[Query]:
    """What `text` can mean, the best match first; a file that is not among the songs in `folder` is embedded now."""
    path = file_called(text)
    if path is None:
        return find(embeddings, text)
    artists = artists_of(embeddings.tracks.tracks).of_songs
    for row, track in enumerate(embeddings.tracks):
        if track.path.absolute() == path.absolute():
            return [of_song(embeddings, row, artists[row])]
    return [new_song(folder, embeddings, path, trust)]


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


def new_song(folder: Path, embeddings: Embeddings, path: Path, trust: bool) -> Query:
    """A file as the model hears it that embedded the songs in `folder`; the songs with its sound are its own.

    Raises UserError if it cannot be read.
    """
    from genre_lightning.embed.embedder import embed_songs, predicting_trainer

    with TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        finished = Run(run_of(folder), cache, trust=trust)
        if broken := finished.cache.build([path]):
            raise UserError(f"{path} {broken[path]}")
        song = finished.cache.find(path)
        assert song is not None
        trainer = predicting_trainer(accelerator="auto", devices=1)
        vector = embed_songs(finished, [song], trainer).vectors[0]
    copies = np.flatnonzero(embeddings.digests == song.digest).tolist()
    return Query(path.name, vector, copies)


def neighbours(folder: Path, text: str, k: int, artists: bool, trust: bool) -> Answer:
    """The `k` songs, or `artists`, in the `folder` of a run or a sweep that are most like what `text` means: a table
    under lines on what that is, what else it could mean, and where artists are known from. Raises UserError.
    """
    folder, embeddings, told = read_songs(folder)
    query, *others = ask(folder, embeddings, text, trust)
    others = [other for other in others if not set(other.rows) <= set(query.rows)]  # an artist's own songs
    return listed(embeddings, query, f"{also(others)}{told}", k, artists)


def listed(embeddings: Embeddings, query: Query, told: str, k: int, artists: bool) -> Answer:
    """The `k` songs, or `artists`, nearest to a query, under a line on what that is and what else is `told`."""
    if artists:
        head, found = ["similarity", "artist", "genres", "songs"], similar_artists(embeddings, query, k)
        songs = [*dict.fromkeys(track for artist in found for track in artist.tracks)]
        rows = [artist_row(artist) for artist in found]
    else:
        head, similar = ["similarity", "song", "genre", "file"], similar_songs(embeddings, query, k)
        songs = [track for track, _ in similar]
        rows = [[f"{similarity:.3f}", *song_row(track)] for track, similarity in similar]
    return Answer(f"Nearest to {printable(query.name)}\n{told}\n{table(head, rows)}", songs)


def path_between(folder: Path, start: str, end: str, k: int, trust: bool) -> Answer:
    """At most `k` songs on the path over the map from the song that `start` means to the one that `end` means: a table
    under lines on what these are, what else they could mean, and where artists are known from. Raises UserError.
    """
    folder, embeddings, told = read_songs(folder)
    (first, *firsts), (last, *lasts) = (songs_called(folder, embeddings, text, trust) for text in (start, end))
    rows = songs_between(embeddings, first.rows[0], last.rows[0], k)
    tracks = [embeddings.tracks.tracks[row] for row in rows]
    listed = table(["", "song", "genre", "file"], [[str(n), *song_row(track)] for n, track in enumerate(tracks, 1)])
    return Answer(
        f"From {printable(first.name)}\n{also(firsts)}to {printable(last.name)}\n{also(lasts)}{told}\n{listed}", tracks
    )


def songs_called(folder: Path, embeddings: Embeddings, text: str, trust: bool) -> list[Query]:
    """The songs on the map that `text` can mean, the best match first. Raises UserError if it means none."""
    songs = [query for query in ask(folder, embeddings, text, trust) if query.is_song]
    if not songs:
        raise UserError(f"{text} is no song on the map, where a path begins and ends; name one that is")
    return songs


def read_songs(folder: Path) -> tuple[Path, Embeddings, str]:
    """The folder that is meant, its songs under the names that are shown, and a line on names that are no tags."""
    folder = find_run(folder)
    embeddings, source = with_shown_names(read_embeddings(folder))
    check_model(folder)
    return folder, embeddings, READ_OFF[source]


def artist_row(artist: SimilarArtist) -> list[str]:
    """An artist in a table: the similarity, the name, the genres and the number of songs."""
    genres = ", ".join(sorted({track.genre for track in artist.tracks}))
    return [f"{artist.similarity:.3f}", artist.name, genres, str(len(artist.tracks))]


def song_row(track: Track) -> list[str]:
    """A song in a table: what it is called, its genre and its file."""
    return [song_name(track), track.genre, str(track.path)]


def also(others: Sequence[Query]) -> str:
    """A line on what else a text could mean; empty if there is nothing."""
    named = ", ".join(printable(other.name) for other in others[:SHOWN_MATCHES])
    more = f" and {len(others) - SHOWN_MATCHES} more" if len(others) > SHOWN_MATCHES else ""
    return f"also found: {named}{more}\n" if others else ""
