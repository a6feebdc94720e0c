"""Which tracks of the service may become songs of the data set."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from yandex_music import Album, Artist, Track

from genre_lightning.data.artists import is_no_artist
from genre_lightning.fetch.answers import legible

# What every mode can cut its 30 s from.
SHORTEST_SECONDS = 30.0
# What is longer is a mistake of the service, or no song.
LONGEST_SECONDS = 3 * 60 * 60.0
TRACK_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")


class RejectedError(Exception):
    """Why a track is not taken, in a few words that are counted in the report."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that may be taken for `genre`, because its album is of `album_genre`; `artists` are names by id."""

    track_id: str
    real_id: str
    isrc: str
    title: str
    artists: dict[str, str]
    seconds: float
    preview_seconds: float
    album_id: str
    album_genre: str
    genre: str
    route: str
    moved_to: str = ""  # the id under which the service has the track now, if that is another

    @property
    def address(self) -> str:
        """What the service calls the track on its album."""
        number = self.moved_to or self.track_id
        return f"{number}:{self.album_id}" if self.album_id else number


def accept(track: Track, genre: str, album_genres: Mapping[str, Collection[str]], route: str) -> Candidate:
    """The candidate that `track` is for `genre`; `album_genres` are what each genre's albums may be called.

    Raises RejectedError.
    """
    check_albums(track.albums, genre, album_genres)
    return as_candidate(track, check_artists(track.artists), genre, route)


def as_candidate(track: Track, artists: dict[str, str], genre: str, route: str) -> Candidate:
    """What is kept of a track. Raises RejectedError for one that cannot be had, or is no music."""
    if track.id is None or not TRACK_ID.fullmatch(str(track.id)):
        raise RejectedError("odd id")
    seconds = check_track(track)
    album = track.albums[0] if track.albums else Album()
    return Candidate(
        track_id=str(track.id),
        real_id=str(track.real_id or track.id),
        isrc=(track.isrc or "").upper().replace("-", ""),
        title=legible(track.title or ""),
        artists=artists,
        seconds=seconds,
        preview_seconds=min((track.preview_duration_ms or 30_000) / 1000, seconds),
        album_id=str(album.id or ""),
        album_genre=album.genre or "",
        genre=genre,
        route=route,
    )


def check_track(track: Track) -> float:
    """How long a track is in seconds.

    Raises RejectedError for one that is no music, not available, too short or too long.
    """
    if track.available is False:
        raise RejectedError("not available")
    if track.type not in (None, "music"):
        raise RejectedError("not music")
    if not track.duration_ms or track.duration_ms < 1000 * SHORTEST_SECONDS:
        raise RejectedError(f"shorter than {SHORTEST_SECONDS:.0f} s")
    if track.duration_ms > 1000 * LONGEST_SECONDS:
        raise RejectedError(f"longer than {LONGEST_SECONDS / 3600:.0f} h")
    return track.duration_ms / 1000


def check_albums(albums: list[Album], genre: str, album_genres: Mapping[str, Collection[str]]) -> None:
    """Raise RejectedError unless a track's albums are all music of `genre`, and none a compilation."""
    if not albums:
        raise RejectedError("no album")
    if any(album.meta_type not in (None, "music") for album in albums):
        raise RejectedError("not music")
    if any(album.type == "compilation" for album in albums):
        raise RejectedError("compilation")
    fits = [album.genre in album_genres[genre] for album in albums]
    if not all(fits):
        raise RejectedError("albums of several genres" if any(fits) else "album of another genre")
    if any(is_placeholder(artist) for album in albums for artist in album.artists):
        raise RejectedError("various artists")


def check_artists(artists: list[Artist]) -> dict[str, str]:
    """The names of a track's artists by their ids. Raises RejectedError if none, or a placeholder, is named."""
    if any(is_placeholder(artist) for artist in artists):
        raise RejectedError("various artists")
    names = {str(artist.id): legible(artist.name or "").replace(";", ",") for artist in artists if artist.id}
    if not names:
        raise RejectedError("no artist")
    return {number: name or f"artist {number}" for number, name in names.items()}


def is_placeholder(artist: Artist) -> bool:
    """Whether an artist is "various artists" or the like."""
    name = (artist.name or "").strip()
    return bool(artist.various) or (name != "" and is_no_artist(name))
