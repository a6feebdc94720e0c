"""Networks of a hub by their names, and folders on the disk that hold one: which files they are, of one revision.

Only plain files are fetched and read, never code: settings and weights (safetensors). The hub is that of Hugging Face,
whose library keeps what it fetches; HF_HUB_OFFLINE, HF_HOME and HF_TOKEN are its own variables.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from functools import cache, partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from genre_lightning.config import shown
from genre_lightning.errors import UserError, explain_system, install, reason
from genre_lightning.text import printable

logger = logging.getLogger(__name__)
SETTINGS = ("config.json", "preprocessor_config.json", "processor_config.json")
WORDS = "tokenizer.json"
CARD = "README.md"
WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors")  # one file, or its parts
MOST_BYTES = 2**33  # of weights; those of the largest networks for sound that are used have half of that
DIGEST_SIGNS = 16  # of a folder's SHA-256
ABSOLUTE = re.compile(r"/|\w:/")  # as a run names its folders, which may have been made on another system
COMMIT = re.compile("[0-9a-f]{40}")
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
        return f"{Path(self.place).name if self.is_folder else self.place}{layer}"

    @property
    def text(self) -> str:
        """All of it, as `read_name` reads it."""
        layer = "" if self.layer is None else f":{self.layer}"
        return f"{self.place}{layer}{self.revision and '@'}{self.revision}"


def read_name(text: str) -> Name | None:
    """A name as people type it: `OWNER/NAME`, `OWNER/NAME:LAYER@REVISION`, or a folder; None if it is neither.

    A folder that is there goes before a network of the hub, but for one whose commit is named. One that a run names,
    with its digest, may have moved, as `folder_of` says.
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
    return place if digest and ABSOLUTE.match(place) and lies_here(Path(place).name) else ""


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


def folder_of(name: Name) -> Path:
    """Where a network on the disk lies: where it was, or else, by its name, in the folder that one is in."""
    there = Path(name.place)
    return there if there.is_dir() else Path(there.name).absolute()


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
    folder = folder_of(name) if name.is_folder else fetched(name, *SETTINGS, WORDS, CARD)
    if not (folder / SETTINGS[0]).is_file():
        raise UserError(f"{name.place} holds no network that is read here: it has no {SETTINGS[0]}")
    return folder


def weights_of(name: Name) -> list[Path]:
    """The files with a network's weights, fetched if need be. Raises UserError if there are none that are safe."""
    folder = folder_of(name) if name.is_folder else fetched(name, *SETTINGS, WORDS, CARD, *WEIGHTS)
    files = next(filter(None, (files_in(folder, kind) for kind in WEIGHTS)), [])
    if not files:
        raise UserError(
            f"{name.place} has no weights as safetensors, and others (.bin, .pt) are not read, since code may hide in "
            "them; ask its authors for model.safetensors, or name a revision that has it: OWNER/NAME@refs/pr/1"
        )
    if sum(path.stat().st_size for path in files) > MOST_BYTES:
        raise too_large(name)
    return files


def files_in(folder: Path, pattern: str) -> list[Path]:
    """The files in a folder, none of which is a pipe."""
    return [path for path in sorted(folder.glob(pattern)) if path.is_file()]


def fetched(name: Name, *patterns: str) -> Path:
    """The folder in which the hub's library keeps files of a network, fetched if they are not there yet.

    Nothing is asked of the hub for a commit whose files are all here. Raises UserError, without anything that a server
    or a library has said: a token might be in it.
    """
    check_packages(name.place)
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked: Any = {"revision": name.revision or None, "allow_patterns": [*patterns]}
    get: Callable[..., Any] = partial(huggingface_hub.snapshot_download, name.place, **asked)
    try:
        if COMMIT.fullmatch(name.revision):
            with suppress(LocalEntryNotFoundError):
                return Path(get(local_files_only=True))
        check_size(name, patterns)
        return Path(get())
    except UserError:
        raise
    except Exception as error:  # of several libraries, and of another one with each version
        if isinstance(error, OSError) and explain_system(error) is not None:
            raise
        raise unreachable(name, error) from None


def check_size(name: Name, patterns: Iterable[str]) -> None:
    """Say how much is to be fetched, if it is much. Raises UserError for more than is ever read."""
    import huggingface_hub

    try:
        told = huggingface_hub.HfApi().model_info(name.place, revision=name.revision or None, files_metadata=True)
    except Exception:  # what is wrong is told when the files are asked for, which may all be here
        return
    sizes = {file.rfilename: file.size or 0 for file in told.siblings or ()}
    size = sum(sizes[file] for file in sizes if any(fnmatch(file, pattern) for pattern in patterns))
    if size > MOST_BYTES:
        raise too_large(name)
    if size > 2**20:
        logger.info("fetching %s from the hub, %d MB, if it is not here yet", name.place, size >> 20)


def too_large(name: Name) -> UserError:
    """What to raise for weights that are more than are read."""
    return UserError(f"{name.place} has more than {MOST_BYTES >> 30} GB of weights, which are not read")


def check_packages(place: str) -> None:
    """Raise UserError if the packages are missing that networks of a hub need."""
    if missing := [package for package in ("huggingface_hub", "transformers") if find_spec(package) is None]:
        cure = install().replace(" -e .", " -e .[hub]")
        raise UserError(f"features.encoders: {place} needs {' and '.join(missing)}; run: {cure}")


def unreachable(name: Name, error: Exception) -> UserError:
    """What to raise if a network cannot be fetched, and what to do about it."""
    from huggingface_hub import errors, is_offline_mode

    place, cause = name.place, error.__cause__
    if isinstance(error, errors.GatedRepoError):
        terms = f"agree to its terms at https://huggingface.co/{place}"
        return UserError(f"{place} is gated: {terms}, then log in with `hf auth login`")
    if isinstance(error, errors.RepositoryNotFoundError):
        return UserError(f"the hub has no {place}, or it is private; if you may see it, log in with `hf auth login`")
    if isinstance(error, errors.RevisionNotFoundError):
        return UserError(f"{place} has no revision {shown(name.revision)}")
    instead = "it is fetched once, and works offline from then on; or name a folder that holds it"
    if is_offline_mode():
        return UserError(f"{place} was not fetched yet, and HF_HUB_OFFLINE is set; {instead}")
    answers = [one for one in (error, cause) if isinstance(one, errors.HfHubHTTPError)]
    said = [f"the hub answers {answer.response.status_code}" for answer in answers]
    why = next(iter(said), f"no connection ({type(cause or error).__name__})")
    return UserError(f"{place} cannot be fetched: {why}; {instead}")


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
