"""The power spectrum of a song, added up in bands: what mel bands and pitch classes have in common."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genre_lightning.features.base import Features

FRAMES_A_BLOCK = 128  # as many as the processor's cache has room for, with their spectra
BANDS_A_BLOCK = 16
# What is more would take hours or all memory for a song: a run's settings may be anybody's.
MOST = {"sample_rate": 768_000, "n_fft": 2**15, "hop_length": 2**20}
MOST_FRAMES = 2000  # a second
MOST_OVERLAP = 256  # frames that one sample is in


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
        for name, most in MOST.items():
            if not 0 < getattr(self, name) <= most:
                raise ValueError(f"{name} must be above 0, and at most {most}, not {getattr(self, name)}")
        if self.frames_per_second > MOST_FRAMES or self.n_fft > MOST_OVERLAP * self.hop_length:
            raise ValueError(
                f"hop_length {self.hop_length} is too short for {self.sample_rate} Hz and n_fft {self.n_fft}"
            )
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
        n_frames = 1 + (len(waveform) + self.n_fft // 2 * 2 - self.n_fft) // self.hop_length
        # Filled in place: blocks that are kept, each beside a larger one that is not, would leave memory in pieces.
        filled = waveform.new_empty(n_frames, self.filters.shape[1])
        for first in range(0, n_frames, FRAMES_A_BLOCK):
            frames = self.frames(waveform, first, min(first + FRAMES_A_BLOCK, n_frames))
            parts = torch.view_as_real(torch.fft.rfft(frames * self.window)).square_()
            power = parts[..., 0] + parts[..., 1]  # (frames, n_fft // 2 + 1)
            for bins, bands in self.blocks:
                filled[first : first + len(frames), bands] = torch.mm(power[:, bins], self.filters[bins, bands])
        return filled

    def frames(self, waveform: Tensor, first: int, end: int) -> Tensor:
        """Some frames of a waveform, `(end - first, n_fft)`; their middles reach from its beginning to its end."""
        start = first * self.hop_length - self.n_fft // 2
        stop = start + (end - first - 1) * self.hop_length + self.n_fft
        before, behind = self.edges(waveform)
        before, behind = before[min(start, 0) + len(before) :], behind[: max(0, stop - len(waveform))]
        part = torch.cat([before, waveform[max(0, start) : max(0, stop)], behind])
        return part.unfold(0, self.n_fft, self.hop_length)

    def edges(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """What is put before the waveform and behind it, `(n_fft // 2,)` each."""
        silence = waveform.new_zeros(self.n_fft // 2)
        return silence, silence
