"""A training that its machine cannot hold ends with what to lower, and the number."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.errors import UserError
from genre_lightning.shortage import asked_for, out_of_memory, too_many_files

SHARED = Path("/dev/shm")  # where Linux keeps what processes share
LEAST_BATCH = 2  # batch normalisation needs two windows
# What DataLoader says of its processes, and PyTorch of what they hand over.
NOT_SHARED = re.compile(r"[Bb]us error|shared memory|shm|ancdata")
KILLED = re.compile(r"DataLoader worker .*(Killed|exited unexpectedly)")


@contextmanager
def told_what_to_lower(data: GenreDataModule, device: torch.device) -> Iterator[None]:
    """Turn the want of memory, on a device or between processes, into UserError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if (line := what_to_lower(error, data, device)) is None:
            raise
        raise UserError(line) from error


def what_to_lower(error: BaseException, data: GenreDataModule, device: torch.device) -> str | None:
    """A line about memory that was too little; None for any other error."""
    workers, text = data.num_workers, str(error)
    if too_many_files(error):
        return None  # which is told of every command
    if workers and NOT_SHARED.search(text):
        return (
            f"loader.num_workers={workers}: its processes hand batches over in shared memory, of which there is too "
            f"little{free_shared()}; type loader.num_workers=0, or allow more (docker run --shm-size=2g)"
        )
    if workers and KILLED.search(text):
        fewer = f"type loader.num_workers={workers // 2}"
        return f"loader.num_workers={workers}: one of its processes was killed, maybe for want of memory; {fewer}"
    if not out_of_memory(error):
        return None
    seconds = data.features.seconds_of(data.n_frames)
    held = f"a batch of {data.batch_size} windows of {seconds:.3g} s"
    return f"{memory_of(device)} does not hold {held}{asked_for(error)}; type {lower(data, seconds)}"


def memory_of(device: torch.device) -> str:
    """The memory of a device, with how much there is if it tells."""
    if device.type != "cuda":
        return "the memory of this computer" if device.type == "cpu" else f"the memory of {device}"
    total = torch.cuda.get_device_properties(device).total_memory
    return f"the memory of {device} ({total / 1e9:.1f} GB)"


def lower(data: GenreDataModule, seconds: float) -> str:
    """The setting that needs half as much."""
    if data.windows_per_song == "all":  # a head that is solved holds what the encoder makes of all windows
        return "loader.overlap=0" if data.overlap else f"loader.window_seconds={2 * seconds:.3g}"
    if data.batch_size // 2 >= LEAST_BATCH:
        return f"loader.batch_size={data.batch_size // 2}"
    return f"loader.window_seconds={seconds / 2:.3g}"


def free_shared() -> str:
    """` (/dev/shm: 60 MB free of 67)` on Linux; else nothing."""
    with suppress(OSError):
        total, _, free = shutil.disk_usage(SHARED)
        return f" ({SHARED}: {free / 1e6:,.0f} MB free of {total / 1e6:,.0f})"
    return ""
