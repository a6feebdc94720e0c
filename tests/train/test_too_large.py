import re
from types import SimpleNamespace

import pytest
import torch
from serving import serve

from genre_lightning.errors import UserError
from genre_lightning.models.mlp import MLP
from genre_lightning.train.too_large import told_what_to_lower, what_to_lower
from genre_lightning.train.train import train

CPU = torch.device("cpu")
TOO_LARGE = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of")
OF_CPU = RuntimeError(
    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000 bytes. Error code 12"
)


@pytest.fixture
def data(configure):
    return lambda *overrides: serve(configure(*overrides))


@pytest.mark.parametrize("place", ["training_step", "test_step"])
def test_a_run_that_does_not_fit_says_what_to_lower_with_the_number(configure, tmp_path, monkeypatch, place):
    def fail(*step):
        raise OF_CPU

    monkeypatch.setattr(MLP, place, fail)
    line = (
        r"the memory of this computer does not hold a batch of 6 windows of 0\.\d+ s \(4 GB more were asked for\); type"
    )
    with pytest.raises(UserError, match=rf"^{line} loader\.batch_size=3$"):
        train(configure("trainer.max_epochs=1"), tmp_path)


def test_a_gpu_says_how_much_memory_it_has(data, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=16e9))
    told = what_to_lower(TOO_LARGE, data(), torch.device("cuda", 0))
    assert told.startswith("the memory of cuda:0 (16.0 GB) does not hold a batch of 6 windows")
    assert "(20.00 MiB more were asked for)" in told


@pytest.mark.parametrize(
    ("settings", "cure"),
    [
        (["loader.batch_size=3"], r"loader\.window_seconds=0\.25\d*$"),
        (["model=linear"], r"loader\.overlap=0$"),
        (["model=linear", "loader.overlap=0"], r"loader\.window_seconds=1\.0\d*$"),
    ],
)
def test_where_batches_cannot_be_smaller_windows_can_be_fewer_or_shorter(data, settings, cure):
    assert re.search(cure, what_to_lower(OF_CPU, data(*settings), CPU))


SHARED = [
    "DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of",
    "unable to write to file </torch_7_1_2>: No space left on device (28); shm_open",
    "received 0 items of ancdata",
]


@pytest.mark.parametrize("said", SHARED)
def test_too_little_shared_memory_is_told_with_how_much_there_is(data, said):
    told = what_to_lower(RuntimeError(said), data("loader.num_workers=2"), CPU)
    assert told.startswith("loader.num_workers=2: its processes hand batches over in shared memory, of which there is")
    assert "type loader.num_workers=0" in told and "--shm-size" in told


def test_a_process_that_the_system_has_killed_is_told_of(data):
    error = RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
    assert what_to_lower(error, data("loader.num_workers=2"), CPU).endswith("type loader.num_workers=1")


def test_other_mistakes_are_left_as_they_are(data):
    with pytest.raises(RuntimeError, match="shapes do not fit"), told_what_to_lower(data(), CPU):
        raise RuntimeError("shapes do not fit")
    assert what_to_lower(RuntimeError("unable to open shared memory: Too many open files"), data(), CPU) is None
