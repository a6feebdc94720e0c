"""data=folder: your own clips, one folder for each genre, or any files that a manifest.csv lists."""

import os
from collections.abc import Iterator
from pathlib import Path

from genre_lightning.data.catalogue import MANIFEST, Catalogue, Track, genre_name, read_manifest
from genre_lightning.errors import UserError

# What a folder of songs may hold: the formats of libsndfile and the audio formats of FFmpeg that people use.
AUDIO_SUFFIXES = frozenset([
    ".wav", ".wave", ".w64", ".rf64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".m4a", ".m4b",
    ".mp4", ".aac", ".wma", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".ape", ".wv", ".mpc", ".tta",
    ".mka", ".mkv", ".webm", ".ac3", ".amr", ".3gp", ".voc", ".sph", ".nist",
])  # fmt: skip


def folder(root: str, genres: list[str] | None = None) -> Catalogue:
    """List the clips under `root`: those of its manifest.csv when it has one, else `<genre>/**/<file>`.

    Files that lie in no genre's folder have no genre. Only the names of files are looked at. Raises UserError for a
    folder without clips and for an unknown genre.
    """
    place = existing_folder(root)
    manifest = place / MANIFEST
    catalogue = read_manifest(manifest) if manifest.is_file() else Catalogue(list(find_tracks(place)))
    if not catalogue.tracks:
        raise UserError(f"data.root: no songs in {place}; it needs a folder for each genre, a {MANIFEST}, or fetch.py")
    return catalogue.of_genres(genres)


def existing_folder(root: str) -> Path:
    """The folder called `root`. Raises UserError where there is none."""
    place = Path(root).expanduser()
    if not place.is_dir():
        raise UserError(f"data.root: there is no folder {place}; say where songs are, or collect some with fetch.py")
    return place


def find_tracks(root: Path) -> Iterator[Track]:
    """Every audio file below `root`, in a fixed order; its genre is the folder in `root` that holds it, if any does."""
    for path in audio_files(root):
        above = path.relative_to(root).parts[:-1]
        yield Track(path, genre_name(above[0]) if above else "")


def audio_files(root: Path) -> Iterator[Path]:
    """Every audio file below `root`, in a fixed order; hidden files and folders are left out."""
    for path in sorted(below(root)):
        if path.suffix.lower() in AUDIO_SUFFIXES and not is_hidden(path.relative_to(root)):
            yield path


def below(root: Path) -> Iterator[Path]:
    """Everything below `root`; linked folders are followed, unless they lead back to where they lie."""
    for folder, folders, files in os.walk(root, followlinks=True):
        place = Path(folder)
        if place.is_symlink() and place.resolve() in [above.resolve() for above in place.parents]:
            folders.clear()
            continue
        yield from (place / name for name in (*folders, *files))


def is_hidden(path: Path) -> bool:
    """Whether a part of `path` starts with a dot, as the files do that systems leave behind."""
    return any(part.startswith(".") for part in path.parts)
