"""What the pre-trained network musicnn reads, and what its convolutions make of that."""

import torch
from torch import Tensor

from genre_lightning.features.base import Features
from genre_lightning.features.mel import MelFeatures
from genre_lightning.pretrained.network import N_FRAMES, N_MELS, POOLED
from genre_lightning.pretrained.weights import load_musicnn

STEP = N_FRAMES // 2  # frames from a window to the next one
# With more, each layer's output is so large that its memory is asked of the system anew: 1.8 times the time.
WINDOWS_A_BATCH = 2


class MusicnnMel(MelFeatures):
    """The mel bands that musicnn reads, log10(10000 * power + 1): `(samples,)` -> `(frames, 96)`.

    There are no settings, since the network knows no other bands. A clip shorter than its window of 2.99 s, 187 frames,
    is repeated until it fills one.
    """

    def __init__(self) -> None:
        super().__init__(sample_rate=16000, n_fft=512, hop_length=256, n_mels=N_MELS, top_db=None)

    @property
    def n_features(self) -> int:
        return self.n_mels

    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        power = 10**frames - 1  # times 10000
        return torch.log10(power * 10 ** (decibels[:, None] / 10) + 1)

    def forward(self, waveform: Tensor) -> Tensor:
        frames = torch.log10(10000 * self.band_power(waveform) + 1)
        return frames[torch.arange(max(len(frames), N_FRAMES)) % len(frames)]


class MusicnnEmbedding(Features):
    """What musicnn's convolutions make of a song's windows: `(samples,)` -> `(windows, 1506)`, each a frame.

    The windows of 2.99 s overlap by half and cover the song. There are no settings. The network's weights are fetched
    when they are first needed; `forward` raises UserError if they cannot be fetched or kept.
    """

    is_sequence = is_image = False

    def __init__(self) -> None:
        super().__init__()
        self.mel = MusicnnMel()
        self.sample_rate = self.mel.sample_rate

    @property
    def n_features(self) -> int:
        return POOLED

    @property
    def frames_per_second(self) -> float:
        return self.mel.frames_per_second / STEP

    def seconds_of(self, n_frames: int) -> float:
        return self.mel.seconds_of(N_FRAMES + (n_frames - 1) * STEP)

    def frames_in(self, seconds: float) -> int:
        return 1 + max(0, round((seconds - self.seconds_of(1)) * self.frames_per_second))

    def forward(self, waveform: Tensor) -> Tensor:
        frames = self.mel(waveform)  # (frames, 96)
        convolutions, last = load_musicnn().convolutions, len(frames) - N_FRAMES
        starts = torch.tensor([*range(0, last, STEP), last])
        windows = starts[:, None] + torch.arange(N_FRAMES)
        return torch.cat([convolutions(frames[batch]) for batch in windows.split(WINDOWS_A_BATCH)])
