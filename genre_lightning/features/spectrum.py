"""The power spectrum of a song, added up in bands: what mel bands and pitch classes have in common."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genre_lightning.features.base import Features

FRAMES_A_BLOCK = 128  # as many as the processor's cache has room for, with their spectra
BANDS_A_BLOCK = 16


@dataclass(eq=False, repr=False)
class SpectralFeatures(Features):
    """Features that are made of bands of the short-time power spectrum. The fields are the settings.

    Periodic Hann window, centred frames, constant padding, as librosa's `stft(..., pad_mode="constant")`.
    """

    sample_rate: int = 22050
    n_fft: int = 2048
    win_length: int | None = None
    hop_length: int = 512

    def __post_init__(self) -> None:
        super().__init__()
        self.check()
        self.win_length = self.window_length  # so that equal features have equal settings, however they were typed
        left, right = (self.n_fft - self.window_length) // 2, (self.n_fft - self.window_length + 1) // 2
        window = nn.functional.pad(torch.hann_window(self.window_length, periodic=True), (left, right))
        self.window = nn.Buffer(window, persistent=False)
        self.filters = nn.Buffer(self.band_filters(), persistent=False)  # (n_fft // 2 + 1, bands)
        self.blocks = self.filter_blocks()

    def check(self) -> None:
        """Raise ValueError for settings that contradict each other."""
        for name in ("sample_rate", "n_fft", "hop_length"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 < self.window_length <= self.n_fft:
            raise ValueError(f"win_length {self.win_length} must lie between 1 and n_fft {self.n_fft}")

    @abstractmethod
    def band_filters(self) -> Tensor:
        """How much of each bin of the spectrum each band gets, `(n_fft // 2 + 1, bands)`."""

    @property
    def frames_per_second(self) -> float:
        return self.sample_rate / self.hop_length

    @property
    def window_length(self) -> int:
        """`win_length`, or `n_fft` if it is None."""
        return self.n_fft if self.win_length is None else self.win_length

    def filter_blocks(self) -> list[tuple[slice, slice]]:
        """Neighbouring bands, and the bins from the first to the last one that they see."""
        blocks = []
        for bands in torch.arange(self.filters.shape[1]).split(BANDS_A_BLOCK):
            seen = self.filters[:, bands].any(dim=1).nonzero().flatten().tolist() or [0]
            blocks.append((slice(seen[0], seen[-1] + 1), slice(int(bands[0]), int(bands[-1]) + 1)))
        return blocks

    def band_power(self, waveform: Tensor) -> Tensor:
        """`(samples,)` -> `(frames, bands)`; a block at a time, since the spectra of hours of sound are gigabytes."""
        blocks = []
        for block in self.padded(waveform).unfold(0, self.n_fft, self.hop_length).split(FRAMES_A_BLOCK):
            parts = torch.view_as_real(torch.fft.rfft(block * self.window)).square_()
            power = parts[..., 0] + parts[..., 1]  # (frames, n_fft // 2 + 1)
            in_bands = [torch.mm(power[:, bins], self.filters[bins, bands]) for bins, bands in self.blocks]
            blocks.append(torch.cat(in_bands, dim=1))
        return torch.cat(blocks)

    def padded(self, waveform: Tensor) -> Tensor:
        """The waveform with as much put before and behind it that the middles of frames reach from end to end."""
        half = self.n_fft // 2
        return nn.functional.pad(waveform, (half, half))
