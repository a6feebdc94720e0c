"""A checkpoint read back as plain values, and the network in it built: no larger than its file, and of numbers."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from math import prod
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from genre_lightning.config import check_arguments, find_class
from genre_lightning.errors import UserError
from genre_lightning.runs.foreign import damaged, read_bytes
from genre_lightning.runs.results import check_format

if TYPE_CHECKING:
    from torch import Tensor

    from genre_lightning.data.spec import Spec
    from genre_lightning.models.base import GenreClassifier

# What torch.load raises for a file that is no checkpoint, or a damaged one; which depends on where the damage is.
UNREADABLE = (
    zipfile.BadZipFile, OSError, RuntimeError, EOFError, UnpicklingError, AttributeError, ValueError, LookupError,
    TypeError, MemoryError,
)  # fmt: skip
MOST_BYTES = 2**30  # of a checkpoint; those of conf/ have a thousandth of that
MOST_VALUES = 2**26  # that a layer can make of one window: 256 MB; the CNN of conf/ makes less than a million
MOST_LAYERS = 64  # in a list of them


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What is in a checkpoint: plain values only, nothing in it is run.

    Raises UserError if it is damaged, not this program's, or of version 0.1.
    """
    from genre_lightning.data.spec import FORMAT_VERSION

    try:
        checkpoint = load_plain(path)
        known = "n_genres" in checkpoint["hyper_parameters"] and isinstance(checkpoint["state_dict"], dict)
        spec = checkpoint.get("GenreDataModule", {})
    except UNREADABLE:
        known, checkpoint, spec = False, {}, {}
    if not known or not isinstance(spec, dict):
        raise UserError(f"{path} is not a checkpoint of this program, or is damaged")
    check_format(spec.get("format"), path, FORMAT_VERSION)
    return checkpoint


def load_plain(path: Path) -> Any:
    """The plain values and tensors in a file. Raises one of UNREADABLE, also if they are to become more than the file.

    PyTorch stores members uncompressed and side by side: whatever differs was made to fill the memory.
    """
    import torch

    content = io.BytesIO(read_bytes(path, MOST_BYTES))
    with zipfile.ZipFile(content) as archive:
        stored = [member.file_size for member in archive.infolist() if member.compress_type == zipfile.ZIP_STORED]
        if len(stored) < len(archive.infolist()) or sum(stored) > content.getbuffer().nbytes:
            raise ValueError("compressed, or overlapping")
    content.seek(0)
    return torch.load(content, map_location="cpu", weights_only=True)


def fingerprint(path: Path) -> str:
    """What only this checkpoint has: a hash of it. Raises UserError if it cannot be one."""
    try:
        return hashlib.sha256(read_bytes(path, MOST_BYTES)).hexdigest()[:16]
    except (OSError, ValueError):
        raise damaged(path) from None


def read_network(path: Path, checkpoint: dict[str, Any], spec: Spec, *, trust: bool) -> GenreClassifier:
    """The network in a checkpoint, read from `path`, for the windows and genres of `spec`, in evaluation mode.

    `trust` allows a class from outside this project. Raises UserError if the class is not allowed, the weights are not
    its own or are no numbers, or if the network would need more memory than any.
    """
    from genre_lightning.models.base import GenreClassifier

    kind, settings = find_class(checkpoint.get("model"), GenreClassifier, trust=trust), checkpoint["hyper_parameters"]
    try:
        if not trust:
            check_size(kind, settings, path, spec)
        model = kind(**settings)
        model.load_state_dict(checkpoint["state_dict"])
    except (TypeError, ValueError, LookupError, RuntimeError, AttributeError):
        raise UserError(f"{path} was written by another version of this program; train again") from None
    check_finite(model, path)
    return model.eval()


def check_size(kind: type[GenreClassifier], settings: dict[str, Any], path: Path, spec: Spec) -> None:
    """Raise UserError for a network whose weights are more than its file holds, or which makes too much of a window.

    It is found out without memory, by tensors that have a shape and no values. Raises KeyError, TypeError or ValueError
    for settings that are not those of the class, or of a network for other windows or genres.
    """
    import torch

    check_arguments(kind, settings)
    shape = settings["n_frames"], settings["n_features"], settings["n_genres"]
    if shape != (*spec.window_shape, len(spec.genres)) or any(len(one) > MOST_LAYERS for one in lists(settings)):
        raise ValueError(f"for windows and genres {shape}")
    with torch.device("meta"):
        weights = kind(**settings).state_dict().values()
    if sum(one.nbytes for one in weights) > path.stat().st_size or widest(weights) * prod(shape[:2]) > MOST_VALUES:
        raise UserError(f"{path}: the network would take more memory than one of its size can; it is damaged")


def lists(settings: dict[str, Any]) -> list[list[Any]]:
    """Those settings that are lists, such as the widths of layers."""
    return [value for value in settings.values() if isinstance(value, list)]


def widest(weights: Iterable[Tensor]) -> int:
    """How many values the widest layer with these weights makes of a place in a window, at most."""
    return max(len(one) for one in weights if one.ndim)


def check_finite(model: GenreClassifier, path: Path) -> None:
    """Raise UserError for weights that are NaN or infinite, which say nothing of any song."""
    for part in (model.encoder, model.head):
        if not all(bool(weights.isfinite().all()) for weights in part.state_dict().values()):
            raise UserError(f"{path} holds weights that are no numbers (NaN, or infinite); train again")
