"""From a waveform to what a network reads: `(samples,)` -> `(frames, features)`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor, nn

POWER_FLOOR = 1e-10  # -100 dB; librosa and torchaudio call it amin
FRAMES_A_BLOCK = 64


@contextmanager
def default_float64() -> Iterator[None]:
    """Let torchaudio compute its constants in float64: in float32 they are good to 0.002 dB only."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


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

    @property
    @abstractmethod
    def n_features(self) -> int:
        """The width of a frame."""

    @abstractmethod
    def colour(self, orders: int) -> Tensor:
        """How far each feature moves when the song is played through an equaliser: `(orders, n_features)`.

        Row k stands for one of `cos(pi * k * place)` dB, where `place` goes from 0 to 1 up the mel bands; row 0 is 1 dB
        louder everywhere.
        """

    @abstractmethod
    def forward(self, waveform: Tensor) -> Tensor:
        """Turn `(samples,)` into `(frames, n_features)`, one frame every `hop_length` samples."""

    def mel_colour(self, orders: int) -> Tensor:
        """What `colour` is for the log-mel bands themselves: `(orders, n_mels)`."""
        place = (torch.arange(self.n_mels) + 0.5) / self.n_mels
        return torch.cos(torch.pi * torch.outer(torch.arange(orders), place))

    @property
    def settings(self) -> dict[str, str | int | float | None]:
        """The kind of the features and all that shapes them, as plain values."""
        return {"kind": type(self).__name__, **{field.name: getattr(self, field.name) for field in fields(self)}}

    def frames_in(self, seconds: float) -> int:
        """The number of frames that `seconds` of sound take, at least one."""
        return max(1, round(seconds * self.sample_rate / self.hop_length))

    def check(self) -> None:
        """Raise ValueError for settings that contradict each other."""
        for name in ("sample_rate", "n_fft", "hop_length", "n_mels"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 < (self.win_length or self.n_fft) <= self.n_fft:
            raise ValueError(f"win_length {self.win_length} must lie between 1 and n_fft {self.n_fft}")
        highest = self.sample_rate / 2
        if not 0 <= self.f_min < (self.f_max or highest) <= highest:
            raise ValueError(f"f_min {self.f_min} and f_max {self.f_max} must lie between 0 and {highest:g} Hz")
        if self.mel_scale not in ("slaney", "htk") or self.norm not in ("slaney", None):
            raise ValueError(f"mel_scale is slaney or htk, norm slaney or null, not {self.mel_scale} and {self.norm}")

    def padded_window(self) -> Tensor:
        """The window of `win_length`, float64, in the middle of `n_fft` samples."""
        length = self.win_length or self.n_fft
        left = (self.n_fft - length) // 2
        window = torch.hann_window(length, periodic=True, dtype=torch.float64)
        return nn.functional.pad(window, (left, self.n_fft - length - left))

    def mel_filters(self) -> Tensor:
        """Triangular filters `(n_fft // 2 + 1, n_mels)`."""
        from torchaudio.functional import melscale_fbanks

        f_max = self.f_max or self.sample_rate / 2
        shape = self.n_fft // 2 + 1, self.f_min, f_max, self.n_mels
        with default_float64():
            return melscale_fbanks(*shape, self.sample_rate, self.norm, self.mel_scale).float()

    def power_spectrum(self, waveform: Tensor) -> Tensor:
        """`(samples,)` -> `(frames, n_fft // 2 + 1)`, re^2 + im^2.

        In float64, since float32 is 0.002 dB off in quiet bands; in blocks that stay in the processor's cache, which
        makes that nearly as fast as float32 in one piece.
        """
        half = self.n_fft // 2
        frames = nn.functional.pad(waveform.double(), (half, half)).unfold(0, self.n_fft, self.hop_length)
        power = torch.empty(len(frames), half + 1)
        for block, into in zip(frames.split(FRAMES_A_BLOCK), power.split(FRAMES_A_BLOCK), strict=True):
            parts = torch.view_as_real(torch.fft.rfft(block * self.window)).square_()
            into.copy_(parts[..., 0].add_(parts[..., 1]))
        return power

    def log_mel(self, waveform: Tensor) -> Tensor:
        """`(samples,)` -> `(frames, n_mels)` in dB re 1, as librosa's `power_to_db(melspectrogram(...))`."""
        decibels = torch.mm(self.power_spectrum(waveform), self.filters).clamp_(min=POWER_FLOOR).log10_().mul_(10)
        return decibels if self.top_db is None else decibels.clamp_(min=float(decibels.max()) - self.top_db)


@dataclass(eq=False, repr=False)
class LogMel(Features):
    """Log-mel spectrogram in dB: `(samples,)` -> `(frames, n_mels)`."""

    @property
    def n_features(self) -> int:
        return self.n_mels

    def colour(self, orders: int) -> Tensor:
        return self.mel_colour(orders)

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
        """The first `n_mfcc` columns of the orthonormal DCT-II: `(n_mels, n_mfcc)`."""
        from torchaudio.functional import create_dct

        with default_float64():
            return create_dct(self.n_mfcc, self.n_mels, norm="ortho")

    @property
    def n_features(self) -> int:
        return self.n_mfcc

    def colour(self, orders: int) -> Tensor:
        return torch.mm(self.mel_colour(orders).double(), self.cosines).float()

    def forward(self, waveform: Tensor) -> Tensor:
        return torch.mm(self.log_mel(waveform).double(), self.cosines).float()
