"""What there is to compute on, and the processes that share the work."""

from genre_lightning.errors import UserError


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
