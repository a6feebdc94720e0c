"""What musicnn's convolutions make of a song."""

import torch
from torch import Tensor, nn

from genre_lightning.features.encoders.base import Encoder, repeated
from genre_lightning.features.mel import LogMel
from genre_lightning.pretrained.musicnn import N_FRAMES, N_MELS, POOLED, TAG_NAMES, Tagger
from genre_lightning.pretrained.musicnn_weights import load_musicnn

STEPS_AT_ONCE = 64  # so that hours of sound need no more memory than a minute
# With more, each layer's output is so large that its memory is asked of the system anew: 1.5 times the time.
FRAMES_A_BLOCK = 512
# How far an output sees to either side: half of the longest first filter, and three of seven frames behind it.
CONTEXT = 64 + 3 * 3


class Musicnn(Encoder):
    """Each channel's maximum and mean over a window of 2.99 s around each step: `(samples,)` -> `(steps, 1506)`.

    The convolutions run once over the song, and the windows are cut from what they make of it: a window's edges hear
    what the song has beside them, where musicnn's training had zeros. That moves a window's numbers by a fifth of their
    standard deviation over windows, and a song's means by a tenth of theirs over songs (the median channel, ten seconds
    of ten songs). The windows are evenly spaced from the song's beginning to its end; a clip shorter than one is
    repeated until it fills one. The batch normalisation behind is left out: Standardise, with which every model begins,
    would undo it.
    """

    called = "musicnn"
    sample_rate = 16000
    n_features = POOLED

    def __init__(self) -> None:
        super().__init__()
        self.mel = LogMel(self.sample_rate, n_fft=512, hop_length=256, n_mels=N_MELS, top_db=None)

    def bands(self, waveform: Tensor) -> Tensor:
        """What musicnn reads, log10(10000 * mel power + 1): `(samples,)` -> `(frames, 96)`."""
        return torch.log10(10000 * self.mel.band_power(waveform) + 1)

    def forward(self, waveform: Tensor, steps: int) -> Tensor:
        frames, network = repeated(self.bands(waveform), N_FRAMES), load_musicnn()
        starts = torch.linspace(0, len(frames) - N_FRAMES, steps, dtype=torch.float64).round().long()
        return torch.cat([pooled_windows(network, frames, group) for group in starts.split(STEPS_AT_ONCE)])

    @torch.inference_mode()
    def tags(self, vectors: Tensor) -> dict[str, float]:
        network = load_musicnn()
        of_steps = network.tags(network.penultimate(network.normalise(vectors))).sigmoid()  # (steps, TAGS)
        return dict(zip(TAG_NAMES, of_steps.mean(dim=0).tolist(), strict=True))


def pooled_windows(network: Tagger, frames: Tensor, starts: Tensor) -> Tensor:
    """What the convolutions make of the windows that begin at `starts`, which ascend: `(windows, 1506)`."""
    first, last = int(starts[0]), int(starts[-1]) + N_FRAMES
    begin = max(0, first - CONTEXT)
    heard = convolved(network, frames[begin : last + CONTEXT])[:, :, first - begin :]
    pool = network.convolutions[-1]
    return torch.cat([pool(heard[:, :, start : start + N_FRAMES]) for start in (starts - first).tolist()])


def convolved(network: Tagger, frames: Tensor) -> Tensor:
    """What the convolutions make of frames `(frames, 96)` before they are pooled: `(1, 753, frames)`."""
    unflatten, normalise, side_by_side, dense, _ = network.convolutions
    assert isinstance(side_by_side, nn.ModuleList)
    maps = normalise(unflatten(frames[None]))  # (1, 1, frames, 96)
    return dense(torch.cat([in_blocks(layer, maps) for layer in side_by_side.children()], dim=1))


def in_blocks(layer: nn.Module, maps: Tensor) -> Tensor:
    """The output of one of the first layers, `(1, channels, frames)`, a block of frames after the other."""
    context = max(part.kernel_size[0] for part in layer.modules() if isinstance(part, nn.Conv2d)) // 2
    blocks = []
    for start in range(0, maps.shape[2], FRAMES_A_BLOCK):
        begin = max(0, start - context)
        heard = layer(maps[:, :, begin : start + FRAMES_A_BLOCK + context])
        blocks.append(heard[:, :, start - begin :][:, :, :FRAMES_A_BLOCK])
    return torch.cat(blocks, dim=2)
