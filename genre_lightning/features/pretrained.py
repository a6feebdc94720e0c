"""What frozen pre-trained networks hear: features that cost much to compute, and are computed once."""

import math
from collections import Counter
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from genre_lightning.features.base import Band, Features
from genre_lightning.features.encoders.base import Encoder
from genre_lightning.features.encoders.efficientat import EfficientAT
from genre_lightning.features.encoders.hub import HubEncoder, hub_encoder
from genre_lightning.features.encoders.musicnn import Musicnn
from genre_lightning.pretrained.hub import read_name

LEAST_SECONDS = 0.01  # from a step to the next one; the encoders hear much more than that at once
MOST_ENCODERS = 16  # a run from elsewhere may name them, and each may be asked for in the hub
ENCODERS: dict[str, type[Encoder]] = {"efficientat": EfficientAT, "musicnn": Musicnn}


class Pretrained(Features):
    """The vectors of frozen encoders, side by side, for every step of time: `(samples,)` -> `(steps, n_features)`.

    Args:
        encoders: Names of ENCODERS, of networks of a hub and folders that hold one (`OWNER/NAME`, `FOLDER`; as
            `read_name` reads them), in the order of their vectors. As an attribute, with the revisions they have now.
        step_seconds: From a step to the next one; a song has at least one.

    Raises:
        ValueError: No encoder, too many, one that does not exist or is named twice, or steps of no length.
        UserError: A network of a hub that cannot be had, or is none that can hear.

    The networks' weights are fetched when they are first needed; `forward` raises UserError if that is not possible.
    """

    is_sequence = is_image = False  # a few frames, and no pitch

    def __init__(self, encoders: list[str] | None = None, step_seconds: float = 1.0) -> None:
        super().__init__()
        self.encoders = [*ENCODERS] if encoders is None else [*encoders]
        self.step_seconds = float(step_seconds)
        self.check()
        networks = [ENCODERS[name]() if name in ENCODERS else hub_encoder(name) for name in self.encoders]
        self.encoders = [one.name.text if isinstance(one, HubEncoder) else one.called for one in networks]
        tell_apart(networks)
        if len({one.called for one in networks}) < len(networks):
            raise ValueError(f"encoders are each named once, and two of {self.encoders} are the same network")
        self.networks = nn.ModuleList(networks)
        self.sample_rate = max(network.sample_rate for network in networks)

    def check(self) -> None:
        """Raise ValueError for settings of which no features can be made."""
        unknown = [name for name in self.encoders if name not in ENCODERS and not looks_like_hub(name)]
        if len(self.encoders) > MOST_ENCODERS:
            raise ValueError(f"there are {len(self.encoders)} encoders, and {MOST_ENCODERS} are the most")
        if not self.encoders or len(set(self.encoders)) < len(self.encoders) or unknown:
            known = f"{', '.join(ENCODERS)}, OWNER/NAME of a hub, and folders"
            raise ValueError(f"encoders are some of {known}, each once, not {self.encoders}")
        if not LEAST_SECONDS <= self.step_seconds < math.inf:
            raise ValueError(f"step_seconds must be at least {LEAST_SECONDS}, not {self.step_seconds}")

    @property
    def n_features(self) -> int:
        return sum(network.n_features for network in self.encoders_made())

    @property
    def frames_per_second(self) -> float:
        return 1 / self.step_seconds

    def bands(self) -> list[Band]:
        made = self.encoders_made()
        edges = accumulate((network.n_features for network in made), initial=0)
        return [Band(network.called, *span) for network, span in zip(made, pairwise(edges), strict=True)]

    def encoders_made(self) -> list[Encoder]:
        """The encoders, in order."""
        return [network for network in self.networks if isinstance(network, Encoder)]

    def parts(self) -> list[tuple[Band, Encoder]]:
        """The encoders, and which of the features each of them makes."""
        return [*zip(self.bands(), self.encoders_made(), strict=True)]

    def facts(self) -> dict[str, str]:
        hub = [network for network in self.encoders_made() if isinstance(network, HubEncoder)]
        return {f"weights of {one.called}": f"revision {one.name.revision[:12]}, licence {one.licence}" for one in hub}

    def forward(self, waveform: Tensor) -> Tensor:
        steps = self.frames_in(len(waveform) / self.sample_rate)
        rates = [(network, network.sample_rate) for network in self.encoders_made()]
        return torch.cat([one(resampled(waveform, self.sample_rate, rate), steps) for one, rate in rates], dim=1)


def tell_apart(networks: list[Encoder]) -> None:
    """Call networks by their revisions too where several are called the same: two folders, or two of one network."""
    shared = Counter(network.called for network in networks)
    for network in networks:
        if shared[network.called] > 1 and isinstance(network, HubEncoder):
            network.called += f"@{network.name.revision[:7]}"


def looks_like_hub(name: str) -> bool:
    """Whether a name can be that of a network of a hub, or of a folder that may be missing."""
    return "/" in name or "\\" in name or read_name(name) is not None


def resampled(waveform: Tensor, rate: int, wanted: int) -> Tensor:
    """The waveform at another sample rate, at least one sample."""
    import soxr

    if rate == wanted:
        return waveform
    return torch.from_numpy(soxr.resample(waveform.numpy(), rate, wanted, "HQ"))
