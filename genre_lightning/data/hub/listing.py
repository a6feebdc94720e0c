"""Published sets of songs: those of a hub by their names, and folders of the same formats, read once by `datasets`.

That library hands over rows as they lie in a set's files, some at a time. It decodes nothing, and keeps nothing: what a
row has of sound becomes a file in the folder of the set, since players, playlists, pages and caches know songs by their
files; of a set of the hub that is the only copy, and a folder of parquet may be removed then. A song that is a file
already stays where it is. LISTING, written last, says what the rows say, so that neither the library nor a network is
needed again.

Nothing of a set is run. HF_HUB_OFFLINE, HF_HOME and HF_TOKEN are the library's own variables.
"""

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from omegaconf import DictConfig

from genre_lightning.config import is_of, shown
from genre_lightning.data.hub.asked import UNNAMED, Asked, about, check_packages, digest_of, unreadable
from genre_lightning.data.hub.files import check_files, kept_rows
from genre_lightning.data.hub.rows import Row, rows_of
from genre_lightning.data.locks import wait_for_lock
from genre_lightning.errors import UserError, is_for_users
from genre_lightning.files import unfinished_files, write_text_whole
from genre_lightning.pretrained.card import licence, licence_in

LISTING = "songs.json"
# What LISTING holds: songs are a file, a split and values each, others a file and what is wrong with it.
KEPT = {
    "format": Literal[1], "name": str, "revision": str, "licence": str, "columns": dict[str, str],
    "songs": list[tuple[str, str, dict[str, str]]], "others": list[tuple[str, str]],
}  # fmt: skip
COMMIT = re.compile("[0-9a-f]{40}")


class Song(NamedTuple):
    """A row: the file of its sound, the split that it is in, and its other values as texts, by their columns."""

    path: Path
    split: str
    values: Mapping[str, str]


class Listing(NamedTuple):
    """What is kept of a set: its `columns` by their kinds; `others` says why rows are no songs, by their files."""

    name: str
    revision: str
    licence: str
    columns: dict[str, str]
    songs: list[Song]
    others: dict[Path, str]


def listing_of(asked: Asked) -> Listing:
    """What a set holds, fetched if it is not here yet. Raises UserError."""
    if not asked.name:  # which is no name of this folder
        raise UserError(UNNAMED)
    folder = asked.folder / (revision := revision_of(asked))
    if not (folder / LISTING).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with wait_for_lock(folder):
            if not (folder / LISTING).is_file():  # another run may have fetched it
                fetch(asked, revision, folder)
    return read_listing(folder)


def pin(data: DictConfig | None) -> None:
    """Have the settings of a source of songs, if it is a set of a hub, name the revision that it has now.

    So a run that goes on, or is repeated, has the same songs. Raises UserError if there is no such set.
    """
    if data is not None and data.get("_target_") == "genre_lightning.data.sources.hub.hub":
        data.revision = revision_of(asked_in(data))


def asked_in(data: DictConfig) -> Asked:
    """What settings ask for, which may be somebody else's, and no texts."""
    given = {name: data.get(name) for name in Asked._fields}
    texts: dict[str, Any] = {name: None if value is None else str(value) for name, value in given.items()}
    return Asked(**texts)


def is_kept(asked: Asked) -> bool:
    """Whether a set is here, so that nothing is fetched, read or written for it; of a folder, a revision that is named.

    Else the folder, which may be any of this computer, would be read to know.
    """
    return bool(kept(asked)) and (asked.on_disk is None or asked.revision is not None)


def kept(asked: Asked) -> list[str]:
    """The revisions that are here of those that are asked for, the one that was fetched last at the end."""
    found = sorted(asked.folder.glob(f"*/{LISTING}"), key=lambda path: path.stat().st_mtime)
    return [path.parent.name for path in found if asked.revision in (None, path.parent.name)]


def revision_of(asked: Asked) -> str:
    """The commit of the hub that is asked for, or the digest of a folder; of a set that is here, the hub is not asked.

    Raises UserError if there is no such set, or it is not what the revision says any more.
    """
    if asked.on_disk is not None:
        return revision_on_disk(asked, asked.on_disk)
    if found := kept(asked):
        return found[-1]
    if os.path.isfile(place := os.path.expanduser(asked.name)):  # noqa: PTH111, PTH113 (Path's raise for some names)
        raise UserError(f"data.name: {asked.name} is a file; name its folder, {Path(place).absolute().parent}")
    if not asked.is_of_hub:
        raise UserError(f"data.name: there is no folder {asked.name}; sets of the hub are called OWNER/DATASET")
    if asked.revision is not None and COMMIT.fullmatch(asked.revision):
        return asked.revision
    return about(asked).sha


def revision_on_disk(asked: Asked, place: Path) -> str:
    """The digest of a folder; or the one that is asked for, if its songs are here, whatever the folder holds by now.

    Raises UserError if they are not, or if songs would be kept in the folder.
    """
    if asked.folder.resolve().is_relative_to(place.resolve()):  # what is made there would change it
        raise UserError(f"data.root: {asked.root} lies in {asked.name}; keep songs outside of it: data.root=OTHER")
    if asked.revision is not None and kept(asked):
        return asked.revision
    if asked.revision is not None and not COMMIT.fullmatch(asked.revision):
        raise UserError(f"data.revision: {asked.name} is a folder, which has no {shown(asked.revision)}; leave it out")
    digest = digest_of(place)
    if asked.revision not in (None, digest):
        told = f"{asked.name} has changed, and is now {digest}, not {asked.revision}"
        raise UserError(f"data.revision: {told}; start a new run with the songs it has now, without data.revision")
    return digest


def fetch(asked: Asked, revision: str, folder: Path) -> None:
    """Make files of the songs that are none yet, and write down what the rows say. Raises UserError."""
    check_packages()
    remove_unfinished(folder)
    told: dict[str, Any] = {"format": 1, "name": asked.name, "revision": revision}
    told |= {"columns": {}, "songs": [], "others": []}
    try:
        told["licence"] = licence_of(asked, revision)
        for path, row, fault in kept_rows(asked, read_rows(asked, revision), folder):
            told["columns"] = told["columns"] or row.columns
            file = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
            told["others" if fault else "songs"].append([file, fault] if fault else [file, row.split, row.values])
    except Exception as error:  # of several libraries, and of others with each version
        if is_for_users(error):
            raise
        raise unreadable(asked, error) from None
    write_text_whole(folder / LISTING, json.dumps(told), "surrogateescape")


def remove_unfinished(folder: Path) -> None:
    """Remove what was half-written when a program was killed that fetched the same set."""
    for above, *_ in os.walk(folder):
        for path in unfinished_files(Path(above)):
            path.unlink(missing_ok=True)


def read_rows(asked: Asked, revision: str) -> Iterator[Row]:
    """The rows of a set, and how many are read. Raises UserError if it leads elsewhere, and what libraries raise."""
    from datasets import load_dataset_builder
    from tqdm import tqdm

    library = logging.getLogger("datasets")
    level = library.level
    library.setLevel(logging.CRITICAL)  # what it says of an error, it raises too
    try:
        place, commit = (asked.name, revision) if asked.on_disk is None else (str(asked.on_disk), None)
        builder: Any = load_dataset_builder(place, asked.subset, revision=commit)
        check_files(asked, [file for files in builder.config.data_files.values() for file in files])
        total = sum(split.num_examples or 0 for split in (builder.info.splits or {}).values()) or None
        yield from tqdm(rows_of(builder, asked.audio_column), "fetching", total, unit="song", disable=None)
    finally:
        library.setLevel(level)


def licence_of(asked: Asked, revision: str) -> str:
    """Under which licence a set is, as its card says. Raises UserError if the hub does not answer."""
    if asked.on_disk is not None:
        return licence(asked.on_disk)
    return licence_in(about(asked._replace(revision=revision)).card_data or {})


def read_listing(folder: Path) -> Listing:
    """What LISTING says. Raises UserError if it is damaged."""
    try:
        told = json.loads((folder / LISTING).read_text(encoding="utf-8", errors="surrogateescape"))
        if not is_of(told, dict[str, Any]) or any(not is_of(told[name], kind) for name, kind in KEPT.items()):
            raise ValueError("other types")
    except (OSError, ValueError, LookupError, RecursionError):
        raise UserError(f"{folder / LISTING} is damaged; remove it, and what is missing is fetched again") from None
    songs = [Song(folder / file, split, values) for file, split, values in told["songs"]]
    others = {folder / file: fault for file, fault in told["others"]}
    return Listing(told["name"], told["revision"], told["licence"], told["columns"], songs, others)
