"""Which of the processes of a run this is, and what they tell each other before they compute together.

Lightning starts a process for each further device of this machine once all is ready. A launcher, torchrun or SLURM's
srun, starts all processes of all machines at once: each runs the whole command, and hears from the first what only one
can say, such as where the run lies.
"""

import logging
import os
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from genre_lightning.errors import UserError

if TYPE_CHECKING:
    from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
    from omegaconf import DictConfig

# What those who start several processes for one run tell all of them but the first.
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
TORCHRUN, SRUN = "TORCHELASTIC_RUN_ID", "SLURM_NTASKS"  # what tells that a launcher has started this process
BEGIN = timedelta(minutes=10)  # by then all processes have, and the first has said where the run lies
WAIT = timedelta(days=100)  # as long as it takes to compute features
LOGGED_TWICE = "lightning.fabric.utilities.distributed"  # each process says that it is one


def is_first_process() -> bool:
    """Whether this process is the only one of its run, or the first of several."""
    return not any(int(os.environ.get(name) or 0) for name in RANKS)


def is_alone(trainer: "DictConfig") -> bool:
    """Whether the settings of a Trainer ask for one process: one device of one machine."""
    devices: Any = trainer.devices
    if devices in ("auto", -1, "-1"):
        one = trainer.get("accelerator") in ("cpu", "mps") or devices_here() < 2
    elif isinstance(devices, str):
        one = devices == "1" or len(devices.strip(", ").split(",")) == 1 < len(devices.split(","))
    else:
        one = devices == 1 if isinstance(devices, int) else len(devices) == 1
    return one and trainer.get("num_nodes", 1) == 1


@cache
def devices_here() -> int:
    """How many GPUs there are; where there is none, a process trains on the CPU."""
    import torch

    return torch.cuda.device_count()


def settle_ranks(trainer: "DictConfig") -> None:
    """Have a process that trains alone be the first, whatever a cluster or a shell has told it; and of several have the
    first one do the logging.

    Lightning asks the environment as well, so it is called before that is imported.
    """
    if is_alone(trainer):
        for name in (*RANKS, TORCHRUN, SRUN):
            os.environ.pop(name, None)
    elif not is_first_process():
        logging.disable()
    logging.getLogger(LOGGED_TWICE).setLevel(logging.WARNING)


def launcher() -> "ClusterEnvironment | None":
    """What a launcher has told this process; None if it was started by a person, or by Lightning.

    Raises UserError if that is not enough.
    """
    if TORCHRUN not in os.environ and SRUN not in os.environ:
        return None
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # or PyTorch adds its stack to the line about a lost process
    from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
    from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment

    try:
        return next((kind() for kind in (TorchElasticEnvironment, SLURMEnvironment) if kind.detect()), None)
    except RuntimeError as error:  # of SLURM: how many tasks there are, but not how many on each machine
        raise UserError(f"srun: {error}") from None


def check_launched(devices: int, num_nodes: int) -> None:
    """Raise UserError if a run on so many devices of so many machines has another number of processes."""
    started = launcher()
    if started is None and num_nodes > 1:
        raise UserError(
            f"trainer.num_nodes: a run on {num_nodes} machines is begun on each of them by torchrun or srun; "
            "docs/devices.md has the commands"
        )
    if started is not None and started.world_size() != devices * num_nodes:
        by = "torchrun" if TORCHRUN in os.environ else "srun"
        raise UserError(
            f"trainer.devices={devices} and trainer.num_nodes={num_nodes} make {devices * num_nodes} processes, and "
            f"{by} has started {started.world_size()}; docs/devices.md has the commands"
        )


def check_one_process() -> None:
    """Raise UserError if torchrun has started several processes, each of which would do the whole sweep."""
    if TORCHRUN in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            "a sweep is begun by one process, not by torchrun; leave that away, and add hydra/launcher=joblib for a "
            "run on each device"
        )


def first_says(what: str, say: Callable[[], str]) -> str:
    """What `say` returns in the first of the processes that a launcher has started; the others wait for it.

    Each process asks itself if there is no launcher: then there is only one yet, or the others are told by Lightning.
    Raises what `say` raises, and UserError if the first process is gone.
    """
    if (store := meeting()) is None:
        return say()
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # the store of torchrun outlives the processes
    key = f"genre_lightning/{attempt}/{what}"
    if is_first_process():
        store.set(key, told := say())
        return told
    try:
        store.wait([key], WAIT)
        return store.get(key).decode()
    except RuntimeError as error:
        raise lost(error) from None


@cache
def meeting() -> Any:
    """The store where the processes of a launcher leave word for each other; None if this process has none beside it.

    PyTorch's, at the address where they will meet to compute: the first process serves it for all, or torchrun does.
    Raises UserError if the others do not come.
    """
    started = launcher()
    if started is None or started.world_size() == 1:
        return None
    from torch.distributed.rendezvous import rendezvous

    where = f"tcp://{started.main_address}:{started.main_port}"
    which = f"?rank={started.global_rank()}&world_size={started.world_size()}"
    try:
        store, _, _ = next(rendezvous(where + which, timeout=BEGIN))
    except RuntimeError as error:
        raise lost(error, f" at {where}") from None
    return store


def lost(error: Exception, where: str = "") -> UserError:
    """What to raise if another process cannot be reached."""
    reason = str(error).strip().splitlines()[0]
    return UserError(
        f"the processes of this run do not meet{where}, since another one has ended or never began ({reason})"
    )
