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
