"""What EfficientAT makes of a song."""

import math

import torch
from torch import Tensor, nn

from genre_lightning.features.encoders.base import Encoder, repeated
from genre_lightning.features.spectrum import SpectralFeatures
from genre_lightning.pretrained.efficientat import FRAMES_A_VECTOR, N_MELS, POOLED
from genre_lightning.pretrained.efficientat_weights import audioset_classes, load_efficientat

FRAMES_A_CHUNK = 1024  # about 10 s, on which it was trained: squeeze-and-excitation looks at all of a chunk
PRE_EMPHASIS = 0.97


class EfficientAT(Encoder):
    """Its last convolution's 384 channels, averaged over frequency and over each step: `(samples,)` -> `(steps, 384)`.

    The network is shown equal chunks of about 10 s at most and makes a vector of each 0.32 s. A step is the mean of the
    vectors of its part of the song, one that lies in two parts counting in each as far as it does, so that the mean
    of the steps is that of the song. A clip shorter than a vector's 0.32 s is repeated until it fills one.
    """

    called = "efficientat"
    sample_rate = 32000
    n_features = POOLED

    def __init__(self) -> None:
        super().__init__()
        self.mel = KaldiMel()

    def forward(self, waveform: Tensor, steps: int) -> Tensor:
        bands, network = self.mel(waveform), load_efficientat()  # (frames, 128)
        chunks = math.ceil(len(bands) / FRAMES_A_CHUNK)
        length = math.ceil(len(bands) / chunks)
        starts = torch.linspace(0, len(bands) - length, chunks).round().long().tolist()
        vectors = [heard(network.features, bands[start : start + length]) for start in starts]
        return onto_steps(torch.cat(vectors), steps)

    @torch.inference_mode()
    def tags(self, vectors: Tensor) -> dict[str, float]:
        last_layers = load_efficientat().classifier[2:]  # behind its own average over bands and frames
        return dict(zip(audioset_classes(), last_layers(vectors.mean(dim=0)).sigmoid().tolist(), strict=True))


class KaldiMel(SpectralFeatures):
    """What EfficientAT reads: `(samples,)` -> `(frames, 128)`, about standardised log power of mel bands up to 15 kHz.

    Pre-emphasis, Hann windows of 25 ms each 10 ms, Kaldi's mel scale, the waveform reflected at its ends.
    """

    def __init__(self) -> None:
        super().__init__(sample_rate=32000, n_fft=1024, win_length=800, hop_length=320)
        window, around = torch.hann_window(800, periodic=False), (self.n_fft - 800) // 2
        self.window.copy_(nn.functional.pad(window, (around, around)))

    @property
    def n_features(self) -> int:
        return N_MELS

    def band_filters(self) -> Tensor:
        from torchaudio.compliance.kaldi import get_mel_banks

        unwarped = {"vtln_low": 100.0, "vtln_high": -500.0, "vtln_warp_factor": 1.0}
        filters, _ = get_mel_banks(N_MELS, self.n_fft, float(self.sample_rate), 0.0, 15000.0, **unwarped)
        return nn.functional.pad(filters, (0, 1)).T.contiguous()  # nothing of the bin at half the sample rate

    def edges(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        half = self.n_fft // 2
        return waveform[1 : half + 1].flip(0), waveform[-half - 1 : -1].flip(0)

    def forward(self, waveform: Tensor) -> Tensor:
        waveform = repeated(waveform, FRAMES_A_VECTOR * self.hop_length)
        emphasised = PRE_EMPHASIS * waveform[:-1]
        power = self.band_power(torch.sub(waveform[1:], emphasised, out=emphasised))
        return ((power + 1e-5).log() + 4.5) / 5


def heard(features: nn.Sequential, bands: Tensor) -> Tensor:
    """What the network makes of a chunk `(frames, 128)`, averaged over frequency: `(frames / 32, 384)`."""
    maps = features(bands.T[None, None])  # (1, 384, 4, frames / 32)
    return maps.mean(dim=2)[0].T


def onto_steps(vectors: Tensor, steps: int) -> Tensor:
    """The means of equal parts of a sequence, however its length divides: `(n, width)` -> `(steps, width)`."""
    ends = torch.linspace(0, len(vectors), steps + 1, dtype=torch.float64)
    whole = ends.long().clamp(max=len(vectors) - 1)
    sums = torch.cat([torch.zeros_like(vectors[:1]), vectors]).double().cumsum(dim=0)
    until = sums[whole] + (ends - whole)[:, None] * vectors[whole]  # the sum of the sequence up to each end
    return (until.diff(dim=0) * steps / len(vectors)).float()
