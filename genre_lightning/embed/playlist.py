"""Songs as a playlist that any player opens."""

from collections.abc import Sequence
from pathlib import Path

from genre_lightning.data.catalogue import Track, path_beside
from genre_lightning.data.names import shown_title
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole

UNKNOWN_SECONDS = -1  # what extended M3U has for a length that is not known


def write_playlist(tracks: Sequence[Track], path: Path) -> None:
    """Write songs in their order as extended M3U in UTF-8, with paths relative to its folder if they lie below it.

    Raises UserError if a song's path has a line break, which no playlist can hold, or if the file cannot be written.
    """
    lines = ["#EXTM3U"]
    for track in tracks:
        file = path_beside(track.path, path.parent)
        if len(file.splitlines()) > 1:
            raise UserError(f"{path}: the name of {file!r} has a line break, which no playlist can hold; rename it")
        called = " - ".join(filter(None, (track.artist, shown_title(track))))
        lines += [f"#EXTINF:{UNKNOWN_SECONDS},{' '.join(called.split())}", f"./{file}" if file[0] == "#" else file]
    try:
        write_text_whole(path, "\n".join([*lines, ""]), "surrogateescape")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
