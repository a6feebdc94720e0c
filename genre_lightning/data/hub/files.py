"""The songs of a published set as files: where they lie, or are made of what lies in its rows."""

import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

from genre_lightning.data.hub.asked import Asked
from genre_lightning.data.hub.rows import Row
from genre_lightning.data.walk import AUDIO_SUFFIXES
from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.text import printable

LONGEST_NAME = 120  # bytes, of which some file systems take 143; more are added while a file is written
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # by Windows
# How files begin, and what their names end with.
SUFFIXES = {b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"ID3": ".mp3", b"\xff\xfb": ".mp3"}
# How the addresses of files in archives begin, as the library makes them: zip://NAME::ARCHIVE.
OF_ARCHIVES = ("zip://", "gzip://", "bz2://", "xz://", "lz4://", "zstd://")
OUTSIDE, SILENT = "lies outside of its data set", "has no sound in its data set"


def kept_rows(asked: Asked, rows: Iterable[Row], folder: Path) -> Iterator[tuple[Path, Row, str]]:
    """Each row with the file of its sound, made in `folder` if there is none yet, and what is wrong with it, if
    anything.
    """
    taken: set[str] = set()
    for row in rows:
        if row.content is None and asked.on_disk and "::" not in row.name and is_below(row.name, asked.on_disk):
            yield Path(row.name), row, ""
            continue
        path = folder / (file := file_of(row, taken))
        taken.add(as_compared(file))
        readable = row.content is not None or is_of(row.name, asked)
        if readable and not path.is_file():  # else it was fetched before
            path.parent.mkdir(parents=True, exist_ok=True)
            content = row.content if row.content is not None else content_at(row.name)
            write_whole(path, lambda file, content=content: file.write(content))
        yield path, row, "" if readable else OUTSIDE if row.name else SILENT


def file_of(row: Row, taken: Container[str]) -> str:
    """What the file of a row is called in the folder of its set: as it is there, as far as every system allows it.

    With the row's number if others are called so, and if it has no name of its own.
    """
    kind, _, inner = row.name.partition("::")[0].rpartition("://")
    if kind == "hf":
        inner = inner.partition("@")[2].partition("/")[2]  # behind the set and its revision
    parts = [part for part in re.split(r"[\\/]", inner) if part.strip(". ")]
    parts = [plain(part) for part in (parts if kind else parts[-1:])] or [f"{row.number:06}{suffix_of(row.content)}"]
    named = "/".join([plain(row.split), *(parts[1:] if len(parts) > 1 and parts[0] == row.split else parts)])
    while as_compared(named) in taken:  # also another one's name with a number
        named = f"{plain(row.split)}/{row.number:06} {named.rpartition('/')[2]}"
    return named


def as_compared(name: str) -> str:
    """A name as systems compare it that tell no capitals, or no composed letters, from others."""
    return normalize("NFC", name).casefold()


def plain(name: str) -> str:
    """A part of a path that every system takes, and that neither hides the file nor leads elsewhere."""
    name = re.sub(r"[^\w .,&'()\[\]+-]", "_", name).encode()[-LONGEST_NAME:].decode(errors="ignore").strip(" .")
    return f"_{name}" if RESERVED.match(name) or not name else name


def suffix_of(content: bytes | None) -> str:
    """How the names of files end that begin so, for players; empty if that is not known."""
    return next((suffix for begin, suffix in SUFFIXES.items() if (content or b"").startswith(begin)), "")


def is_of(address: str, asked: Asked) -> bool:
    """Whether the file that a row names is a part of its set: a row may name any, here or elsewhere."""
    inner, _, outer = address.partition("::")
    if outer and not inner.startswith(OF_ARCHIVES):  # other kinds of addresses pass over what stands behind them
        return False
    last = outer or inner
    if asked.on_disk:
        return is_below(last, asked.on_disk)
    return last.startswith(f"hf://datasets/{asked.name}@") and ".." not in last.split("/") and "::" not in last


def check_files(asked: Asked, names: Iterable[str]) -> None:
    """Raise UserError if a set's card says that it has tables elsewhere; songs are looked at row by row."""
    for name in names:
        if Path(name).suffix.lower() not in AUDIO_SUFFIXES and not is_of(name, asked):
            raise UserError(
                f"data.name: {asked.name} names a file outside of itself, {printable(name)}; it is not read"
            )


def is_below(name: str, folder: Path) -> bool:
    """Whether there is a file of that name in a folder, wherever links lead."""
    try:
        path = Path(name)
        return path.is_absolute() and path.is_file() and path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # names that are no names
        return False


def content_at(address: str) -> bytes:
    """What is in a file of the hub, or in one that an archive holds. Raises OSError and whatever libraries raise."""
    import fsspec

    opened: Any = fsspec.open(address, "rb")
    with opened as file:
        return file.read()
