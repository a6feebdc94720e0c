import errno
import re

import numpy as np
import pytest
import torch
from composing import compose
from omegaconf import OmegaConf

from genre_lightning import shortage
from genre_lightning.errors import explain, is_for_users
from genre_lightning.shortage import explain_shortage, open_files

OF_CUDA = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 139.00 GiB of which 5.00 MiB"


def raised(ask):
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        ask()
    return caught.value


@pytest.mark.parametrize(
    ("error", "amount"),
    [
        (raised(lambda: torch.empty(2**50)), "4.5e+06 GB"),
        (raised(lambda: np.empty(2**50)), "8.00 PiB"),
        (torch.OutOfMemoryError(OF_CUDA), "20.00 MiB"),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17 GB). Tried to allocate 3.1 GB"), "3.1 GB"),
        (MemoryError(), ""),
    ],
)
def test_memory_that_runs_out_is_a_line_with_how_much_was_wanted_and_what_to_lower(error, amount):
    assert is_for_users(error)
    told = explain(error)
    assert told.startswith(f"there is too little memory{f' ({amount} more were asked for)' if amount else ''}; close")


# The settings that the line names, with the file in conf/ of the command that has them.
@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("train.py", ["loader.batch_size", "loader.window_seconds", "engine.num_workers", "cache.max_seconds"]),
        ("embed.py", ["engine.num_workers"]),
    ],
)
def test_each_command_is_told_of_settings_that_it_has(command, named, monkeypatch):
    monkeypatch.setattr("sys.argv", [command])
    line, settings = explain(MemoryError()), compose(command.removesuffix(".py"), [])
    assert re.findall(r"[a-z]+\.[a-z_]+", line) == named
    assert all(OmegaConf.select(settings, key, default=settings) is not settings for key in named)
    monkeypatch.setattr("sys.argv", ["genre-lightning"])
    assert "--num-workers 1" in explain(MemoryError())


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files", "cache/0.features.npy"),
        RuntimeError("unable to open shared memory object </torch_1_2> in read-write mode: Too many open files (24)"),
    ],
)
@pytest.mark.parametrize(("limit", "told"), [(256, r"(256 in one program); allow more (ulimit -n 2560)"), (None, "")])
def test_too_many_open_files_are_a_line_with_how_many_may_be(error, limit, told, monkeypatch):
    monkeypatch.setattr(shortage, "open_files", lambda: limit)
    line = explain_shortage(error)
    assert line.startswith("more files are open at once than the system allows") and told in line
    assert "cache.shard_megabytes=1024" in line


def test_other_errors_are_no_shortage():
    for error in (RuntimeError("shapes do not fit"), ValueError("out of memory"), OSError(errno.EIO, "broken")):
        assert explain_shortage(error) is None


def test_how_many_files_may_be_open_is_asked_of_the_system():
    resource = pytest.importorskip("resource")
    assert open_files() in (resource.getrlimit(resource.RLIMIT_NOFILE)[0], None)
