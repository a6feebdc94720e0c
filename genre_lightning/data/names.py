"""What the names of files and folders say of songs that nobody has tagged: who made them, and their titles.

This is for showing only: which songs stay on one side of a split is decided by tags and manifests alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

from genre_lightning.data.artists import artist_key, is_no_artist, link_keys
from genre_lightning.data.catalogue import Catalogue, Track, genre_name
from genre_lightning.data.order import song_names

NUMBER = re.compile(r"^(0\d+\s+-?\s*|\d+-\d+\s+-?\s*|\d+(\s+-|\.)\s+)")  # of a track: "07 ", "1-07 ", "7 - ", "7. "
BETWEEN = re.compile(r"\s+[-\u2013\u2014]\s+")  # an artist and a title
FEWEST_ARTISTS = 3
CONSISTENT = 0.5  # of the songs that want a name get one, and of the known artists are read as well


class Reading(NamedTuple):
    """What a name says of a song: its artist and title, empty if it does not say."""

    artist: str = ""
    title: str = ""


def with_names(catalogue: Catalogue) -> Catalogue:
    """The songs with the artists and titles that names give, where neither tags nor a manifest do.

    Files called `Artist - Title` are read first, then folders as in `genre/Artist/Album/song`. Either is read if the
    whole data set is named so: half of the songs that want an artist or a title must get an artist, of FEWEST_ARTISTS
    and of more than there are genres, and half of the artists that are known already must be read there too.
    """
    if all(track.artists and track.title for track in catalogue):
        return catalogue
    for read in (from_files, from_folders):
        readings = [*read(catalogue)]
        if is_consistent(catalogue, readings):
            pairs = zip(catalogue, readings, strict=True)
            catalogue = replace(catalogue, tracks=[with_reading(track, reading) for track, reading in pairs])
    return catalogue


def is_consistent(catalogue: Catalogue, readings: Sequence[Reading]) -> bool:
    """Whether readings, one for each song, name artists throughout, as `with_names` says."""
    read = [(track, reading) for track, reading in zip(catalogue, readings, strict=True) if reading.artist]
    wanting = sum(not (track.artists and track.title) for track in catalogue)
    named = sum(not (track.artists and track.title) for track, _ in read)
    agreeing = [not link_keys(reading.artist).isdisjoint(track.links) for track, reading in read if track.artists]
    artists, genres = {artist_key(reading.artist) for _, reading in read}, {track.genre for track in catalogue}
    is_usual = named >= CONSISTENT * wanting and sum(agreeing) >= CONSISTENT * len(agreeing)
    return is_usual and len(artists) >= FEWEST_ARTISTS and len(artists) > len(genres)


def with_reading(track: Track, reading: Reading) -> Track:
    """A song with what a name says, where it does not say it itself."""
    return replace(track, artist=track.artist if track.artists else reading.artist, title=track.title or reading.title)


def from_files(catalogue: Catalogue) -> Iterator[Reading]:
    """What the files' names say: `Artist - Title`, also with the number of a track or an album between."""
    for track in catalogue:
        artist, *rest = name_parts(track.path.stem)
        title = " - ".join(rest[1 + max((place for place, part in enumerate(rest) if part.isdigit()), default=-1) :])
        names_both = is_name(artist, track) and any(letter.isalpha() for letter in title)
        yield Reading(artist, title) if names_both else Reading()


def from_folders(catalogue: Catalogue) -> Iterator[Reading]:
    """What the first folders below those of the genres say: `Artist`, or `Artist - Album`.

    If no folder is called like a song's genre, it is the first one below the folder that holds all songs.
    """
    for track, name in zip(catalogue, song_names(catalogue.tracks), strict=True):
        folders = PurePosixPath(name).parts[:-1]
        below = 1 + next((place for place, folder in enumerate(folders) if genre_name(folder) == track.genre), -1)
        artist = name_parts(folders[below])[0] if below < len(folders) else ""
        title = name_parts(track.path.stem)[-1]
        yield Reading(artist, title if any(map(str.isalpha, title)) else "") if is_name(artist, track) else Reading()


def is_name(text: str, track: Track) -> bool:
    """Whether a text can be the artist of a song: it has letters, and is neither Unknown Artist nor the genre."""
    return any(map(str.isalpha, text)) and not is_no_artist(text) and genre_name(text) != track.genre


def name_parts(name: str) -> list[str]:
    """`07 - Queen - Innuendo` and `Queen - Innuendo` -> Queen, Innuendo; the number of a track tells nothing."""
    return BETWEEN.split(NUMBER.sub("", name.replace("_", " ")).strip())


def shown_title(track: Track) -> str:
    """A song's title, or the name of its file without the suffix if it has none."""
    stem = track.path.stem
    return track.title or (stem if " " in stem else stem.replace("_", " "))
