"""What somebody else's manifest says of tracks: `tracks=THEIRS.csv`."""

from dataclasses import replace
from pathlib import Path

from genre_lightning.data.catalogue import CHECKED, COLUMNS, DROP, Track, read_row
from genre_lightning.data.tables import read_table
from genre_lightning.errors import UserError
from genre_lightning.fetch.candidates import TRACK_ID

# What the manifest says of a file itself: of that here, whatever somebody else's says of theirs.
OF_THE_FILE = {"path", "mode", "seconds", "sha256"}


def read_tracks(path: Path) -> dict[str, Track]:
    """What a list says of songs by their track ids, in its order: a manifest with a column track_id, paths or not.

    Songs that its column CHECKED drops, and those that nobody has labelled yet, are left out.

    Raises UserError, which names the line for a missing value, an odd id, and an id with two genres or splits.
    """
    if not path.is_file():
        raise UserError(f"tracks: there is no file {path}")
    first: dict[str, tuple[int, Track]] = {}
    for line, row in read_table(path, {*COLUMNS, *OF_THE_FILE, CHECKED, "track_id"}, ("track_id", "genre")):
        number, track = read_line(row, path, line)
        before, known = first.setdefault(number, (line, track))
        if (known.genre, known.split) != (track.genre, track.split):
            raise UserError(f"{path}, line {line}: {number} has another genre or split than in line {before}; keep one")
    shared = {number: track for number, (_, track) in first.items() if track.genre}
    if not shared:
        raise UserError(f"tracks: {path} names no song with a genre")
    return shared


def read_line(row: dict[str, str], path: Path, line: int) -> tuple[str, Track]:
    """The track id in a line of a list, and what the line says of it. Raises UserError."""
    number = row["track_id"].strip()
    if not number:
        raise UserError(f"{path}, line {line}: the track_id is empty")
    if not TRACK_ID.fullmatch(number):
        raise UserError(f"{path}, line {line}: {number!r} is no track id; spreadsheets may spoil long numbers")
    return number, read_row(row | {"path": number, "track_id": number}, path, line)


def as_shared(song: Track, shared: Track | None) -> Track:
    """A song of ours with what a list says of it.

    Facts of its file stay, what the list leaves empty, and a genre that somebody has heard here.
    """
    if shared is None:
        return song
    columns = {name: text for name, text in shared.extra.items() if name not in OF_THE_FILE}
    said = {name: text for name, text in columns.items() if text or name not in song.extra}
    names = {name: getattr(shared, name) or getattr(song, name) for name in ("title", "split")}
    artist = shared.artist if shared.artists else song.artist  # "Unknown Artist" names none
    song = replace(song, **names, genre=shared.genre, artist=artist, extra=song.extra | said)
    return replace(song, genre="" if song.checked == DROP else song.checked or song.genre)
