"""What there is to compute on, and the processes that share the work."""

import ctypes
import sys

from genre_lightning.errors import UserError

# Names of glibc's malloc.h: pieces above the first are asked of the system one by one and given back, and so is what is
# free at the end of the heap above the second. By themselves they grow to 32 and 64 MB at most.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
KEPT_BYTES = 2**30


def keep_freed_memory() -> None:
    """Have the C library keep for the next training step what the last one has freed, where it is glibc.

    Else it gives layers' outputs back to the system, which has to clear the same pages again for each step.
    """
    malloc = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None  # musl has none
    if malloc is not None:
        malloc(M_MMAP_THRESHOLD, KEPT_BYTES)
        malloc(M_TRIM_THRESHOLD, KEPT_BYTES)


def check_accelerator(accelerator: str) -> None:
    """Raise UserError where a GPU is asked for and there is none."""
    import torch

    if accelerator in ("gpu", "cuda") and not torch.cuda.is_available() and not torch.backends.mps.is_available():
        raise UserError(f"trainer.accelerator: PyTorch finds no {accelerator} here; use trainer=auto or trainer=cpu")


def leave_group() -> None:
    """Take this process out of the group that those of several devices form, if there is one: nothing is shared more.

    The group's thread on CPUs (gloo) otherwise may hand a tensor back when Python has ended already, and crash on it.
    """
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
