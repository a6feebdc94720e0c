"""Weights are fetched once, kept beside what PyTorch itself fetches, checked, and loaded once by a process."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TypeVar

import torch
from torch import nn

from genre_lightning.errors import UserError

Network = TypeVar("Network", bound=nn.Module)
ONE_AT_A_TIME = Lock()  # songs are read by several threads


def kept_in() -> Path:
    """The folder in which what is fetched is kept."""
    return Path(torch.hub.get_dir()) / "genre_lightning"


def load_once(load: Callable[[Path], Network]) -> Network:
    """What `load` makes of the folder where weights are kept, to be run but not trained; the same object each time.

    Raises UserError if `load` does, and the same one again without asking it.
    """
    with ONE_AT_A_TIME:
        found = outcome(load, kept_in())
    if isinstance(found, UserError):
        raise found
    return found


@cache
def outcome(load: Callable[[Path], Network], folder: Path) -> Network | UserError:
    """The network, or why there is none, so that no network is asked again for each song."""
    try:
        network = load(folder)
    except UserError as error:
        return error
    except OSError as error:
        return UserError(
            f"pre-trained weights cannot be kept in {folder}: {error.strerror or error}; "
            "set TORCH_HOME to a folder that you may write to"
        )
    # convolutions take half the time in channels-last on a CPU
    return network.requires_grad_(False).eval().to(memory_format=torch.channels_last)


def checked(file: Path, wanted: str, name: str) -> bytes:
    """The content of a file if its SHA-256 is that of what was published as `name`. Raises UserError otherwise."""
    content = file.read_bytes()
    if sha256(content) != wanted:
        raise UserError(
            f"{file} is not {name} as it was published (another SHA-256), and is not used; delete it, and it is "
            "fetched again, or leave that encoder out of features.encoders"
        )
    return content


def sha256(content: bytes) -> str:
    """The SHA-256 as it is written."""
    return hashlib.sha256(content).hexdigest()
