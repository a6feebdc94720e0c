"""The weights of EfficientAT's mn04_as, and what its classes are called, from where they are published."""

import csv
import io
from functools import cache
from pathlib import Path

import torch

from genre_lightning.errors import UserError
from genre_lightning.pretrained.efficientat import CLASSES, EfficientAT
from genre_lightning.pretrained.published import Published, fetched
from genre_lightning.pretrained.weights import kept_in, load_once, sha256

SHA256 = "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c"
WEIGHTS = Published(
    "the weights of EfficientAT, 4 MB",
    "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt",
    lambda content: sha256(content) == SHA256,
    ", or do without: features.encoders=[musicnn]",
)
# Gemmeke et al. 2017, "Audio Set: An ontology and human-labeled dataset for audio events"; Google, CC BY 4.0
NAMES = Published(
    "the names of AudioSet's classes, 15 kB",
    "https://storage.googleapis.com/us_audioset/youtube_corpus/v1/csv/class_labels_indices.csv",
    lambda content: bool(names_in(content)),
)


def load_efficientat() -> EfficientAT:
    """The network with its weights, in evaluation mode; the same object each time. Raises UserError if it has none."""
    return load_once(load)


def load(folder: Path) -> EfficientAT:
    """The network with the weights in `folder`, which are downloaded if need be. Raises OSError, UserError."""
    network = EfficientAT()
    network.load_state_dict(torch.load(io.BytesIO(fetched(WEIGHTS, folder)), weights_only=True))
    return network


def audioset_classes() -> list[str]:
    """What its classes are called, in the order of its outputs. Raises UserError if the list cannot be had."""
    folder = kept_in()
    try:
        return names_in(fetched(NAMES, folder))
    except OSError as error:
        raise UserError(f"{NAMES.what} cannot be kept in {folder}: {error.strerror or error}") from None


@cache
def names_in(content: bytes) -> list[str]:
    """The names in the published list, in the order of their numbers; none if it is not that list."""
    rows = csv.reader(content.decode(errors="replace").splitlines())
    try:
        numbers, _, names = zip(*rows, strict=True)
    except (ValueError, csv.Error):  # it has not three columns: the page of a captive portal
        return []
    return [*names[1:]] if numbers == ("index", *map(str, range(CLASSES))) else []
