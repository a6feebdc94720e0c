"""Songs as a playlist that any player opens."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from genre_lightning.data.catalogue import Track, path_beside
from genre_lightning.data.names import shown_title
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole
from genre_lightning.text import printable

UNKNOWN_SECONDS = -1  # what extended M3U has for a length that is not known


def write_playlist(tracks: Sequence[Track], path: Path) -> None:
    """Write songs in their order as extended M3U in UTF-8, with paths relative to its folder, as far as there are any.

    Raises UserError if a song's path has a line break, which no playlist can hold, or if the file cannot be written.
    """
    check_names([track.path for track in tracks], path.parent)
    lines = ["#EXTM3U"]
    for track in tracks:
        file = path_from(track.path, path.parent)
        called = " - ".join(filter(None, (track.artist, shown_title(track))))
        lines += [f"#EXTINF:{UNKNOWN_SECONDS},{' '.join(called.split())}", f"./{file}" if file[0] == "#" else file]
    try:
        write_text_whole(path, "\n".join([*lines, ""]), "surrogateescape")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def check_names(songs: Iterable[Path], folder: Path) -> None:
    """Raise UserError if a song's path from `folder` has a line break, which no playlist can hold."""
    for song in songs:
        if len((file := path_from(song, folder)).splitlines()) > 1:
            raise UserError(f"the name of {printable(file)} has a line break, which no playlist can hold; rename it")


def path_from(song: Path, folder: Path) -> str:
    """A song's path as a playlist in `folder` names it, with slashes on every system; in full on another drive.

    Where it leads up, links are followed first: what is above a link is not what is above the folder it leads to.
    """
    if not os.path.isabs(below := path_beside(song, folder)):  # noqa: PTH117 (a text)
        return below
    try:
        return Path(os.path.relpath(song.parent.resolve() / song.name, folder.resolve())).as_posix()
    except ValueError:  # on Windows, another drive
        return below
