"""artists.csv: the songs of a run whose artists are not known, ready to be filled in."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from genre_lightning.data.catalogue import Catalogue, Track, genre_name, write_manifest
from genre_lightning.data.names import name_parts
from genre_lightning.data.selection import Selection

ARTISTS = "artists.csv"
GUESS = "guessed_artist"


def write_artists(source: Callable[[], Catalogue], selection: Selection, root: Path, folder: Path) -> None:
    """Write artists.csv into `folder`: a manifest.csv for the folder of songs, `root`, with a column of guesses.

    Nothing is written if all songs that take part name their artists. It lists all songs of their `source`, those
    of other genres too, as it does: a split that was chosen knew no artists. Artists that files name are filled in;
    guesses are read by nobody.
    """
    if all(track.artists for track in selection.catalogue):
        return
    known = {track.path: track for track in [*selection.catalogue, *(skip.track for skip in selection.skipped)]}
    listed = []
    for track in sorted(source(), key=lambda track: track.path):
        found = known.get(track.path, track)
        guess = "" if found.artists else guess_artist(track, root)
        artist = found.artist if found.artists else ""  # Unknown Artist is nothing to keep
        listed.append(replace(track, artist=artist, title=found.title, extra={**track.extra, GUESS: guess}))
    write_manifest(Catalogue(listed), folder / ARTISTS, root)


def guess_artist(track: Track, root: Path) -> str:
    """What the names of its file, `Artist - Title`, or of its album's folder say; empty if they say nothing.

    The folder is the first one below that of the genre, `genre/Artist/Album/song` and `genre/Artist - Album/song`, or
    below the first one of all, if none is called like the genre.
    """
    artist, *title = name_parts(track.path.stem)
    if title:
        return artist
    path = track.path.absolute()
    folders = path.relative_to(root.absolute()).parts[:-1] if path.is_relative_to(root.absolute()) else ()
    of_genre = next((number for number, name in enumerate(folders) if genre_name(name) == track.genre), 0)
    return name_parts(folders[of_genre + 1])[0] if len(folders) > of_genre + 1 else ""
