from pathlib import Path

import pytest
import torch
from torch import nn

from genre_lightning.errors import UserError
from genre_lightning.pretrained.weights import checked, load_once, sha256


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty place for weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "genre_lightning"


def test_a_network_is_loaded_once_from_where_weights_are_kept_and_is_not_for_training(home):
    asked = []

    def load(folder: Path) -> nn.Module:
        asked.append(folder)
        return nn.Sequential(nn.Linear(2, 2), nn.Dropout())

    network = load_once(load)
    assert load_once(load) is network and asked == [home]
    assert not network.training and not any(weight.requires_grad for weight in network.parameters())


def test_what_cannot_be_had_is_asked_for_once(home):
    asked = []

    def load(folder: Path) -> nn.Module:
        asked.append(folder)
        raise UserError("there is none")

    for _ in range(3):
        with pytest.raises(UserError, match="there is none"):
            load_once(load)
    assert len(asked) == 1


def test_a_place_that_cannot_be_written_to_is_named(home):
    def load(folder: Path) -> nn.Module:
        raise PermissionError(13, "Permission denied", str(folder))

    with pytest.raises(UserError, match=r"cannot be kept in .*: Permission denied; set TORCH_HOME"):
        load_once(load)


def test_two_networks_are_two(home):
    first, second = (load_once(load) for load in (lambda _: nn.Linear(2, 2), lambda _: nn.Linear(3, 3)))
    assert first.in_features == 2 and second.in_features == 3 and isinstance(first.weight, torch.Tensor)


def test_a_file_is_used_only_if_it_is_the_published_one(tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"weights")
    assert checked(tmp_path / "weights.pt", sha256(b"weights"), "net 1.0") == b"weights"
    with pytest.raises(UserError, match=r"weights\.pt is not net 1\.0 as it was published"):
        checked(tmp_path / "weights.pt", sha256(b"others"), "net 1.0")
