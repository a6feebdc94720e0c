"""Songs as a playlist that any player opens, written over no other one than its own."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from genre_lightning.data.catalogue import Track, path_beside
from genre_lightning.data.names import shown_title
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole
from genre_lightning.text import printable

HEAD = "#EXTM3U\n# genre-lightning writes this playlist anew; take this line out, and it never does\n"
UNKNOWN_SECONDS = -1  # what extended M3U has for a length that is not known
BREAKS = "\n", "\r"  # what ends a line for players


def write_playlist(tracks: Sequence[Track], path: Path, seconds: Sequence[float] = ()) -> None:
    """Write songs in their order as extended M3U in UTF-8, with paths relative to its folder, as far as there are any.

    `seconds`: how long each song is, empty if that is not known. Raises UserError if a song's path has a line break,
    which no playlist can hold, if the file is somebody's own playlist, or if it cannot be written.
    """
    check_names([track.path for track in tracks], path.parent)
    check_ours([path])
    lines = []
    for track, length in zip(tracks, seconds or [UNKNOWN_SECONDS] * len(tracks), strict=True):
        file = path_from(track.path, path.parent)
        called = " ".join(" - ".join(filter(None, (track.artist, shown_title(track)))).split())
        lines += [f"#EXTINF:{round(length)},{called}\n", f"{'./' if file[0] in '# ' else ''}{file}\n"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text_whole(path, "".join([HEAD, *lines]), "surrogateescape")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def check_names(songs: Iterable[Path], folder: Path) -> None:
    """Raise UserError if a song's path from `folder` has a line break, which no playlist can hold."""
    for song in songs:
        if any(sign in (file := path_from(song, folder)) for sign in BREAKS):
            raise UserError(f"the name of {printable(file)} has a line break, which no playlist can hold; rename it")


def check_ours(playlists: Iterable[Path]) -> None:
    """Raise UserError if a playlist is there already and is not this program's, so that nobody's own is lost."""
    for path in playlists:
        try:
            with path.open("rb") as file:
                began = file.read(len(HEAD))
        except OSError:  # not there; or what is there cannot be written either
            continue
        if began not in (b"", HEAD.encode()):
            raise UserError(f"{printable(path)} is there already, and not of this program; move it, or write elsewhere")


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
