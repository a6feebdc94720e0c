"""From a waveform to what a network reads: `(samples,)` -> `(frames, features)`."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor, nn

POWER_FLOOR = 1e-10  # -100 dB; librosa and torchaudio call it amin
FRAMES_A_BLOCK = 128  # as many as the processor's cache has room for, with their spectra
BANDS_A_BLOCK = 16


@dataclass(eq=False, repr=False)
class Features(nn.Module, ABC):
    """Mel-based features of a clip. The fields are the settings: features with equal settings are equal.

    Periodic Hann window, centred frames, constant padding, power spectrum. `win_length` defaults to `n_fft`, `f_max` to
    half the sample rate; frequencies are in Hz. `top_db` lifts everything more than that below the clip's loudest
    value; None leaves the floor at -100 dB. With Slaney's mel scale and area norm the values are librosa's.

    Raises ValueError for settings that contradict each other.
    """

    sample_rate: int = 22050
    n_fft: int = 2048
    win_length: int | None = None
    hop_length: int = 512
    n_mels: int = 64
    f_min: float = 0.0
    f_max: float | None = None
    top_db: float | None = 80.0
    mel_scale: Literal["slaney", "htk"] = "slaney"
    norm: Literal["slaney"] | None = "slaney"

    def __post_init__(self) -> None:
        super().__init__()
        self.check()
        self.window = nn.Buffer(self.padded_window(), persistent=False)
        self.filters = nn.Buffer(self.mel_filters(), persistent=False)
        self.blocks = self.filter_blocks()

    @property
    @abstractmethod
    def n_features(self) -> int:
        """The width of a frame."""

    @abstractmethod
    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        """Features as they were if songs had been played through equalisers: `(batch, frames, n_features)`.

        `decibels` are the gains of the mel bands, `(batch, n_mels)`.
        """

    @property
    def is_spectrogram(self) -> bool:
        """Whether a frame tells of mel bands: it can be looked at, and `amplified` can tell."""
        return True

    @abstractmethod
    def forward(self, waveform: Tensor) -> Tensor:
        """Turn `(samples,)` into `(frames, n_features)`, one frame every `hop_length` samples."""

    @property
    def settings(self) -> dict[str, str | int | float | None]:
        """The kind of the features and all that shapes them, as plain values; equal ones however they were typed."""
        typed = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        typed |= {"win_length": self.window_length, "f_max": float(self.highest_hz), "f_min": float(self.f_min)}
        typed["top_db"] = None if self.top_db is None else float(self.top_db)
        return {"kind": type(self).__name__, **typed}

    @property
    def frames_a_second(self) -> float:
        """How many frames a second of sound has."""
        return self.sample_rate / self.hop_length

    def seconds_of(self, n_frames: int) -> float:
        """How much of the sound `n_frames` neighbouring frames stand for."""
        return n_frames / self.frames_a_second

    def frames_in(self, seconds: float) -> int:
        """The number of frames that `seconds` of sound take, at least one."""
        return max(1, round(seconds * self.frames_a_second))

    def check(self) -> None:
        """Raise ValueError for settings that contradict each other."""
        for name in ("sample_rate", "n_fft", "hop_length", "n_mels"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 < self.window_length <= self.n_fft:
            raise ValueError(f"win_length {self.win_length} must lie between 1 and n_fft {self.n_fft}")
        if not 0 <= self.f_min < self.highest_hz <= self.sample_rate / 2:
            raise ValueError(f"f_min {self.f_min} and f_max {self.f_max} must lie between 0 and half the sample rate")
        if self.top_db is not None and self.top_db < 0:
            raise ValueError(f"top_db must be 0 or above, or null, not {self.top_db}")
        if self.mel_scale not in ("slaney", "htk") or self.norm not in ("slaney", None):
            raise ValueError(f"mel_scale is slaney or htk, norm slaney or null, not {self.mel_scale} and {self.norm}")

    @property
    def window_length(self) -> int:
        """`win_length`, or what stands for null."""
        return self.n_fft if self.win_length is None else self.win_length

    @property
    def highest_hz(self) -> float:
        """`f_max`, or what stands for null."""
        return self.sample_rate / 2 if self.f_max is None else self.f_max

    def padded_window(self) -> Tensor:
        """The window of `win_length`, float64, in the middle of `n_fft` samples."""
        left = (self.n_fft - self.window_length) // 2
        window = torch.hann_window(self.window_length, periodic=True, dtype=torch.float64)
        return nn.functional.pad(window, (left, self.n_fft - self.window_length - left))

    def mel_filters(self) -> Tensor:
        """Triangular filters `(n_fft // 2 + 1, n_mels)`, as `librosa.filters.mel`.

        torchaudio's are computed in float32 and for whole bins only: up to 0.002 dB off, more at an odd sample rate.
        """
        lowest, highest = hz_to_mel(torch.tensor([self.f_min, self.highest_hz], dtype=torch.float64), self.mel_scale)
        mels = torch.linspace(0, 1, self.n_mels + 2, dtype=torch.float64) * (highest - lowest) + lowest
        edges = mel_to_hz(mels, self.mel_scale)
        bins = torch.arange(self.n_fft // 2 + 1, dtype=torch.float64) * self.sample_rate / self.n_fft
        rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
        filters = torch.minimum(rising, falling).clamp(min=0)
        return (filters * 2 / (edges[2:] - edges[:-2]) if self.norm == "slaney" else filters).float()

    def mel_power(self, waveform: Tensor) -> Tensor:
        """`(samples,)` -> `(frames, n_mels)`; a block at a time, since the spectra of hours of sound are gigabytes."""
        half = self.n_fft // 2
        frames = nn.functional.pad(waveform, (half, half)).unfold(0, self.n_fft, self.hop_length)
        return torch.cat([self.in_bands(self.power_spectrum(block)) for block in frames.split(FRAMES_A_BLOCK)])

    def power_spectrum(self, frames: Tensor) -> Tensor:
        """Frames of a waveform, `(frames, n_fft)` -> `(frames, n_fft // 2 + 1)`, re^2 + im^2.

        With the FFT in float64, since float32 is up to 0.004 dB off in quiet bands.
        """
        parts = torch.view_as_real(torch.fft.rfft(frames * self.window)).float().square_()
        return parts[..., 0] + parts[..., 1]

    def in_bands(self, power: Tensor) -> Tensor:
        """`(frames, n_fft // 2 + 1)` -> `(frames, n_mels)`, a few neighbouring bands at a time, which see few bins."""
        return torch.cat([torch.mm(power[:, bins], self.filters[bins, bands]) for bins, bands in self.blocks], dim=1)

    def filter_blocks(self) -> list[tuple[slice, slice]]:
        """Neighbouring bands, and the bins from the first to the last one that they see."""
        blocks = []
        for bands in torch.arange(self.n_mels).split(BANDS_A_BLOCK):
            seen = self.filters[:, bands].any(dim=1).nonzero().flatten().tolist() or [0]
            blocks.append((slice(seen[0], seen[-1] + 1), slice(int(bands[0]), int(bands[-1]) + 1)))
        return blocks

    def log_mel(self, waveform: Tensor) -> Tensor:
        """`(samples,)` -> `(frames, n_mels)` in dB re 1, as librosa's `power_to_db(melspectrogram(...))`."""
        decibels = self.mel_power(waveform).clamp_(min=POWER_FLOOR).log10_().mul_(10)
        return decibels if self.top_db is None else decibels.clamp_(min=float(decibels.max()) - self.top_db)


@dataclass(eq=False, repr=False)
class LogMel(Features):
    """Log-mel spectrogram in dB: `(samples,)` -> `(frames, n_mels)`."""

    @property
    def n_features(self) -> int:
        return self.n_mels

    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        return frames + decibels[:, None]

    def forward(self, waveform: Tensor) -> Tensor:
        return self.log_mel(waveform)


@dataclass(eq=False, repr=False)
class MFCC(Features):
    """Mel-frequency cepstral coefficients, `(samples,)` -> `(frames, n_mfcc)`: the orthonormal DCT-II of the log-mel
    bands, as `librosa.feature.mfcc`.
    """

    n_mels: int = 128
    n_mfcc: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.n_mfcc <= self.n_mels:
            raise ValueError(f"n_mfcc {self.n_mfcc} must lie between 1 and n_mels {self.n_mels}")
        self.cosines = nn.Buffer(self.cosine_basis(), persistent=False)

    def cosine_basis(self) -> Tensor:
        """The first `n_mfcc` columns of the orthonormal DCT-II, float64: `(n_mels, n_mfcc)`."""
        scale = torch.full((self.n_mfcc, 1), (2 / self.n_mels) ** 0.5, dtype=torch.float64)
        scale[0] = (1 / self.n_mels) ** 0.5
        return (scale * cosines_over_mels(self.n_mfcc, self.n_mels)).T

    @property
    def n_features(self) -> int:
        return self.n_mfcc

    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        return frames + torch.mm(decibels, self.cosines.to(decibels))[:, None]

    def forward(self, waveform: Tensor) -> Tensor:
        return torch.mm(self.log_mel(waveform).double(), self.cosines).float()


def cosines_over_mels(orders: int, n_mels: int) -> Tensor:
    """`cos(pi * k * place)` for k = 0, 1, ..., `place` from 0 to 1 up the mel bands: float64 `(orders, n_mels)`."""
    place = (torch.arange(n_mels, dtype=torch.float64) + 0.5) / n_mels
    return torch.cos(torch.pi * torch.outer(torch.arange(orders, dtype=torch.float64), place))


def hz_to_mel(hz: Tensor, scale: str) -> Tensor:
    """HTK's formula (O'Shaughnessy 1987), or Slaney's (Auditory Toolbox 1998): linear to 1000 Hz, then logarithmic."""
    if scale == "htk":
        return 2595 * torch.log10(1 + hz / 700)
    return torch.where(hz < 1000, hz * 3 / 200, 15 + 27 * torch.log(hz.clamp(min=1) / 1000) / math.log(6.4))


def mel_to_hz(mel: Tensor, scale: str) -> Tensor:
    """The inverse of `hz_to_mel`."""
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    return torch.where(mel < 15, mel * 200 / 3, 1000 * torch.exp((mel - 15) / 27 * math.log(6.4)))
