"""The process and what it computes on: environment variables, warnings, threads, memory, accelerators."""

import argparse
import atexit
import ctypes
import logging
import os
import platform
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from genre_lightning.errors import UserError

# For how many rounds the threads of a computation spin before they sleep, while one waits for the other; PyTorch's
# OpenMP reads it when it is loaded. With the usual 300,000, two runs at once spin through each other's turns.
SPIN_COUNT = "10000"
# Where Matplotlib keeps its list of fonts, and umap's compiler what it has compiled; both look for a folder below the
# user's home otherwise.
CACHE_FOLDERS = ("MPLCONFIGDIR", "NUMBA_CACHE_DIR")
# What torchmetrics loads if it is installed, for metrics that are not used here.
UNUSED = re.compile("librosa|onnxruntime|torchaudio|torchvision|transformers")
# What is logged, and tells users nothing: that Matplotlib lists the fonts, and what Hydra raises as an error as well.
LOGGED = {"matplotlib": logging.WARNING, "hydra.utils": logging.CRITICAL}
DEPRECATIONS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
# Hydra 1.4 warns of what 1.3 wants, Lightning of a GPU left idle on purpose, Matplotlib of letters that its font lacks.
NEEDLESS = re.compile(r"(?s)The version_base param|.*execution.whitelist|GPU available but not used|Glyph .* missing")
# What Lightning and PyTorch's exporter warn of and need not: a batch costs less than handing it over to a worker; a
# resumed run's folder; small data sets; genres that a limited validation lacks; samplers that share the work out
# themselves; figures that are the same on all devices already; PyTorch's use of itself; the LSTM's list of weights.
HARMLESS = (
    ".*does not have many workers",
    ".*exists and is not empty",
    ".*smaller than the logging interval",
    "No (positive|negative) samples in targets",
    ".*custom batch sampler",
    ".*recommended to use `self.log",
    ".*treespec, LeafSpec",
    "_check_is_size will be removed",
    "The .grad attribute of a Tensor that is not a leaf",
    "The tensor attributes .*_flat_weights",
)
# Names of glibc's malloc.h: pieces above the first are asked of the system one by one and given back, and so is what is
# free at the end of the heap above the second. By themselves they grow to 32 and 64 MB at most.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
KEPT_BYTES = 2**30
C_STDERR = 2


@cache
def prepare_process() -> None:
    """Set up the process of a command, once: what libraries read when they are loaded, warnings, memory.

    Only commands call it: a program that imports the package finds nothing changed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime reports its use to its makers otherwise
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
    for name, level in LOGGED.items():
        logging.getLogger(name).setLevel(level)
    give_python_its_own_stderr()
    give_caches_a_folder()
    keep_freed_memory()
    hide_deprecations()
    check_help_as_text()
    sys.meta_path.insert(0, BeforeTorchmetrics())


def give_python_its_own_stderr() -> None:
    """Have Python print to a descriptor other than 2, which is left to libraries in C: while they read songs, what they
    print is silenced.

    Nothing happens where stderr is closed, or no file any more.
    """
    with suppress(OSError, AttributeError, ValueError):
        if sys.stderr.fileno() == C_STDERR:
            how = {"encoding": sys.stderr.encoding, "errors": sys.stderr.errors, "closefd": False}
            sys.stderr = open(os.dup(C_STDERR), "w", buffering=1, **how)  # noqa: PTH123, SIM115 (until the end)


def give_caches_a_folder() -> None:
    """If there is no home, or it cannot be written to, have libraries keep their caches in a temporary folder."""
    home = os.path.expanduser("~")  # noqa: PTH111 (Path.expanduser raises if there is none)
    if home != "~" and os.access(home, os.W_OK):
        return
    with suppress(OSError):  # nothing can be written anywhere; each library says what it misses
        folder = tempfile.mkdtemp(prefix="genre_lightning-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name in CACHE_FOLDERS:
            os.environ.setdefault(name, folder)
        if home == "~":
            os.environ["HOME"] = folder


def hide_deprecations() -> None:
    """Show users no deprecation of a package, which they cannot mend; with -W or PYTHONWARNINGS all are shown.

    Not by a filter: Lightning puts one of its own in front.
    """
    show = warnings.showwarning

    def show_others(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, DEPRECATIONS) and not NEEDLESS.match(str(message)):
            show(message, category, *where, **more)

    if not sys.warnoptions:
        warnings.showwarning = show_others


@contextmanager
def without_harmless_warnings() -> Iterator[None]:
    """Keep the warnings of HARMLESS from the user."""
    with warnings.catch_warnings():
        for harmless in HARMLESS:
            warnings.filterwarnings("ignore", harmless)
        yield


def check_help_as_text() -> None:
    """Have Python 3.14's argparse, which looks for a "%" in each help text, take the object that Hydra 1.3 gives it.

    Hydra fails at its start otherwise (hydra-ecosystem/hydra #3121). It can go with the support of Hydra 1.3.
    """
    check = getattr(argparse.ArgumentParser, "_check_help", None)

    def check_text(parser: argparse.ArgumentParser, action: argparse.Action) -> None:
        if check is not None and isinstance(action.help, str):
            check(parser, action)

    if check is not None:
        argparse.ArgumentParser._check_help = check_text  # pyright: ignore[reportAttributeAccessIssue]


class BeforeTorchmetrics(MetaPathFinder):
    """Tell torchmetrics, when it is imported, that nothing of UNUSED is installed: it looks for versions only.

    Otherwise a torchvision made for another torch, as Colab and Kaggle have it once torch is renewed, ends programs
    that do not need it.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == "torchmetrics":
            sys.meta_path.remove(self)
            from lightning_utilities.core.imports import RequirementCache

            is_met = RequirementCache.__bool__
            RequirementCache.__bool__ = lambda self: not UNUSED.match(str(self.requirement)) and is_met(self)
        return None  # torchmetrics itself is found as always


def threads(num_workers: int | None = None) -> int:
    """How many threads do the work: as many as are asked for, else one for each processor that this process may use.

    Raises UserError for less than one.
    """
    if num_workers is not None and (not isinstance(num_workers, int) or num_workers < 1):
        raise UserError(f"num_workers must be 1 or more, or null for one per core, not {num_workers}")
    if num_workers is not None:
        return num_workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_freed_memory() -> None:
    """Have glibc keep the memory that a training step frees for the next one; other C libraries are left alone.

    It gives layers' outputs back to the system otherwise, which has to clear the same pages again for each step.
    """
    malloc = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None  # musl has none
    if malloc is not None:
        malloc(M_MMAP_THRESHOLD, KEPT_BYTES)
        malloc(M_TRIM_THRESHOLD, KEPT_BYTES)


@cache
def use_one_thread_after_fork() -> None:
    """Have processes that are forked from this one compute on one thread.

    PyTorch's threads do not survive a fork, and a computation that waits for them there waits for ever.
    """
    import torch

    if hasattr(os, "register_at_fork"):  # Windows has no fork
        os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


def machine() -> Iterator[tuple[str, str]]:
    """What the process runs on, and the folders that it uses."""
    yield "Python", sys.version.split()[0]
    yield "system", platform.platform()
    yield "processors", str(threads())
    yield "cache", folder(Path("cache"))
    yield "logs", folder(Path("logs"))
    try:
        import torch
    except Exception:  # an import can raise anything
        return
    yield "weights", folder(Path(torch.hub.get_dir(), "genre_lightning"))
    yield "PyTorch threads", str(torch.get_num_threads())
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    names += ["Apple's"] if torch.backends.mps.is_available() else []
    yield "GPUs", f"{', '.join(names) or 'none'} (PyTorch was built for CUDA {torch.version.cuda})"


def folder(path: Path) -> str:
    """Where a folder lies, and whether it is there."""
    return f"{path.absolute()}{'' if path.is_dir() else ' (not there yet)'}"


def gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    if (given := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name for name in given.replace(" ", "").split(",") if name not in ("", "-1")]
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]


def jobs_at_once() -> int:
    """How many runs this machine does at once: one on each GPU, without GPUs one on each processor."""
    return len(gpus()) or threads()


def check_accelerator(accelerator: str) -> None:
    """Raise UserError if a GPU is asked for and there is none."""
    import torch

    if accelerator in ("gpu", "cuda") and not torch.cuda.is_available() and not torch.backends.mps.is_available():
        raise UserError(f"trainer.accelerator: PyTorch finds no {accelerator} here; use trainer=auto or trainer=cpu")


def leave_group() -> None:
    """Leave the group that the processes of several devices form, if there is one, once nothing is shared any more.

    The group's thread on CPUs (gloo) may otherwise hand a tensor back when Python has already ended, and crash.
    """
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
