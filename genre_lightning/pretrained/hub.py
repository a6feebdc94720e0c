"""Networks of a hub by their names, and folders on the disk that hold one: which files they are, of one revision.

Only plain files are fetched and read, never code: settings and weights (safetensors). `fetching` has them come.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from genre_lightning.errors import UserError, explain_system, reason
from genre_lightning.pretrained.card import CARD
from genre_lightning.pretrained.fetching import check_size, converted, fetched
from genre_lightning.text import printable

SETTINGS = ("config.json", "preprocessor_config.json", "processor_config.json")
WORDS = "tokenizer.json"
WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors")  # one file, or its parts
DIGEST_SIGNS = 16  # of a folder's SHA-256
ABSOLUTE = re.compile(r"/|\w:/")  # as a run names its folders, which may have been made on another system
OF_HUB = re.compile(r"(?P<place>\w[\w.-]*/\w[\w.-]*)(:(?P<layer>\d{1,3}))?(@(?P<revision>\w[\w./-]*))?")
OF_DISK = re.compile(rf"(?P<place>.+?)(:(?P<layer>\d{{1,3}}))?(@(?P<revision>[0-9a-f]{{{DIGEST_SIGNS}}}))?", re.DOTALL)


class Name(NamedTuple):
    """A network by its name: `OWNER/NAME` of the hub or a folder, a layer of it, and its revision.

    Attributes:
        place: As the hub calls it, or the absolute path of a folder; where that was, if it has moved.
        layer: The layer whose output is asked for; None: whatever is usual for such a network.
        revision: A branch, tag or commit of the hub; of a folder, a digest of what lies in it. Empty: the newest.
        is_folder: Whether it lies on the disk.
    """

    place: str
    layer: int | None
    revision: str
    is_folder: bool

    @property
    def called(self) -> str:
        """What people call it: without folders and revision."""
        layer = "" if self.layer is None else f":{self.layer}"
        return printable(f"{Path(self.place).name if self.is_folder else self.place}{layer}")

    @property
    def text(self) -> str:
        """All of it, as `read_name` reads it."""
        layer = "" if self.layer is None else f":{self.layer}"
        return f"{self.place}{layer}{self.revision and '@'}{self.revision}"


def read_name(text: str) -> Name | None:
    """A name as people type it: `OWNER/NAME`, `OWNER/NAME:LAYER@REVISION`, or a folder; None if it is neither.

    A folder that is there goes before a network of the hub, but for one whose commit is named. One that a run names,
    with its digest, may have moved, as `folder_at` says.
    """
    for pattern, is_folder in ((OF_DISK, True), (OF_HUB, False)):
        if found := pattern.fullmatch(text):
            place = folder_called(found["place"], found["revision"]) if is_folder else found["place"]
            layer = None if found["layer"] is None else int(found["layer"])
            if place:
                return Name(place, layer, found["revision"] or "", is_folder)
    return None


def folder_called(place: str, digest: str | None) -> str:
    """The absolute path of a folder, which it had before if it has moved; empty if there is none."""
    if lies_here(place):
        return Path(place).expanduser().absolute().as_posix()
    return place if digest and ABSOLUTE.match(place) and folder_at(place).is_dir() else ""


def missing(text: str) -> UserError:
    """What to raise for a name that `read_name` cannot read."""
    found = OF_DISK.fullmatch(text)
    if found and found["revision"]:
        return UserError(
            f"the folder {printable(found['place'])} is gone, with a network that this was made with; put it back, or "
            "into the folder in which you start this command, where it is found by its name"
        )
    told = f"there is no folder {printable(text)}; networks of a hub are called OWNER/NAME"
    return UserError(f"features.encoders: {told}")


def folder_at(place: str) -> Path:
    """Where a folder lies that a run names: there, or below the folder that one is in, at the longest end of its path.

    The networks of a run need not be where they were, and two of them may be called the same.
    """
    parts = Path(place).parts
    ends = (Path(*parts[start:]).absolute() for start in range(1, len(parts)))
    return next((path for path in (Path(place), *ends) if lies_here(str(path))), Path(place))


def lies_here(place: str) -> bool:
    """Whether a text is the path of a folder."""
    try:
        return Path(place).expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):  # names that are no names
        return False


def pinned(name: Name) -> Name:
    """The same network with the revision that it has now: for good, a commit of the hub or the digest of a folder.

    Raises UserError if it cannot be had, or if a folder holds another one than the revision says.
    """
    folder = settings_in(name)
    if not name.is_folder:
        return name._replace(revision=folder.name)
    digest = digest_of(folder)
    if name.revision not in ("", digest):
        raise UserError(
            f"{folder} does not hold the network any more that this was made with: its digest is {digest}, not "
            f"{name.revision}; put that network back there, or train again"
        )
    return name._replace(revision=digest)


def settings_in(name: Name) -> Path:
    """The folder with a network's settings and card, fetched if need be. Raises UserError if there is none."""
    folder = folder_of(name)
    if not (folder / SETTINGS[0]).is_file():
        raise UserError(f"{name.place} holds no network that is read here: it has no {SETTINGS[0]}")
    return folder


def folder_of(name: Name, *patterns: str) -> Path:
    """The folder with a network's settings, card and what else matches, fetched if need be. Raises UserError."""
    if name.is_folder:
        return folder_at(name.place)
    return fetched(name.place, name.revision, *SETTINGS, WORDS, CARD, *patterns)


def weights_of(name: Name) -> list[Path]:
    """The files with a network's weights, fetched if need be. Raises UserError if there are none that are safe."""
    folder = folder_of(name, *WEIGHTS)
    files = next(filter(None, (files_in(folder, kind) for kind in WEIGHTS)), [])
    if not files:
        told = "has no weights as safetensors, and others (.bin, .pt) are not read, since code may hide in them"
        safe = None if name.is_folder else converted(name.place)
        cure = f"the hub's own robot has made some of them: name {safe}" if safe else "ask its authors for some"
        raise UserError(f"{name.place} {told}; {cure}")
    check_size(name.place, sum(path.stat().st_size for path in files))
    return files


def files_in(folder: Path, pattern: str) -> list[Path]:
    """The files in a folder, none of which is a pipe."""
    return [path for path in sorted(folder.glob(pattern)) if path.is_file()]


def digest_of(folder: Path) -> str:
    """What only this network has: a hash of its settings and its weights."""
    files = chain.from_iterable(files_in(folder, pattern) for pattern in (*SETTINGS, *WEIGHTS))
    states = ((path, path.stat()) for path in files)
    hashes = [f"{path.name} {hash_of(path, state.st_size, state.st_mtime_ns)}" for path, state in states]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:DIGEST_SIGNS]


@cache
def hash_of(path: Path, _size: int, _mtime_ns: int) -> str:
    """The SHA-256 of a file as it is now, for which it is read only once: networks are asked for many times."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(name: Name, why: str) -> UserError:
    """What to raise for files that make no network."""
    return UserError(f"the network in {name.place} cannot be used: {why}")


@contextmanager
def told_if_damaged(name: Name) -> Iterator[None]:
    """Raise UserError for whatever the library raises of settings and weights that do not fit."""
    try:
        yield
    except Exception as error:
        if explain_system(error) is not None:
            raise
        raise damaged(name, reason(error)) from None
