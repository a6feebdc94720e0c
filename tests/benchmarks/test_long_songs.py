"""What a song of two hours takes of memory, and one of ten hours."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")]
RATE = 44100
READ = """
import sys
from pathlib import Path
from genre_lightning.devices import prepare_process
prepare_process()
import av, soundfile, soxr
from genre_lightning.data.extraction import extract, extract_all
from genre_lightning.data.engine import Threads
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.features.mel import LogMel

def peak():  # of this process alone: what getrusage says begins with what its parent had
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

features, before = LogMel(), peak()
read = lambda path: extract(path, features, "float16", Loudness(60.0, -20.0), Lengths())
((_, song),) = extract_all([Path(sys.argv[1])], read, Threads(1))
print(len(song.frames) if hasattr(song, "frames") else song)
print(peak() - before, before)
"""


def write(path: Path, hours: int):
    """A stereo song with a pause in each minute."""
    time = np.arange(RATE * 60) / RATE
    minute = 0.3 * np.sin(2 * np.pi * 440 * time) * (time < 55)
    both = np.round(np.stack([minute, minute], axis=1) * 32767).astype(np.int16)
    with soundfile.SoundFile(path, "w", RATE, 2) as file:
        for _ in range(hours * 60):
            file.write(both)
    return path


@pytest.fixture
def read(capsys):
    def run(path):
        ended = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
        told, memory = ended.stdout.splitlines()
        taken, before = map(int, memory.split())
        with capsys.disabled():
            print(f"\n{path.name}: {told}; {taken / 1e6:.0f} MB beside the {before / 1e6:.0f} of PyTorch and others")
        return told, taken

    return run


def test_a_song_of_two_hours_takes_less_than_a_gigabyte(tmp_path, read):
    frames, taken = read(write(tmp_path / "song.flac", 2))
    assert int(frames) == pytest.approx(2 * 3600 * 55 / 60 * 22050 / 512, rel=0.001)
    assert taken < 1e9


def test_a_song_of_ten_hours_is_refused_before_it_is_decoded(tmp_path, read):
    told, taken = read(write(tmp_path / "book.flac", 10))
    assert told.startswith("lasts 10.0 h or more, and songs may last 3 h") and taken < 5e7
