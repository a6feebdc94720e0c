"""What is asked for of a published set, and what is said if it cannot be had."""

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from genre_lightning.config import shown
from genre_lightning.data.walk import AUDIO_SUFFIXES
from genre_lightning.errors import UserError, install
from genre_lightning.text import printable

logger = logging.getLogger(__name__)
ANSWER_SECONDS = 30  # the hub has, to say which revision is the newest
OF_HUB = re.compile(r"(\w[\w.-]*/)?\w[\w.-]*")
UNNAMED = "data.name: is not set; add data.name=OWNER/DATASET, or a folder that holds a data set"
LONGEST_REASON = 300  # signs of what a library says
LAST_BYTES = 2**22  # of a file: all of most tables
# The packages whose errors are about networks, beside Python itself.
OF_NETWORKS = ("aiohttp", "httpcore", "httpx", "httpx2", "requests", "urllib3")


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
        place = Path(self.name).expanduser().absolute()
        digest = hashlib.sha256(str(place).encode(errors="replace")).hexdigest()[:8]
        folder = self.called(f"{place.name}-{digest}")
        if self.on_disk or not self.is_of_hub or folder.is_dir():  # one that was a folder may be gone
            return folder
        return self.called(self.name)

    def called(self, name: str) -> Path:
        """The folder in `root` of a set of this name."""
        parts = name, self.subset, self.audio_column and f"column {self.audio_column}"
        called = "--".join(re.sub(r"[^\w.-]+", "--", part) for part in parts if part)
        return Path(self.root).expanduser() / called.lstrip(".-")


def digest_of(folder: Path) -> str:
    """What changes if the files of a set do, but hidden ones, and stays if they are copied, moved or touched.

    A hash of their names and sizes, and of the ends of those that are no songs, where parquet files and archives say
    what they hold: it would take minutes to read many gigabytes of songs whenever a run lists them.
    """
    digest, found = hashlib.sha256(), {}
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]  # such as .git
        paths = (Path(above, name) for name in names if not name.startswith("."))  # such as .DS_Store
        found |= {path.relative_to(folder).as_posix(): path for path in paths if path.is_file()}
    for name, path in sorted(found.items()):
        digest.update(f"{name}\n{path.stat().st_size}\n".encode(errors="replace"))
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - LAST_BYTES))
                digest.update(file.read(LAST_BYTES))
    return digest.hexdigest()[:40]


def check_packages() -> None:
    """Raise UserError if the library is missing."""
    if find_spec("datasets") is None:
        raise UserError(f"data=hub needs datasets; run: {install('[hub]')}")


def about(asked: Asked) -> Any:
    """What the hub says of a set, in the words of its library. Raises UserError if it cannot be had."""
    check_packages()
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(asked.name, revision=asked.revision, timeout=ANSWER_SECONDS)
    except Exception as error:  # of several libraries, and of others with each version
        raise unreadable(asked, error) from None


def unreadable(asked: Asked, error: Exception) -> UserError:
    """What to raise if a set cannot be had, or read."""
    hindrance = unreachable(asked, error) if asked.on_disk is None else ""
    return UserError(hindrance or what_is_wrong(asked, error))


def unreachable(asked: Asked, error: Exception) -> str:
    """Why the hub does not give a set, without what a server has said, in which a token may be; empty if it does."""
    from huggingface_hub import errors, is_offline_mode

    name, page = asked.name, f"https://huggingface.co/datasets/{asked.name}"
    hindrances = {
        errors.GatedRepoError: f"{name} is gated: agree to its terms at {page}, then log in with `hf auth login`",
        errors.RepositoryNotFoundError: f"the hub has no {name}, or it is private: then log in with `hf auth login`",
        errors.RevisionNotFoundError: f"{name} has no revision {shown(asked.revision)}; see {page}",
    }
    found = [*causes(error)]
    for kind, told in hindrances.items():
        if any(isinstance(one, kind) for one in found):
            return f"data.name: {told}"
    answers = [f"the hub answers {one.response.status_code}" for one in found if isinstance(one, errors.HfHubHTTPError)]
    cut = [f"no connection: {type(one).__name__}" for one in found if is_of_network(one)]
    instead = "it is fetched once, and works offline from then on; or name a folder that holds it"
    if cut and is_offline_mode():
        return f"data.name: {name} is not in {asked.folder}, and HF_HUB_OFFLINE is set; {instead}"
    return f"data.name: {name} cannot be fetched ({(answers or cut)[0]}); {instead}" if answers or cut else ""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def is_of_network(error: BaseException) -> bool:
    """Whether an error says that a network, or the hub behind it, cannot be reached."""
    package = type(error).__module__.partition(".")[0]
    return package in OF_NETWORKS or isinstance(error, ConnectionError | TimeoutError)


def what_is_wrong(asked: Asked, error: Exception) -> str:
    """What the library says of a set that it cannot read, as far as it is for users."""
    text, name = said(error), asked.name
    if "scripts are no longer supported" in text:
        parquet = (
            "" if asked.on_disk else "; many sets are there as plain files too: data.revision=refs/convert/parquet"
        )
        return f"data.name: {name} is a program, and programs of others are never run here{parquet}"
    if text.startswith(("Config name is missing", "BuilderConfig")):  # which names the subsets
        return f"data.subset: {text.partition(' Example of usage')[0]}"
    if "Invalid string class label" in text:
        return f"data.name: {name} has its genres in the folders of an archive; unpack it, and name its folder"
    if isinstance(error, FileNotFoundError) and "data files" in text:
        return f"data.name: {name} holds no set that is read here, such as folders of songs or parquet"
    return f"data.name: {name} cannot be read: {text.partition(' with any supported extension')[0][:LONGEST_REASON]}"


def said(error: Exception) -> str:
    """What a library says in one line, without what may be a token."""
    text = printable(" ".join(str(error).split())) or type(error).__name__
    return re.sub(r"hf_\w+", "hf_...", re.sub(r"(://[^\s?]*)\?\S*", r"\1", text))


@cache
def tell(line: str) -> None:
    """Log a line the first time: a run lists its songs more than once."""
    logger.info(printable(line))
