"""Damaged files of all formats: each is read or refused in a line; nothing crashes, hangs or takes all memory."""

import faulthandler
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from genre_lightning.audio.reading import AudioError, read_song

FILES, QUICK = 500, 5  # of each format
SECONDS, RATE = 1.5, 48000
HANGS_AFTER = 30  # seconds, for a file that is read in hundredths of one
MOST_MEMORY = 4 * 2**30
BY_LIBSNDFILE = {
    "wav": ("WAV", "PCM_16"), "adpcm": ("WAV", "IMA_ADPCM"), "w64": ("W64", "PCM_24"), "rf64": ("RF64", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"), "au": ("AU", "ULAW"), "caf": ("CAF", "PCM_16"), "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III"), "voc": ("VOC", "PCM_16"),
    "sph": ("NIST", "PCM_16"),
}  # fmt: skip
BY_FFMPEG = {
    "m4a": "aac", "mp4": "alac", "mka": "flac", "webm": "libopus", "aac": "aac", "ac3": "ac3", "wma": "wmav2",
    "tta": "tta", "wv": "wavpack",
}  # fmt: skip
KINDS = [*BY_LIBSNDFILE, *BY_FFMPEG]


def song():
    time = np.arange(int(SECONDS * RATE)) / RATE
    hiss = np.random.default_rng(0).standard_normal(len(time))
    return (0.4 * np.sin(2 * np.pi * 440 * time) + 0.05 * hiss).astype(np.float32)


def write(path: Path):
    """A song in the format that the suffix names."""
    if (kind := path.suffix[1:]) in BY_LIBSNDFILE:
        container, subtype = BY_LIBSNDFILE[kind]
        soundfile.write(path, song(), RATE, format=container, subtype=subtype)
        return
    with av.open(str(path), "w", format={"wma": "asf"}.get(kind)) as container:
        stream = container.add_stream(BY_FFMPEG[kind], rate=RATE)
        stream.layout = "mono"
        stream.bit_rate = 96000
        frame = av.AudioFrame.from_ndarray(song()[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        for part in av.AudioResampler(stream.codec_context.format, "mono", RATE).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def damaged(whole: bytes, rng: np.random.Generator):
    """The file with one to four kinds of damage, of which three in four hit its header or its end."""
    data = bytearray(whole)
    for _ in range(rng.integers(1, 5)):
        near = rng.integers(0, 4)
        span = {0: (0, min(len(data), 64)), 1: (0, min(len(data), 600)), 2: (max(0, len(data) - 600), len(data))}
        first, end = span.get(int(near), (0, len(data)))
        if end <= first:
            break
        place = int(rng.integers(first, end))
        damage(data, place, rng)
    return bytes(data)


def damage(data: bytearray, place: int, rng: np.random.Generator):
    """Flip a bit, or put numbers that no length has in the place of some bytes; cut, leave out, repeat or add some."""
    some = int(rng.choice([1, 2, 4, 8, 16, 1000]))
    match rng.integers(0, 9):
        case 0 | 1:
            data[place] ^= 1 << int(rng.integers(0, 8))
        case 2:
            data[place : place + min(some, 16)] = b"\xff" * min(some, 16)
        case 3:
            data[place : place + min(some, 16)] = bytes(min(some, 16))
        case 4:
            data[place : place + min(some, 8)] = (b"\x7f" + b"\xff" * 7)[: min(some, 8)][:: int(rng.choice([1, -1]))]
        case 5:
            del data[place:]
        case 6:
            del data[place : place + some]
        case 7:
            data[place:place] = rng.bytes(some)
        case 8:
            data[place:place] = data[: some * 10]


def read_damaged(kind: str, folder: Path, count: int):
    """Damage and read a file of a kind so many times; returns how each ended."""
    write(whole := folder / f"whole.{kind}")
    path = folder / f"song.{kind}"
    for seed in range(count):
        path.write_bytes(damaged(whole.read_bytes(), np.random.default_rng([seed, *kind.encode()])))
        try:
            waveform, _ = read_song(path, 22050, 10800)
            yield "read" if np.isfinite(waveform).all() else f"{kind} {seed} is no number"
        except AudioError as error:
            yield "refused" if "\n" not in str(error) else f"{kind} {seed} takes two lines"
        except BaseException as error:
            yield f"{kind} {seed}: {error!r}"


def read_all(kind: str, folder: Path):
    """Read them, and print how it went; what the parent sees last is how many were read before a crash."""
    told = Counter()
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
    for how in read_damaged(kind, folder, FILES):
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
        told[how] += 1
        print(told.total(), flush=True)
    print(json.dumps(told))


@pytest.mark.parametrize("kind", KINDS)
def test_some_damaged_files_are_read_or_refused(kind, tmp_path):
    assert {*read_damaged(kind, tmp_path, QUICK)} <= {"read", "refused"}


@pytest.mark.slow
def test_many_damaged_files_are_read_or_refused(tmp_path, capsys):
    counts = Counter()
    for kind in KINDS:
        command = [sys.executable, __file__, kind, tmp_path]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        told = ended.stdout.strip().splitlines()[-1]
        assert ended.returncode == 0, f"{kind}, after {told}: {ended.stderr[-2000:]}"
        counts.update(json.loads(told))
    with capsys.disabled():
        print(f"\n{counts.total()} damaged files of {len(KINDS)} formats: {dict(counts)}")
    assert counts.keys() == {"read", "refused"} and counts.total() == FILES * len(KINDS)


if __name__ == "__main__":
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    read_all(sys.argv[1], Path(sys.argv[2]))
