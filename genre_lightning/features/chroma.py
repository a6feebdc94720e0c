"""How much of each pitch class sounds, in any octave."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from genre_lightning.features.base import Band
from genre_lightning.features.spectrum import SpectralFeatures

PITCH_CLASSES = 12
PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
NAMES = {number: name for number, name in enumerate(PITCHES) if len(name) == 1}
CENTRE_OCTAVE, OCTAVE_WIDTH = 5.0, 2.0  # octaves are counted from 27.5 Hz; their weights fall off as a Gaussian


@dataclass(eq=False, repr=False)
class Chroma(SpectralFeatures):
    """Chromagram: how much of C, C#, ..., B sounds, `(samples,)` -> `(frames, 12)`, each between 0 and 1.

    As librosa's `feature.chroma_stft(..., norm=inf, pad_mode="constant")`: each frame's largest value is 1, and silence
    is 0. The tuning is a setting, and fixed, where librosa estimates it for each song unless you pass it.

    Args:
        sample_rate: In Hz; songs are resampled to it.
        n_fft: Samples of a frame's FFT.
        win_length: Samples of the periodic Hann window, in the middle of a frame; None: `n_fft`.
        hop_length: Samples from a frame to the next one.
        tuning: How far A lies above 440 Hz, in semitones.

    Raises:
        ValueError: If settings contradict each other.
    """

    unit: ClassVar[str] = "of the loudest"
    tuning: float = 0.0

    @property
    def n_features(self) -> int:
        return PITCH_CLASSES

    def ticks(self) -> tuple[str, dict[float, str]]:
        return "pitch class", {**NAMES}

    def bands(self) -> list[Band]:
        return [Band(name, number, number + 1) for number, name in enumerate(PITCHES)]

    def band_filters(self) -> Tensor:
        hz = torch.arange(1, self.n_fft, dtype=torch.float64) * self.sample_rate / self.n_fft
        pitches = PITCH_CLASSES * torch.log2(hz / 27.5) - self.tuning  # semitones above the lowest A of a piano
        pitches = torch.cat([pitches[:1] - 1.5 * PITCH_CLASSES, pitches])  # the constant part lies below all pitches
        widths = torch.cat([pitches.diff().clamp(min=1), torch.ones(1, dtype=torch.float64)])  # of the bins
        half = PITCH_CLASSES // 2
        away = (pitches[:, None] - torch.arange(PITCH_CLASSES) + half) % PITCH_CLASSES - half  # from A, A#, ..., G#
        weights = torch.nn.functional.normalize(torch.exp(-2 * (away / widths[:, None]) ** 2), dim=1)
        octaves = pitches / PITCH_CLASSES - CENTRE_OCTAVE
        weights = weights * torch.exp(-0.5 * (octaves / OCTAVE_WIDTH) ** 2)[:, None]
        return weights.roll(-3, dims=1)[: self.n_fft // 2 + 1].float()  # from C on

    def forward(self, waveform: Tensor) -> Tensor:
        power = self.band_power(waveform)
        return power / power.amax(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
