"""What networks of a hub, or in a folder, make of a song."""

import logging
import math
from abc import abstractmethod
from functools import cache
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn

from genre_lightning.config import is_of, shown
from genre_lightning.errors import UserError
from genre_lightning.features.encoders.base import Encoder, repeated
from genre_lightning.features.encoders.efficientat import onto_steps
from genre_lightning.pretrained.card import licence
from genre_lightning.pretrained.fetching import check_packages
from genre_lightning.pretrained.hub import Name, damaged, missing, pinned, read_name, settings_in
from genre_lightning.pretrained.transformer import Settings, build, extractor_of, hear, read_settings, try_out
from genre_lightning.pretrained.words import vector_of
from genre_lightning.text import printable

logger = logging.getLogger(__name__)
LEAST_SECONDS = 0.05  # a clip that is shorter is repeated until it has them
MOST_SECONDS = 60.0  # of a window
SPEECH_SECONDS = 10.0  # that are heard at once; attention takes the square of it
ONE_AT_A_TIME = Lock()  # songs are read by several threads


class HubEncoder(Encoder):
    """A network that `transformers` has, given what its own feature extractor makes of the waveform.

    Attributes:
        name: Which network it is, with its revision.
    """

    def __init__(self, name: Name, settings: Settings) -> None:
        super().__init__()
        self.name, self.settings, self.called = name, settings, name.called
        self.sample_rate, self.n_features = settings.sample_rate, settings.width
        if name.layer is not None:
            self.check_layer(name.layer)

    def check_layer(self, layer: int) -> None:
        """Raise UserError if it is not to be asked for that layer."""
        raise UserError(f"{self.called}: only wav2vec 2.0, HuBERT and WavLM are asked for a layer; leave :{layer} out")

    @property
    def licence(self) -> str:
        """Under which licence its weights are. Raises UserError if its card cannot be had."""
        return licence(settings_in(self.name))

    def answer(self, waveform: Tensor, **asked: Any) -> Any:
        """What the library says of a waveform `(samples,)`. Raises UserError if there is no such network."""
        return hear(*opened(self.name._replace(layer=None)), waveform, **asked)

    def tags(self, vectors: Tensor) -> dict[str, float]:
        return {}  # its last layers are not read


class WindowEncoder(HubEncoder):
    """A network that makes one vector of a window: `(samples,)` -> `(steps, n_features)`.

    Windows are as long as its own extractor says, or the song if that is shorter, and evenly spaced from the song's
    beginning to its end, so few that they overlap less than by half. A step is the mean of the windows of its part of
    the song.

    Attributes:
        length: What its extractor calls how long a window is, what is usual, and how many of these make a second.
    """

    length: tuple[str, int, int]

    def __init__(self, name: Name, settings: Settings) -> None:
        super().__init__(name, settings)
        key, usual, per_second = self.length
        value = settings.extractor.get(key, usual)
        if not (is_of(value, float) and LEAST_SECONDS <= value / per_second <= MOST_SECONDS):
            raise damaged(name, f"{key} is {shown(str(value))}")
        self.seconds = value / per_second

    @abstractmethod
    def heard(self, window: Tensor) -> Tensor:
        """A window `(samples,)` -> `(1, n_features)`."""

    def forward(self, waveform: Tensor, steps: int) -> Tensor:
        waveform = repeated(waveform, round(LEAST_SECONDS * self.sample_rate))
        length = min(len(waveform), round(self.seconds * self.sample_rate))
        windows = math.ceil(len(waveform) / length)
        starts = torch.linspace(0, len(waveform) - length, windows, dtype=torch.float64).round().long().tolist()
        return onto_steps(torch.cat([self.heard(waveform[start : start + length]) for start in starts]), steps)


class Ast(WindowEncoder):
    """The Audio Spectrogram Transformer (Gong et al. 2021): the mean of its two class tokens, normalised."""

    length = ("max_length", 1024, 100)  # frames, each of 10 ms

    def heard(self, window: Tensor) -> Tensor:
        return self.answer(window).pooler_output


class Clap(WindowEncoder):
    """The ear of CLAP (Wu et al. 2023): vectors of length 1 in the space that it shares with texts."""

    length = ("max_length_s", 10, 1)

    def heard(self, window: Tensor) -> Tensor:
        return nn.functional.normalize(self.answer(window).audio_embeds, dim=-1)

    def of_words(self, text: str) -> Tensor:
        """The vector of a text `(n_features,)`, of length 1. Raises UserError if it cannot be read."""
        return vector_of(text, self.name, self.settings)


class Speech(HubEncoder):
    """wav2vec 2.0 (Baevski et al. 2020), HuBERT, WavLM: the mean over a step, and over all layers or of the named one.

    Layer 0 is what the first layer of attention gets. The song is heard in equal stretches of whole steps, at most
    SPEECH_SECONDS long.
    """

    def check_layer(self, layer: int) -> None:
        if layer > self.settings.layers:
            raise UserError(f"{self.called}: its layers are 0 to {self.settings.layers}")

    def forward(self, waveform: Tensor, steps: int) -> Tensor:
        waveform = repeated(waveform, round(LEAST_SECONDS * self.sample_rate))
        seconds = len(waveform) / self.sample_rate / steps
        if seconds > SPEECH_SECONDS:
            finer = math.ceil(seconds / SPEECH_SECONDS)
            return self(waveform, steps * finer).unflatten(0, (steps, finer)).mean(dim=1)
        edges = torch.linspace(0, len(waveform), steps + 1, dtype=torch.float64).round().long().tolist()
        stretches = torch.arange(steps).tensor_split(math.ceil(steps / max(1, int(SPEECH_SECONDS / seconds))))
        spans = [(int(stretch[0]), int(stretch[-1]) + 1) for stretch in stretches]
        heard = (onto_steps(self.heard(waveform[edges[first] : edges[end]]), end - first) for first, end in spans)
        return torch.cat([*heard])

    def heard(self, stretch: Tensor) -> Tensor:
        """A stretch `(samples,)` -> `(frames, n_features)`."""
        layers = self.answer(stretch, output_hidden_states=True).hidden_states
        return (torch.cat(layers).mean(dim=0, keepdim=True) if self.name.layer is None else layers[self.name.layer])[0]


KINDS: dict[str, type[HubEncoder]] = {"audio-spectrogram-transformer": Ast, "clap": Clap}


def hub_encoder(text: str) -> HubEncoder:
    """The network that a text names, as `read_name` reads it, with the revision that it has now.

    Raises UserError if there is none, or it is none that can hear.
    """
    name = read_name(text)
    if name is None:
        raise missing(text)
    check_packages(name.called)
    settings = read_settings(name := pinned(name))
    return KINDS.get(settings.kind, Speech)(name, settings)


def opened(name: Name) -> tuple[nn.Module, Any]:
    """A network with its weights, and what makes its input; the same objects each time. Raises UserError."""
    with ONE_AT_A_TIME:
        found = outcome(name)
    if isinstance(found, UserError):
        raise found
    return found


@cache
def outcome(name: Name) -> tuple[nn.Module, Any] | UserError:
    """The network, or why there is none, so that no network is asked again for each song."""
    try:
        settings = read_settings(name)
        network, extractor = build(name, settings), extractor_of(name, settings)
        try_out(name, network, extractor)
        told = licence(settings_in(name))
    except UserError as error:
        return error
    logger.info("%s, revision %s; licence of its weights: %s", printable(name.place), name.revision[:12], told)
    return network, extractor
