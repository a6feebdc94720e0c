"""What musicnn reads, as features like any other."""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from genre_lightning.features.mel import Features
from genre_lightning.pretrained.network import N_FRAMES, N_MELS, POOLED
from genre_lightning.pretrained.weights import load_musicnn

# With more, each layer's output is so large that its memory is asked of the system anew: 1.8 times the time.
WINDOWS_A_BATCH = 2


@dataclass(eq=False, repr=False)
class MusicnnInput(Features):
    """What the pre-trained network musicnn reads, or what it makes of it.

    With `trained` "all", when the whole network is: log10(10000 * mel power + 1), `(samples,)` -> `(frames, 96)`, as
    many as make a window at least. With "head", when the rest stays as it is: the output of its convolutions for
    windows of 2.99 s that overlap by half and cover the song, `(samples,)` -> `(windows, 1506)`, each a frame.

    The other settings are those that it was trained with. Fetches the weights when they are first needed, and raises
    UserError where that fails.
    """

    trained: Literal["head", "all"] = "head"
    sample_rate: int = field(default=16000, init=False)
    n_fft: int = field(default=512, init=False)
    win_length: int | None = field(default=None, init=False)
    hop_length: int = field(default=256, init=False)
    n_mels: int = field(default=N_MELS, init=False)
    f_min: float = field(default=0.0, init=False)
    f_max: float | None = field(default=None, init=False)
    top_db: float | None = field(default=None, init=False)
    mel_scale: Literal["slaney", "htk"] = field(default="slaney", init=False)
    norm: Literal["slaney"] | None = field(default="slaney", init=False)

    def check(self) -> None:
        if self.trained not in ("head", "all"):
            raise ValueError(f"model.train is head or all, not {self.trained}")
        super().check()

    @property
    def n_features(self) -> int:
        return POOLED if self.encoded else self.n_mels

    @property
    def encoded(self) -> bool:
        """Whether a frame is what the convolutions make of a window."""
        return self.trained == "head"

    @property
    def is_spectrogram(self) -> bool:
        return not self.encoded

    @property
    def settings(self) -> dict[str, str | int | float | None]:
        return {"kind": type(self).__name__, "trained": self.trained}

    @property
    def frames_a_second(self) -> float:
        return super().frames_a_second / (N_FRAMES // 2 if self.encoded else 1)

    def seconds_of(self, n_frames: int) -> float:
        if not self.encoded:
            return super().seconds_of(n_frames)
        return (N_FRAMES + (n_frames - 1) * (N_FRAMES // 2)) * self.hop_length / self.sample_rate

    def frames_in(self, seconds: float) -> int:
        if not self.encoded:
            return super().frames_in(seconds)
        return 1 + max(0, round((seconds - self.seconds_of(1)) * self.frames_a_second))

    def amplified(self, frames: Tensor, decibels: Tensor) -> Tensor:
        power = 10**frames - 1  # times 10000
        return torch.log10(power * 10 ** (decibels[:, None] / 10) + 1)

    def forward(self, waveform: Tensor) -> Tensor:
        frames = torch.log10(10000 * self.mel_power(waveform) + 1)
        frames = frames[torch.arange(max(len(frames), N_FRAMES)) % len(frames)]  # a short clip comes again and again
        return self.encode(frames) if self.encoded else frames

    def encode(self, frames: Tensor) -> Tensor:
        """What the convolutions make of a song: `(frames, 96)` -> `(windows, 1506)`."""
        convolutions, last = load_musicnn().convolutions, len(frames) - N_FRAMES
        starts = torch.tensor([*range(0, last, N_FRAMES // 2), last])
        windows = starts[:, None] + torch.arange(N_FRAMES)
        return torch.cat([convolutions(frames[batch]) for batch in windows.split(WINDOWS_A_BATCH)])
