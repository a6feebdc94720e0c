"""What makes it harder to get by on memory: changes to batches, on the device, in training only."""

import copy
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from genre_lightning.errors import UserError
from genre_lightning.features.mel import Features, cosines_over_mels


class Augment(nn.Module, ABC):
    """Changes a batch at random: features `(batch, frames, n_features)` and the target `(batch, n_genres)` with them.

    A constructor's first argument is the kind of features that it will see.
    """

    @abstractmethod
    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return the changed features and target; the arguments stay as they are."""


class SpecAugment(Augment):
    """Hide random stretches of time and of features behind the batch's mean (Park et al. 2019).

    Each mask is up to `time_fraction` of the frames, or `feature_fraction` of the features, wide.
    """

    def __init__(
        self, of: Features, time_masks: int, time_fraction: float, feature_masks: int, feature_fraction: float
    ) -> None:
        super().__init__()
        self.time_masks, self.time_fraction = time_masks, time_fraction
        self.feature_masks, self.feature_fraction = feature_masks, feature_fraction

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        batch, n_frames, n_features = features.shape
        times = self.stretches(batch, n_frames, self.time_masks, self.time_fraction, features.device)
        places = self.stretches(batch, n_features, self.feature_masks, self.feature_fraction, features.device)
        hidden = times[:, :, None] | places[:, None, :]
        return torch.where(hidden, features.mean(dim=(0, 1)), features), target

    def stretches(self, batch: int, size: int, masks: int, fraction: float, device: torch.device) -> Tensor:
        """Random stretches along one axis: bool `(batch, size)`, True where something is hidden."""
        width = torch.rand(batch, masks, 1, device=device) * fraction * size
        first = torch.rand(batch, masks, 1, device=device) * (size - width)
        place = torch.arange(size, device=device) + 0.5
        return ((place >= first) & (place < first + width)).any(dim=1)


class Mixup(Augment):
    """Blend each window with another of the batch, and their targets likewise (Zhang et al. 2018).

    The share of the other window is drawn from Beta(alpha, alpha), for a window in `probability` of the cases.
    """

    def __init__(self, of: Features, alpha: float, probability: float) -> None:
        super().__init__()
        if alpha <= 0:
            raise UserError(f"augment.mixup.alpha must be above 0, not {alpha}")
        self.alpha, self.probability = alpha, probability

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        batch = len(features)
        beta = torch.distributions.Beta(self.alpha, self.alpha)
        share = beta.sample((batch,)).to(features.device)  # drawn on the CPU: Apple's GPUs have no Beta distribution
        share = share * (torch.rand(batch, device=features.device) < self.probability)
        partner = torch.randperm(batch, device=features.device)
        mixed = torch.lerp(features, features[partner], share[:, None, None])
        return mixed, torch.lerp(target, target[partner], share[:, None])


class MixStyle(Augment):
    """Blend every feature's mean and standard deviation over time with those of another window (Zhou et al. 2021).

    The other's share is drawn from Beta(alpha, alpha), for a window in `probability` of the cases. `floor`, in the
    features' unit, is added to standard deviations, so that what hardly varies is not blown up. The target stays.
    """

    def __init__(self, of: Features, alpha: float, probability: float, floor: float) -> None:
        super().__init__()
        if alpha <= 0:
            raise UserError(f"augment.mixstyle.alpha must be above 0, not {alpha}")
        if not of.is_spectrogram:
            raise UserError("augment: mixstyle needs frames over time; use augment=[] with a frozen encoder")
        self.alpha, self.probability, self.floor = alpha, probability, floor

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        batch = len(features)
        share = torch.distributions.Beta(self.alpha, self.alpha).sample((batch, 1, 1)).to(features.device)  # see Mixup
        share = share * (torch.rand(batch, 1, 1, device=features.device) < self.probability)
        partner = torch.randperm(batch, device=features.device)
        std, mean = torch.std_mean(features, dim=1, keepdim=True, correction=0)
        std = std + self.floor
        plain = (features - mean) / std
        return plain * torch.lerp(std, std[partner], share) + torch.lerp(mean, mean[partner], share), target


class Amplifier(Augment):
    """Play each window through something that makes it louder or softer, perhaps not all bands alike.

    Raises UserError for features of which nobody can say how that would change them.
    """

    def __init__(self, of: Features) -> None:
        super().__init__()
        if not of.is_spectrogram:
            raise UserError("augment: gain and equaliser cannot change what a frozen encoder has heard; use augment=[]")
        # Its buffers move to the device, where float64 may be unknown; the original's stay where songs are read
        self.of = copy.deepcopy(of).float()


class Gain(Amplifier):
    """Play each window louder or softer, by a normally distributed gain of standard deviation `gain_db`."""

    def __init__(self, of: Features, gain_db: float) -> None:
        super().__init__(of)
        self.gain_db = gain_db

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        decibels = self.gain_db * torch.randn(len(features), 1, device=features.device)
        return self.of.amplified(features, decibels.expand(-1, self.of.n_mels)), target


class Equaliser(Amplifier):
    """Play each window through a random equaliser, so that the sound of a recording says less.

    Its curve is a sum of `swells` cosines over the mel scale, `cos(pi * k * place)` for k = 1, 2, ..., each with a
    normally distributed height of standard deviation `swell_db / sqrt(k)`; `place` goes from 0 to 1 up the mel bands.
    """

    curves: Tensor

    def __init__(self, of: Features, swell_db: float, swells: int) -> None:
        super().__init__(of)
        stds = swell_db / torch.arange(1, swells + 1)[:, None] ** 0.5
        self.curves = nn.Buffer(stds * cosines_over_mels(swells + 1, of.n_mels)[1:].float(), persistent=False)

    def forward(self, features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        heights = torch.randn(len(features), len(self.curves), device=features.device)
        return self.of.amplified(features, heights @ self.curves), target
