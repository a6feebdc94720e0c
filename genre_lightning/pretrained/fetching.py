"""What is fetched of a network of the hub, and what to do if it cannot be.

The hub is that of Hugging Face, whose library keeps what it fetches; HF_HUB_OFFLINE, HF_HOME and HF_TOKEN are its own
variables.
"""

import logging
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from genre_lightning.config import shown
from genre_lightning.errors import UserError, explain_system, install

logger = logging.getLogger(__name__)
MOST_BYTES = 2**33  # of weights; those of the largest networks for sound that are used have half of that
COMMIT = re.compile("[0-9a-f]{40}")
ROBOT, CONVERTED = "SFconvertbot", "safetensors"  # who offers weights as safetensors, and what its offers are called


def fetched(place: str, revision: str, *patterns: str) -> Path:
    """The folder in which the hub's library keeps files of a network, fetched if they are not there yet.

    Nothing is asked of the hub for a commit whose files are all here. Raises UserError, without anything that a server
    or a library has said: a token might be in it.
    """
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    asked: Any = {"revision": revision or None, "allow_patterns": [*patterns]}
    get: Callable[..., Any] = partial(huggingface_hub.snapshot_download, place, **asked)
    try:
        if COMMIT.fullmatch(revision):
            with suppress(LocalEntryNotFoundError):
                return Path(get(local_files_only=True))
        announce(place, revision, patterns)
        return Path(get())
    except UserError:
        raise
    except Exception as error:  # of several libraries, and of another one with each version
        if isinstance(error, OSError) and explain_system(error) is not None:
            raise
        raise unreachable(place, revision, error) from None


def announce(place: str, revision: str, patterns: Iterable[str]) -> None:
    """Say how much is to be fetched, if it is much. Raises UserError for more than is ever read."""
    import huggingface_hub

    try:
        told = huggingface_hub.HfApi().model_info(place, revision=revision or None, files_metadata=True)
    except Exception:  # what is wrong is told when the files are asked for, which may all be here
        return
    sizes = {file.rfilename: file.size or 0 for file in told.siblings or ()}
    size = sum(sizes[file] for file in sizes if any(fnmatch(file, pattern) for pattern in patterns))
    check_size(place, size)
    if size > 2**20:
        logger.info("fetching %s from the hub, %d MB, if it is not here yet", place, size >> 20)


def check_size(place: str, size: int) -> None:
    """Raise UserError for weights of so many bytes that they are not read."""
    if size > MOST_BYTES:
        raise UserError(f"{place} has more than {MOST_BYTES >> 30} GB of weights, which are not read")


def converted(place: str) -> str:
    """The name of a network's weights as safetensors where the hub's own robot offers them; empty if it does not."""
    import huggingface_hub

    try:
        offers = huggingface_hub.HfApi().get_repo_discussions(place, author=ROBOT, discussion_type="pull_request")
        numbers = [one.num for one in offers if one.author == ROBOT and CONVERTED in one.title]
    except Exception:  # it is only a hint
        return ""
    return f"{place}@refs/pr/{max(numbers)}" if numbers else ""


def check_packages(name: str) -> None:
    """Raise UserError if the packages are missing that a network needs, of the hub or in a folder."""
    if missing := [package for package in ("huggingface_hub", "transformers") if find_spec(package) is None]:
        raise UserError(f"features.encoders: {name} needs {' and '.join(missing)}; run: {install('[hub]')}")


def unreachable(place: str, revision: str, error: Exception) -> UserError:
    """What to raise if a network cannot be fetched, and what to do about it."""
    from huggingface_hub import errors, is_offline_mode

    cause = error.__cause__ or error
    answer = next((one.response.status_code for one in (error, cause) if isinstance(one, errors.HfHubHTTPError)), None)
    if isinstance(error, errors.GatedRepoError):
        terms = f"agree to its terms at https://huggingface.co/{place}"
        return UserError(f"{place} is gated: {terms}, then log in with `hf auth login`")
    if isinstance(error, errors.RepositoryNotFoundError) or answer == 401:
        cure = "check its name, or log in, anew if need be, with `hf auth login`"
        return UserError(f"the hub has no {place}, or does not show it to you: {cure}")
    if isinstance(error, errors.RevisionNotFoundError):
        return UserError(f"{place} has no revision {shown(revision)}")
    instead = "it is fetched once, and works offline from then on; or name a folder that holds it"
    if is_offline_mode():
        return UserError(f"{place} was not fetched yet, and HF_HUB_OFFLINE is set; {instead}")
    why = f"no connection ({type(cause).__name__})" if answer is None else f"the hub answers {answer}"
    return UserError(f"{place} cannot be fetched: {why}; {instead}")
