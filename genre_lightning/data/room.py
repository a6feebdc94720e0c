"""Whether the disk has room for the features of songs, before hours go by until it is full."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from pathlib import Path

from genre_lightning.errors import UserError
from genre_lightning.features.base import Features

SAMPLED = 16  # files whose headers are asked how long they last
GB = 1e9


def check_room(
    root: Path, paths: Sequence[Path], features: Features, value_bytes: int, max_seconds: float | None
) -> None:
    """Raise UserError if the features of files, whose values take so many bytes each, hardly fit on the disk of `root`.

    How much they take is told by some of the files. What lasts longer than `max_seconds` is left out.
    """
    seconds = lengths(paths[:: max(1, len(paths) // SAMPLED)][:SAMPLED], max_seconds or inf)
    if not seconds:
        return
    of_second = features.frames_per_second * features.n_features * value_bytes
    needed, free = len(paths) * sum(seconds) / len(seconds) * of_second, shutil.disk_usage(root).free
    if needed > free:
        half = ", or stored as float16," if value_bytes > 2 else ""
        raise UserError(
            f"cache.root: the features of {len(paths):,} songs take about {needed / GB:,.3g} GB, and the disk of "
            f"{root} has {free / GB:,.3g} GB free; name a folder on another disk, or make room; features of fewer "
            f"numbers{half} take less"
        )


def lengths(paths: Sequence[Path], max_seconds: float) -> list[float]:
    """How many seconds files last by their headers; nothing of those that do not tell, and 0 of longer ones."""
    from tinytag import TinyTag

    found = []
    for path in paths:
        with suppress(Exception):  # it is told when the file is read
            seconds = TinyTag.get(path, tags=False, duration=True).duration
            found += [seconds if seconds <= max_seconds else 0.0] if seconds else []
    return found
