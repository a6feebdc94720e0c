"""Mel bands and what is made of them: log-mel spectrograms and MFCC."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torchaudio.functional import create_dct, melscale_fbanks

from genre_lightning.features.base import Spectrum
from genre_lightning.features.spectrum import SpectralFeatures

NAMED_HZ = (250, 1000, 2000, 4000, 8000, 16000)  # on pictures; others would lie too close below 1000
MOST_BANDS = 512  # which are narrower than most bins of an FFT
POWER_FLOOR = 1e-10  # -100 dB; librosa and torchaudio call it amin


@dataclass(eq=False, repr=False)
class MelFeatures(SpectralFeatures):
    """Features computed from mel bands, to which gains per band can be applied."""

    unit: ClassVar[str] = "dB"
    n_mels: int = 64
    f_min: float = 0.0
    f_max: float | None = None
    top_db: float | None = 80.0
    mel_scale: Literal["slaney", "htk"] = "slaney"
    norm: Literal["slaney"] | None = "slaney"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.f_min, self.f_max = float(self.f_min), float(self.highest_hz)
        self.top_db = None if self.top_db is None else float(self.top_db)

    @abstractmethod
    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        """Features `(batch, frames, n_features)` as they were if songs had been played through equalisers.

        `decibels` are the gains of the mel bands, `(batch, n_mels)`.
        """

    def check(self) -> None:
        super().check()
        if not 0 < self.n_mels <= MOST_BANDS:
            raise ValueError(f"n_mels must be above 0, and at most {MOST_BANDS}, not {self.n_mels}")
        if not 0 <= self.f_min < self.highest_hz <= self.sample_rate / 2:
            raise ValueError(f"f_min {self.f_min} and f_max {self.f_max} must lie between 0 and half the sample rate")
        if self.top_db is not None and self.top_db < 0:
            raise ValueError(f"top_db must be 0 or above, or null, not {self.top_db}")
        if self.mel_scale not in ("slaney", "htk") or self.norm not in ("slaney", None):
            raise ValueError(f"mel_scale is slaney or htk, norm slaney or null, not {self.mel_scale} and {self.norm}")

    @property
    def highest_hz(self) -> float:
        """`f_max`, or half the sample rate if it is None."""
        return self.sample_rate / 2 if self.f_max is None else self.f_max

    def band_filters(self) -> Tensor:
        # For all bins of the FFT, of which half are kept: torchaudio rounds half of an odd sample rate, 0.3 dB off
        bins, rate = self.n_fft + 1, 2 * self.sample_rate
        filters = melscale_fbanks(bins, self.f_min, self.highest_hz, self.n_mels, rate, self.norm, self.mel_scale)
        return filters[: self.n_fft // 2 + 1].clone()  # a view would keep all bins

    def middles(self) -> tuple[Tensor, Tensor]:
        """Which mel bands hear anything, since narrow ones may fall between two bins, and the middle of each in Hz."""
        hz = torch.arange(len(self.filters)) * self.sample_rate / self.n_fft
        heard = self.filters.sum(dim=0)
        bands = heard.nonzero().flatten()
        return bands, (hz @ self.filters)[bands] / heard[bands]

    def spectrum_of(self, decibels: Tensor) -> Spectrum:
        """The spectrum that mel bands `(frames, n_mels)` in dB show, but for those that hear nothing."""
        bands, hertz = self.middles()
        widths = self.filters.sum(dim=0)[bands]  # the same for all bands if `norm` is slaney
        return Spectrum((decibels[:, bands] - 10 * widths.log10()).numpy(), hertz.numpy())

    def log_mel(self, waveform: Tensor) -> Tensor:
        """`(samples,)` -> `(frames, n_mels)` in dB re 1, as librosa's `power_to_db(melspectrogram(...))`."""
        decibels = self.band_power(waveform).clamp_(min=POWER_FLOOR).log10_().mul_(10)
        return decibels if self.top_db is None else decibels.clamp_(min=float(decibels.max()) - self.top_db)


def hertz(frequency: float) -> str:
    """435.1 -> 440 Hz, 1263 -> 1.3 kHz: two digits."""
    rounded = float(f"{frequency:.2g}")
    return f"{rounded:g} Hz" if rounded < 1000 else f"{rounded / 1000:g} kHz"


@dataclass(eq=False, repr=False)
class LogMel(MelFeatures):
    """Log-mel spectrogram in dB: `(samples,)` -> `(frames, n_mels)`.

    Within 0.01 dB of librosa's `power_to_db(melspectrogram(..., pad_mode="constant"))`, down to 80 dB below the loudest
    value.

    Args:
        sample_rate: In Hz; songs are resampled to it.
        n_fft: Samples of a frame's FFT.
        win_length: Samples of the periodic Hann window, in the middle of a frame; None: `n_fft`.
        hop_length: Samples from a frame to the next one.
        n_mels: Mel bands.
        f_min: Where the lowest band begins, in Hz.
        f_max: Where the highest band ends, in Hz; None: half the sample rate.
        top_db: What lies more than this below the song's loudest value is lifted to it; None: the floor is -100 dB.
        mel_scale: "slaney", linear to 1000 Hz and logarithmic above, or "htk".
        norm: "slaney" divides each band by its width in Hz; None: all bands are 1 at their middle.

    Raises:
        ValueError: If settings contradict each other.
    """

    @property
    def n_features(self) -> int:
        return self.n_mels

    def band_name(self, start: int, end: int) -> str:
        bands, middles = self.middles()
        places, hz = [-0.5, *bands, self.n_mels - 0.5], [self.f_min, *middles, self.highest_hz]
        low, high = np.interp([start - 0.5, end - 0.5], places, hz)
        return f"{hertz(low)} to {hertz(high)}"

    def ticks(self) -> tuple[str, dict[float, str]]:
        bands, middles = self.middles()
        named = [hertz for hertz in NAMED_HZ if middles[0] <= hertz <= middles[-1]]
        return "Hz", {float(np.interp(hertz, middles, bands)): str(hertz) for hertz in named}

    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        return frames + decibels[:, None]

    def spectrum(self, frames: npt.NDArray[Any]) -> Spectrum:
        return self.spectrum_of(torch.tensor(frames, dtype=torch.float32))

    def forward(self, waveform: Tensor) -> Tensor:
        return self.log_mel(waveform)


@dataclass(eq=False, repr=False)
class MFCC(MelFeatures):
    """Mel-frequency cepstral coefficients, `(samples,)` -> `(frames, n_mfcc)`.

    The orthonormal DCT-II of the log-mel bands in dB, as librosa's `feature.mfcc`.

    Args:
        n_mfcc: Coefficients that are kept, the first ones, at most `n_mels`.

    The other arguments are those of LogMel.

    Raises:
        ValueError: If settings contradict each other.
    """

    has_one_scale: ClassVar[bool] = False  # the first coefficient is a hundred times as large as the last one
    n_mels: int = 128
    n_mfcc: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.n_mfcc <= self.n_mels:
            raise ValueError(f"n_mfcc {self.n_mfcc} must lie between 1 and n_mels {self.n_mels}")
        self.cosines = nn.Buffer(create_dct(self.n_mfcc, self.n_mels, "ortho"), persistent=False)  # (n_mels, n_mfcc)

    @property
    def n_features(self) -> int:
        return self.n_mfcc

    def ticks(self) -> tuple[str, dict[float, str]]:
        return "coefficient", {number: str(number) for number in range(0, self.n_mfcc, 5)}

    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        return frames + torch.mm(decibels, self.cosines)[:, None]

    def spectrum(self, frames: npt.NDArray[Any]) -> Spectrum:
        # Smooth, since the last coefficients are missing
        return self.spectrum_of(torch.mm(torch.tensor(frames, dtype=torch.float32), self.cosines.T))

    def forward(self, waveform: Tensor) -> Tensor:
        return torch.mm(self.log_mel(waveform), self.cosines)
