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
    """List the songs in a folder by their names; no file is opened.

    Args:
        root: The folder. The songs are those of its manifest.csv if it has one, else all audio files below it, whose
            genres are the folders `<root>/<genre>/`; files in no such folder have no genre.
        genres: The genres wanted; None: all.

    Returns:
        The songs, in the order of the manifest or of their paths.

    Raises:
        UserError: There is no such folder, it has no songs, or a genre is unknown.
    """
    path = existing_folder(root)
    manifest = path / MANIFEST
    if manifest.is_file():
        catalogue = read_manifest(manifest)
    else:
        above = {song: song.relative_to(path).parts[:-1] for song in audio_files(path)}
        catalogue = Catalogue([Track(song, genre_name(names[0]) if names else "") for song, names in above.items()])
    if not catalogue.tracks:
        raise UserError(f"data.root: no songs in {path}; it needs a folder for each genre, a {MANIFEST}, or fetch.py")
    return catalogue.of_genres(genres)


def existing_folder(root: str) -> Path:
    """The folder called `root`. Raises UserError if there is none."""
    path = Path(root).expanduser()
    if not path.is_dir():
        raise UserError(f"data.root: there is no folder {path}; say where songs are, or collect some with fetch.py")
    return path


def audio_files(root: Path) -> Iterator[Path]:
    """Every audio file below `root`, in a fixed order; hidden files and folders are left out."""
    for path in sorted(below(root)):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in AUDIO_SUFFIXES and not hidden:
            yield path


def below(root: Path) -> Iterator[Path]:
    """Everything below `root`; linked folders are followed, unless they lead to a folder that holds them."""
    for name, folders, files in os.walk(root, followlinks=True):
        path = Path(name)
        if path.is_symlink() and path.resolve() in [above.resolve() for above in path.parents]:
            folders.clear()
            continue
        yield from (path / name for name in (*folders, *files))
