import subprocess
import sys

import pytest
import torch

from genre_lightning.devices import check_accelerator, leave_group
from genre_lightning.errors import UserError


def test_a_gpu_is_asked_for_only_where_there_is_one(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    for accelerator in ("auto", "cpu"):
        check_accelerator(accelerator)
    with pytest.raises(UserError, match=r"trainer\.accelerator: PyTorch finds no gpu here; use trainer=auto"):
        check_accelerator("gpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    check_accelerator("gpu")


def test_a_process_leaves_its_group_once_and_alone_nothing_happens(tmp_path):
    leave_group()
    torch.distributed.init_process_group("gloo", init_method=(tmp_path / "meet").as_uri(), rank=0, world_size=1)
    leave_group()
    assert not torch.distributed.is_initialized()
    leave_group()


PAGES = """
import resource, sys, torch
from genre_lightning.devices import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
for step in range(16):
    if step == 12:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(10_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other C libraries")
def test_memory_that_was_freed_is_not_asked_of_the_system_again():
    def pages(how):
        return int(subprocess.run([sys.executable, "-c", PAGES, how], capture_output=True, check=True).stdout)

    assert pages("kept") < 1000 < pages("given back")  # 40 MB are 10,000 of them
