"""Who made a song, as its file says: tags of all formats, in whatever encoding they were written."""

import hashlib
import json
import re
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, NamedTuple

from genre_lightning.data.artists import artist_key, link_keys, split_artists
from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.encodings import decoded, recovered
from genre_lightning.data.locks import take_lock
from genre_lightning.files import write_text_whole

TAGS = "tags.json"  # beside the caches of features, which other tags do not change
LONGEST_WAIT_SECONDS = 10  # for another one who writes them
READ_AT_ONCE = 8  # a network disk answers them in the time of one
# What holds text in the chunks of WAV and AIFF files, of which libraries expect UTF-8.
CHUNKS = {b"IART": "artist", b"INAM": "title", b"AUTH": "artist", b"NAME": "title"}
CONTAINERS = {b"RIFF": "<I", b"RF64": "<I", b"FORM": ">I"}  # with how they write sizes
LARGEST_TEXT, LONGEST = 2**16, 1000
UNICODE = (b"fLaC", b"OggS")  # what begins so has text in UTF-8 by definition
ARTISTS = ("artist", "albumartist")
MOST_CHUNKS = 10_000
Field = tuple[str, str | None]  # its name, as tinytag calls it, and one of its values


class Tags(NamedTuple):
    """A song's artist, several with semicolons, and title; empty if the file does not say."""

    artist: str = ""
    title: str = ""


def with_tags(catalogue: Catalogue, root: Path) -> Catalogue:
    """The songs with the artists and titles of their files' tags, where their source names none.

    `root` is the folder of all caches, where tags are kept.
    """
    found = read_all_tags([track.path for track in catalogue if not (track.artists and track.title)], root)
    tracks = []
    for track in catalogue:
        tags = found.get(track.path, Tags())
        artist = track.artist if track.artists else tags.artist
        tracks.append(replace(track, artist=artist, title=track.title or tags.title))
    return replace(catalogue, tracks=tracks)


def read_all_tags(paths: Iterable[Path], root: Path) -> dict[Path, Tags]:
    """The tags of files; those read before are in `root`, and stay as long as a file's size and times do."""
    known = read_before(root / TAGS)
    states = {path: state(path) for path in paths}
    new = [path for path, now in states.items() if now and known.get(str(path.absolute()), [])[:-2] != now]
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        of_new = zip(new, pool.map(read_tags, new), strict=True)
        read = {str(path.absolute()): [*states[path], *tags] for path, tags in of_new}
    if new:
        with suppress(OSError):  # they are read again then
            root.mkdir(parents=True, exist_ok=True)
            with take_lock(root / TAGS, LONGEST_WAIT_SECONDS):  # or what others add meanwhile would be lost
                kept = read_before(root / TAGS) | read
                write_text_whole(root / TAGS, json.dumps({"checksum": checksum(kept), "tags": kept}))
    known |= read
    return {path: Tags(*known[str(path.absolute())][-2:]) if now else Tags() for path, now in states.items()}


def read_before(path: Path) -> dict[str, list[Any]]:
    """What was read before, by path; nothing if that is damaged."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return stored["tags"] if stored["checksum"] == checksum(stored["tags"]) else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


def checksum(tags: dict[str, list[Any]]) -> str:
    """What changes with anything that is stored of tags."""
    return hashlib.sha256(json.dumps(tags).encode()).hexdigest()


def state(path: Path) -> list[int]:
    """What changes when somebody writes tags: some taggers keep the size and the time of modification, none all three.

    Empty for a file that is not there.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in a name
        return []
    if not S_ISREG(status.st_mode) or not status.st_size:  # a pipe, or a file of /proc, may wait for ever
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def read_tags(path: Path) -> Tags:
    """The artist and title that a file names, or the artist of its album; empty for what is no song."""
    found: dict[str, list[str]] = {"artist": [], "albumartist": [], "title": []}
    for reader in (fields_of_chunks, fields_by_tinytag, fields_by_ffmpeg):
        if any(split_artists(text) for text in (*found["artist"], *found["albumartist"])):
            break
        with suppress(Exception):  # whatever a damaged file makes a library raise: it names no artist
            for name, text in reader(path):
                found[name] += [value for value in values(text or "") if value not in found[name]]
    artists = next(filter(None, ([text for text in found[of] if split_artists(text)] for of in ARTISTS)), [])
    title = next((title for title in found["title"] if "\ufffd" not in title), "")
    return Tags("; ".join(without_joint_names(artists)), title)


def values(text: str) -> list[str]:
    """The values of a field, which some formats separate by NUL."""
    return [" ".join(value.split()) for value in text[:LONGEST].split("\0") if value.strip()]


def without_joint_names(artists: list[str]) -> list[str]:
    """Leave `Anna & Boris` out where a file names Anna and Boris beside it, as MusicBrainz' tags do."""
    keys = {artist_key(artist) for artist in artists}
    return [
        artist for artist in artists if not (parts := link_keys(artist) - {artist_key(artist)}) or not parts <= keys
    ]


def fields_of_chunks(path: Path) -> Iterator[Field]:
    """What the text chunks of a WAV or AIFF file hold, byte by byte."""
    with path.open("rb") as file:
        kind = file.read(12)[:4]
        if kind in CONTAINERS:
            yield from walk(file, path.stat().st_size, CONTAINERS[kind])


def walk(file: BinaryIO, end: int, size_format: str) -> Iterator[Field]:
    """The fields of the chunks from where a file is read up to `end`, or to what is no chunk."""
    for _ in range(MOST_CHUNKS):
        name = file.read(4)
        if file.tell() + 4 > end or not re.fullmatch(rb"[ -~]{4}", name):
            return
        (size,) = struct.unpack(size_format, file.read(4))
        after = file.tell() + size + size % 2
        if name == b"LIST" and file.read(4) == b"INFO":
            yield from walk(file, min(after, end), size_format)
        elif name in CHUNKS and size <= LARGEST_TEXT:
            yield CHUNKS[name], decoded(file.read(size).split(b"\0")[0])
        file.seek(after)


def fields_by_tinytag(path: Path) -> Iterator[Field]:
    """ID3 in all its versions, Vorbis comments, and the tags of MP4 and WMA files."""
    from tinytag import TinyTag

    with path.open("rb") as file:
        read = str if file.read(4) in UNICODE else recovered
    tag = TinyTag.get(path, duration=False)
    for name in (*ARTISTS, "title"):
        for value in (getattr(tag, name), *tag.other.get(name, [])):
            yield name, value and read(value)


def fields_by_ffmpeg(path: Path) -> Iterator[Field]:
    """The tags of a container, such as Matroska's, and of its first stream."""
    import av

    with av.open(str(path.absolute()), metadata_errors="replace") as container:
        streams = container.streams.audio[:1]
        for metadata in (container.metadata, *(stream.metadata for stream in streams)):
            for name, text in metadata.items():
                field = {"album_artist": "albumartist", "performer": "artist"}.get(name.lower(), name.lower())
                if field in ("artist", "albumartist", "title"):
                    yield field, text
