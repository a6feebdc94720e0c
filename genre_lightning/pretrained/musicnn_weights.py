"""The weights of musicnn, trained on the tags of the Million Song Dataset: downloaded once, as a package, and kept."""

import io
import logging
import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from filelock import FileLock
from torch import Tensor, nn

from genre_lightning.errors import UserError
from genre_lightning.files import write_whole
from genre_lightning.pretrained.bundle import read_bundle
from genre_lightning.pretrained.musicnn import Tagger
from genre_lightning.pretrained.weights import checked, load_once

logger = logging.getLogger(__name__)
PACKAGE = "musicnn==0.1.0"
WHEEL = "musicnn-0.1.0-py3-none-any.whl"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
TRAINED = "musicnn/MSD_musicnn/"
KEPT = "musicnn-0.1.0-msd.safetensors"
PIP_OPTIONS = ("--quiet", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check")


def load_musicnn() -> Tagger:
    """The network with its weights, in evaluation mode; the same object each time. Raises UserError if it has none."""
    return load_once(load)


def load(folder: Path) -> Tagger:
    """The network with the weights that are kept in `folder`. Raises OSError, UserError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    network, kept = Tagger(), kept_weights(folder)
    try:
        network.load_state_dict(load_file(kept))
    except (SafetensorError, RuntimeError):  # of a damaged file, and of one that holds another network
        raise UserError(f"{kept} is damaged; delete it, and it is fetched again") from None
    return network


def kept_weights(folder: Path) -> Path:
    """The file in `folder` with the weights, made now if there is none. Raises OSError, UserError."""
    from safetensors.torch import save

    kept = folder / KEPT
    if kept.is_file():  # perhaps in a read-only folder
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "musicnn.lock"):  # every process of a run needs them, one fetches them
        if not kept.is_file():
            network = Tagger()
            fill(network, fetch_wheel(folder))
            weights = save(network.state_dict())
            write_whole(kept, lambda file: file.write(weights))
    return kept


def fetch_wheel(folder: Path) -> bytes:
    """The published package, from `folder` if somebody has put it there; otherwise pip downloads it.

    It is not installed: what it requires cannot be installed beside PyTorch. Raises UserError.
    """
    if (folder / WHEEL).is_file():
        return checked(folder / WHEEL, SHA256, PACKAGE)
    logger.info("fetching the weights of musicnn, 29 MB, once")
    with TemporaryDirectory(dir=folder) as fetched:
        command = [sys.executable, "-m", "pip", "download", *PIP_OPTIONS, "--dest", fetched, PACKAGE]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if not Path(fetched, WHEEL).is_file():
            raise UserError(
                f"the weights of musicnn cannot be fetched: {reason(ended.stderr)}; on a computer that is online, run "
                f"`pip download --no-deps {PACKAGE}`, and put {WHEEL} into {folder}"
            )
        return checked(Path(fetched, WHEEL), SHA256, PACKAGE)


def reason(said: str) -> str:
    """Why pip failed, without any address: one in the user's settings may contain a password."""
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    last = (errors or said.strip().splitlines() or ["pip does not say why"])[-1]
    return re.sub(r"\S*(://|@)\S*", "(an address)", last)


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
