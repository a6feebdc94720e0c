"""What frozen encoders take for a song: musicnn's convolutions once over all of it and EfficientAT, each against
musicnn's windows that overlap by half.
"""

import statistics
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have other C libraries"),
]

# The processor's seconds for 30 s; in a process of its own, since what ran before changes what becomes of memory
ENCODE = """
import sys, time, torch
from genre_lightning.features.encoders.efficientat import EfficientAT
from genre_lightning.features.encoders.musicnn import Musicnn
from genre_lightning.pretrained import efficientat, musicnn

torch.set_num_threads(1)


class LargestOfAll(torch.nn.Module):
    def forward(self, maps):
        return maps.amax(dim=3)


def overlapping(waveform):
    frames = Musicnn().bands(waveform)
    starts = torch.tensor([*range(0, len(frames) - 187, 93), len(frames) - 187])
    windows = starts[:, None] + torch.arange(187)
    return torch.cat([network.convolutions(frames[batch]) for batch in windows.split(2)])


def once(waveform):
    return Musicnn()(waveform, 30)


def efficient(waveform):
    return EfficientAT()(waveform, 30)


network, small = musicnn.Tagger().eval(), efficientat.EfficientAT().eval()
if sys.argv[1] == "overlapping":
    for layer in network.convolutions[2]:
        layer[-1] = LargestOfAll()
else:
    network, small = (one.to(memory_format=torch.channels_last) for one in (network, small))
sys.modules[Musicnn.__module__].load_musicnn = lambda: network
sys.modules[EfficientAT.__module__].load_efficientat = lambda: small
song = torch.rand(30 * (32000 if sys.argv[1] == "efficient" else 16000)) - 0.5
encode = globals()[sys.argv[1]]
with torch.inference_mode():
    encode(song)
    begin = time.process_time()
    encode(song)
print(time.process_time() - begin)
"""


def seconds(how):
    encoding = [sys.executable, "-c", ENCODE, how]
    return float(subprocess.run(encoding, capture_output=True, check=True).stdout)


@pytest.mark.parametrize(("how", "times"), [("once", 1.7), ("efficient", 6.0)])
def test_a_first_run(how, times, capsys):
    pairs = [(seconds(how), seconds("overlapping")) for _ in range(5)]
    ours, before = (statistics.median(column) for column in zip(*pairs, strict=True))
    with capsys.disabled():
        print(f"\n{how}: 30 s of sound in {ours:.3f} s against {before:.3f} s, {before / ours:.2f} times as fast")
    assert before / ours >= times
