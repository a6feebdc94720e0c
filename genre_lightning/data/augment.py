"""Data augmentation on batches, on the device, in training only."""

import copy
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torchaudio.functional import create_dct

from genre_lightning.errors import UserError
from genre_lightning.features.base import Features
from genre_lightning.features.mel import MelFeatures

MOST_MASKS = 100  # of one kind in a window, which has fewer places


class Augment(nn.Module, ABC):
    """Changes a batch at random.

    A constructor's first argument is the kind of features that the augmentation will see; it raises UserError if the
    augmentation cannot change those.
    """

    @abstractmethod
    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Change a batch; the arguments stay as they are.

        Args:
            features: `(batch, frames, n_features)`.
            target: `(batch, n_genres)`, how much of each genre is in a window.

        Returns:
            The changed features and target, in the same shapes.
        """

    def refusal(self, features: Features, needed: str) -> UserError:
        """What to raise if `features` have not what is needed."""
        name, kind = type(self).__name__.lower(), type(features).__name__
        return UserError(f"augment: {name} needs {needed}, which {kind} features do not have; leave {name} out")


def check_ranges(augment: str, **settings: tuple[float, float]) -> None:
    """Raise UserError for a setting of an augmentation, given with its highest value, that is higher, or below 0."""
    for name, (value, highest) in settings.items():
        if not 0 <= value <= highest:
            raise UserError(f"augment.{augment}.{name} must be from 0 to {highest}, not {value}")


class SpecAugment(Augment):
    """Hide random stretches of time and of features behind the batch's mean (Park et al. 2019).

    Args:
        features: The kind of features, any.
        time_masks: Stretches of time that are hidden in each window.
        time_fraction: The largest part of the window's frames that one of them hides, 0 to 1.
        feature_masks: Stretches of neighbouring features that are hidden in each window.
        feature_fraction: The largest part of the features that one of them hides, 0 to 1.

    Raises UserError for other numbers, and for more masks than MOST_MASKS.
    """

    def __init__(
        self, features: Features, time_masks: int, time_fraction: float, feature_masks: int, feature_fraction: float
    ) -> None:
        super().__init__()
        check_ranges("specaugment", time_masks=(time_masks, MOST_MASKS), feature_masks=(feature_masks, MOST_MASKS))
        check_ranges("specaugment", time_fraction=(time_fraction, 1), feature_fraction=(feature_fraction, 1))
        self.time_masks, self.time_fraction = time_masks, time_fraction
        self.feature_masks, self.feature_fraction = feature_masks, feature_fraction

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        batch, n_frames, n_features = features.shape
        times = self.stretches(batch, n_frames, self.time_masks, self.time_fraction, features.device)
        bands = self.stretches(batch, n_features, self.feature_masks, self.feature_fraction, features.device)
        hidden = times[:, :, None] | bands[:, None, :]
        return torch.where(hidden, features.mean(dim=(0, 1)), features), target

    def stretches(self, batch: int, size: int, masks: int, fraction: float, device: torch.device) -> Tensor:
        """Random stretches along one axis: bool `(batch, size)`, True where something is hidden."""
        width = torch.rand(batch, masks, 1, device=device) * fraction * size
        first = torch.rand(batch, masks, 1, device=device) * (size - width)
        position = torch.arange(size, device=device) + 0.5
        return ((position >= first) & (position < first + width)).any(dim=1)


class Blend(Augment):
    """Windows that are blended with others of their batch.

    Raises UserError if alpha is not above 0, or the probability is none.
    """

    def __init__(self, features: Features, alpha: float, probability: float) -> None:
        super().__init__()
        if alpha <= 0:
            raise UserError(f"augment.{type(self).__name__.lower()}.alpha must be above 0, not {alpha}")
        check_ranges(type(self).__name__.lower(), probability=(probability, 1))
        self.alpha, self.probability = alpha, probability

    def partners(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The index of each window's partner in the batch `(batch,)`, and its part `lam` `(batch, 1, 1)`."""
        batch, device = len(features), features.device
        lam = torch.distributions.Beta(self.alpha, self.alpha).sample((batch,)).to(device)  # Apple's GPUs have no Beta
        lam = lam * (torch.rand(batch, device=device) < self.probability)
        return torch.randperm(batch, device=device), lam[:, None, None]


class Mixup(Blend):
    """Blend each window with another of the batch, and their targets likewise (Zhang et al. 2018).

    Args:
        features: The kind of features, any.
        alpha: The other window's part is drawn from Beta(alpha, alpha): mostly near 0 or 1 if alpha is small.
        probability: How often a window is blended at all, 0 to 1.
    """

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        partner, lam = self.partners(features)
        return torch.lerp(features, features[partner], lam), torch.lerp(target, target[partner], lam[:, 0])


class MixStyle(Blend):
    """Blend every feature's mean and standard deviation over time with those of another window (Zhou et al. 2021).

    The target stays.

    Args:
        features: The kind of features: those with a course over time.
        alpha: The other window's part is drawn from Beta(alpha, alpha): mostly near 0 or 1 if alpha is small.
        probability: How often a window is blended at all, 0 to 1.
        floor: Added to standard deviations, in the features' unit, so that what hardly varies is not blown up.
    """

    def __init__(self, features: Features, alpha: float, probability: float, floor: float) -> None:
        super().__init__(features, alpha, probability)
        if not features.is_sequence:
            raise self.refusal(features, "many frames in a window")
        self.floor = floor

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        partner, lam = self.partners(features)
        std, mean = torch.std_mean(features, dim=1, keepdim=True, correction=0)  # (batch, 1, n_features) each
        std = std + self.floor
        plain = (features - mean) / std
        return plain * torch.lerp(std, std[partner], lam) + torch.lerp(mean, mean[partner], lam), target


class Amplifier(Augment):
    """Windows that are played louder or softer, perhaps not all mel bands alike."""

    def __init__(self, features: Features) -> None:
        super().__init__()
        if not isinstance(features, MelFeatures):
            raise self.refusal(features, "mel bands")
        self.kind = copy.deepcopy(features)  # its buffers move to the device, the original's stay where songs are read


class Gain(Amplifier):
    """Play each window louder or softer.

    Args:
        features: The kind of features: those made of mel bands.
        gain_db: The standard deviation of the gain, which is normally distributed around 0 dB.
    """

    def __init__(self, features: Features, gain_db: float) -> None:
        super().__init__(features)
        self.gain_db = gain_db

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        decibels = self.gain_db * torch.randn(len(features), 1, device=features.device)
        return self.kind.amplified(features, decibels.expand(-1, self.kind.n_mels)), target


class Equaliser(Amplifier):
    """Play each window through a random equaliser, so that the sound of a recording says less.

    The curve is a sum of cosines over the mel scale, `cos(pi * k * position)` for k = 1, 2, ..., with `position` from 0
    at the lowest band to 1 at the highest.

    Args:
        features: The kind of features: those made of mel bands.
        swell_db: The standard deviation of the first cosine's height; that of the k-th is `swell_db / sqrt(k)`.
        swells: How many cosines there are, at most as many as mel bands.
    """

    curves: Tensor

    def __init__(self, features: Features, swell_db: float, swells: int) -> None:
        super().__init__(features)
        check_ranges("equaliser", swells=(swells, self.kind.n_mels))
        cosines = create_dct(swells + 1, self.kind.n_mels, norm=None)[:, 1:].T / 2  # (swells, n_mels)
        stds = swell_db / torch.arange(1, swells + 1)[:, None] ** 0.5
        self.curves = nn.Buffer(stds * cosines, persistent=False)

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        heights = torch.randn(len(features), len(self.curves), device=features.device)
        return self.kind.amplified(features, heights @ self.curves), target
