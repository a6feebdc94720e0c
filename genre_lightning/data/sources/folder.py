"""data=folder: your own clips, one folder for each genre, or any files that a manifest.csv lists."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from genre_lightning.command_line.quoting import in_shell
from genre_lightning.data.catalogue import MANIFEST, Catalogue, Track, genre_name, read_manifest
from genre_lightning.data.walk import find_files, is_text
from genre_lightning.errors import UserError

KAGGLE = ("genres_original", "images_original")
NO_TEXT = "has a name that is no text in UTF-8, which no table can hold: rename it"
SPLIT_FOLDERS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test",
    "testing": "test",
}  # fmt: skip
FMA_FOLDER = re.compile(r"\d{3}")


def folder(root: str | Sequence[str], genres: list[str] | None = None) -> Catalogue:
    """List the songs in folders by their names; of files whose names say nothing, the first bytes are read.

    Args:
        root: A folder, or several. The songs of each are those of its manifest.csv if it has one, else all audio files
            below it, whose genres are the folders `<root>/<genre>/`; files in no such folder have no genre.
        genres: The genres wanted; None: all.

    Returns:
        The songs, in the order of the folders, and in each of the manifest or of their paths.

    Raises:
        UserError: There is no such folder, it has no songs, or a genre is unknown.
    """
    roots = [root] if isinstance(root, str) else list(dict.fromkeys(root))
    found = [songs_of(existing_folder(one)) for one in roots]
    tracks: dict[Path, Track] = {}
    for track in (track for catalogue in found for track in catalogue):
        tracks.setdefault(track.path, track)  # a folder may lie in another one: what the first says counts
    others = {path: reason for catalogue in found for path, reason in catalogue.others.items()}
    return Catalogue([*tracks.values()], others).of_genres(genres)


def common_folder(root: str | Sequence[str]) -> Path:
    """The folder called `root`, or the one that holds several; the first, if they are on different drives."""
    paths = [Path(one).expanduser() for one in ([root] if isinstance(root, str) else root)]
    if len(paths) == 1:
        return paths[0]
    try:
        return Path(os.path.commonpath([path.absolute() for path in paths]))
    except ValueError:
        return paths[0]


def songs_of(path: Path) -> Catalogue:
    """The songs of one folder. Raises UserError."""
    manifest = path / MANIFEST
    if manifest.is_file():
        catalogue = with_unlisted(read_manifest(manifest), path)
    else:
        check_layout(path)
        files = find_files(path)
        nameless = dict.fromkeys([song for song in files.songs if not is_text(song)], NO_TEXT)
        above = {song: song.relative_to(path).parts[:-1] for song in files.songs if song not in nameless}
        catalogue = Catalogue(by_folders(above), files.others | nameless)
    if not catalogue.tracks:
        raise UserError(f"data.root: no songs in {path}; it needs a folder for each genre, a {MANIFEST}, or fetch.py")
    return catalogue


def by_folders(above: Mapping[Path, Sequence[str]]) -> list[Track]:
    """The songs with the genres that their folders say, below the folders of splits if there are only such."""
    tops = {names[0].lower() for names in above.values() if names}
    if len(tops) > 1 and tops <= SPLIT_FOLDERS.keys() and all(len(names) > 1 for names in above.values()):
        named = ((song, genre_name(names[1]), SPLIT_FOLDERS[names[0].lower()]) for song, names in above.items())
        return [Track(song, genre, split=split) for song, genre, split in named]
    return [Track(song, genre_name(names[0]) if names else "") for song, names in above.items()]


def with_unlisted(catalogue: Catalogue, path: Path) -> Catalogue:
    """The songs of a manifest, and as others the files in its folder that it does not list."""
    listed, files = {os.path.normpath(track.path) for track in catalogue}, find_files(path)
    unlisted = [song for song in files.songs if os.path.normpath(song) not in listed]
    others = {other: reason for other, reason in files.others.items() if other != path / MANIFEST}
    return Catalogue(catalogue.tracks, others | dict.fromkeys(unlisted, f"is not listed in {MANIFEST}"))


def existing_folder(root: str) -> Path:
    """The folder called `root`. Raises UserError if there is none."""
    path = Path(root).expanduser()
    if os.path.isfile(path):  # noqa: PTH113 (as below)
        raise UserError(f"data.root: {path} is a file; name the folder of the songs")
    if not os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises for names that are too long)
        raise UserError(f"data.root: there is no folder {path}; say where songs are, or collect some with fetch.py")
    return path


def check_layout(path: Path) -> None:
    """Raise UserError for the folders of published collections, whose names are no genres."""
    for place in (path, path / "Data"):
        if all((place / name).is_dir() for name in KAGGLE):
            root = in_shell(f"data.root={place}")
            raise UserError(f"data.root: {path} is GTZAN as Kaggle has it; type data=gtzan {root}")
    folders = [child.name for child in path.iterdir() if child.is_dir() and not child.name.startswith(".")]
    if "fma_metadata" in folders or (len(folders) > 1 and all(map(FMA_FOLDER.fullmatch, folders))):
        raise UserError(f"data.root: {path} is FMA; type data=fma {in_shell(f'data.root={path}')}")
