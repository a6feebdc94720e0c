"""Sounds in any format, for the tests of reading them."""

import av
import numpy as np
import pytest
import soundfile

FFMPEG = {".m4a": "aac", ".aac": "aac", ".mka": "aac", ".webm": "libopus", ".tta": "tta", ".mp4": "alac", ".ac3": "ac3"}


@pytest.fixture
def sine(tmp_path):
    """Write a sine of so many seconds in the format that the suffix names; returns its path."""

    def write(name, seconds=1.0, rate=48000, hz=440.0):
        path, time = tmp_path / name, np.arange(int(seconds * rate)) / rate
        waveform = (0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32)
        if path.suffix in FFMPEG:
            return encode(path, waveform, rate)
        kind = {".opus": ("OGG", "OPUS"), ".sph": ("NIST", "PCM_16")}.get(path.suffix, (None, None))
        soundfile.write(path, waveform, rate, format=kind[0], subtype=kind[1])
        return path

    return write


def encode(path, waveform, rate):
    """Encode `(samples,)` with FFmpeg."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(FFMPEG[path.suffix], rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(waveform[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        for part in av.AudioResampler(stream.codec_context.format, "mono", rate).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def joined(tmp_path):
    """Write files, or bytes, one after the other into one, as `cat` does; returns its path."""

    def join(name, *parts):
        data = (part if isinstance(part, bytes) else part.read_bytes() for part in parts)
        (tmp_path / name).write_bytes(b"".join(data))
        return tmp_path / name

    return join


@pytest.fixture
def patched():
    """Overwrite bytes of a file: `patched(path, place, new)`; the place may be the bytes that stand before it."""

    def patch(path, place, new):
        data = bytearray(path.read_bytes())
        begin = data.index(place) + len(place) if isinstance(place, bytes) else place
        data[begin : begin + len(new)] = new
        path.write_bytes(data)
        return path

    return patch
