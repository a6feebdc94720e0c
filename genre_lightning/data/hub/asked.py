"""What is asked for of a published set, and what is said if it cannot be had."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from genre_lightning.config import shown
from genre_lightning.errors import UserError, explain_system, install
from genre_lightning.text import printable

ANSWER_SECONDS = 30  # the hub has, to say which revision is the newest
OF_HUB = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*")
UNNAMED = "data.name: is not set; add data.name=OWNER/DATASET, or a folder that holds a data set"
LONGEST_REASON = 300  # signs of what a library says


class Asked(NamedTuple):
    """A set as the settings name it: `OWNER/NAME` of the hub or a folder; None: the usual subset, revision, column."""

    root: str
    name: str
    subset: str | None = None
    revision: str | None = None
    audio_column: str | None = None

    @property
    def on_disk(self) -> Path | None:
        """The folder that is named; None for a set of the hub."""
        with suppress(OSError, RuntimeError, ValueError):  # names that are no names
            if (folder := Path(self.name).expanduser()).is_dir():
                return folder
        return None

    @property
    def is_of_hub(self) -> bool:
        """Whether a set of the hub may be called so."""
        return OF_HUB.fullmatch(self.name) is not None

    @property
    def folder(self) -> Path:
        """Where its revisions are kept, each in a folder of its own."""
        name, place = self.name, Path(self.name).expanduser().absolute()
        if self.on_disk or not self.is_of_hub:  # one that was a folder may be gone
            name = f"{place.name}-{hashlib.sha256(str(place).encode(errors='replace')).hexdigest()[:8]}"
        parts = name, self.subset, self.audio_column and f"column {self.audio_column}"
        called = "--".join(re.sub(r"[^\w.-]+", "--", part) for part in parts if part)
        return Path(self.root).expanduser() / called.lstrip(".-")


def digest_of(folder: Path) -> str:
    """What changes if a file in a folder does, but a hidden one: a hash of their names, sizes and times."""
    states = []
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # such as .git
        paths = (Path(above, name) for name in names if not name.startswith("."))  # such as .DS_Store
        states += [(path.relative_to(folder).as_posix(), path.stat()) for path in paths if path.is_file()]
    lines = [f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in sorted(states)]
    return hashlib.sha256("\n".join([str(folder.resolve()), *lines]).encode(errors="replace")).hexdigest()[:40]


def check_packages() -> None:
    """Raise UserError if the library is missing."""
    if find_spec("datasets") is None:
        raise UserError(f"data=hub needs datasets; run: {install().replace(' -e .', ' -e .[hub]')}")


def about(asked: Asked) -> Any:
    """What the hub says of a set, in the words of its library. Raises UserError if it cannot be had."""
    check_packages()
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(asked.name, revision=asked.revision, timeout=ANSWER_SECONDS)
    except Exception as error:  # of several libraries, and of others with each version
        raise unreachable(asked, error) from None


def unreachable(asked: Asked, error: Exception) -> UserError:
    """What to raise if a set cannot be had; nothing that a server has said, in which a token may be."""
    from huggingface_hub import errors, is_offline_mode

    name, page = asked.name, f"https://huggingface.co/datasets/{asked.name}"
    hindrances = {
        errors.GatedRepoError: f"{name} is gated: agree to its terms at {page}, then log in with `hf auth login`",
        errors.RepositoryNotFoundError: f"the hub has no {name}, or it is private: then log in with `hf auth login`",
        errors.RevisionNotFoundError: f"{name} has no revision {shown(asked.revision)}; see {page}",
    }
    for kind, told in hindrances.items():
        if any(isinstance(one, kind) for one in causes(error)):
            return UserError(f"data.name: {told}")
    instead = "it is fetched once, and works offline from then on; or name a folder that holds it"
    if is_offline_mode():
        return UserError(f"data.name: {name} is not in {asked.folder}, and HF_HUB_OFFLINE is set; {instead}")
    is_answer = isinstance(error, errors.HfHubHTTPError)
    why = f"the hub answers {error.response.status_code}" if is_answer else f"no connection: {type(error).__name__}"
    return UserError(f"data.name: {name} cannot be fetched ({why}); {instead}")


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def unreadable(asked: Asked, error: Exception) -> Exception:
    """What to raise if a set cannot be read."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError) or explain_system(error) is not None:
        return error
    if "scripts are no longer supported" in text:
        instead = "many sets are there as plain files too: data.revision=refs/convert/parquet"
        return UserError(f"data.name: {asked.name} is a program, and programs of others are never run here; {instead}")
    if isinstance(error, ValueError) and "onfig" in text:  # the names of its subsets
        return UserError(f"data.subset: {printable(text.partition('Example of usage')[0])[:LONGEST_REASON]}")
    if isinstance(error, FileNotFoundError) and asked.on_disk:
        return UserError(f"data.name: {asked.name} holds no set that is read here, such as folders of songs or parquet")
    if asked.on_disk:
        return UserError(f"data.name: {asked.name} cannot be read: {printable(text)[:LONGEST_REASON]}")
    return unreachable(asked, error)
