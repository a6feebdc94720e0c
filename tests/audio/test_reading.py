import errno
import io
import os
import re
import tracemalloc
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from genre_lightning.audio import ffmpeg, libsndfile
from genre_lightning.audio.reading import AudioError, read_audio
from genre_lightning.data.walk import AUDIO_SUFFIXES


def tone(hz=440.0, sample_rate=44100, seconds=1.0, level=0.5):
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    return (level * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def noise(seconds=3.0, sample_rate=44100):
    return (0.3 * np.random.default_rng(0).standard_normal(int(seconds * sample_rate))).clip(-1, 1).astype(np.float32)


def pitch(waveform, sample_rate):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return spectrum.argmax() * sample_rate / len(waveform)


def rms(waveform):
    middle = waveform[len(waveform) // 4 : -len(waveform) // 4]
    return float(np.sqrt(np.mean(middle.astype(np.float64) ** 2)))


def write(path, waveform, artist="", title=""):
    """Write `(samples,)` or `(samples, channels)` at 44.1 kHz in the format that the suffix names."""
    if path.suffix in (".m4a", ".aac", ".mka"):
        channels, layout = np.atleast_2d(waveform.T), "stereo" if waveform.ndim == 2 else "mono"
        return write_aac(path, channels, layout, {"artist": artist, "title": title} if artist else None)
    with soundfile.SoundFile(path, "w", 44100, channels=1 if waveform.ndim == 1 else 2) as file:
        if artist:
            file.artist, file.title = artist, title
        file.write(waveform)
    return path


def write_aac(path, channels, layout="mono", tags=None):
    """Encode `(channels, samples)` at 44.1 kHz with FFmpeg's AAC, in the container that the suffix names."""
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        stream = container.add_stream("aac", rate=44100)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = 44100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut(path, part):
    """Keep the first part of a file, as a broken download does."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    return path


def patch(path, *changes):
    """Overwrite bytes of a file's header, each change an offset and what is to stand there."""
    data = bytearray(path.read_bytes())
    for offset, new in changes:
        data[offset : offset + len(new)] = new
    path.write_bytes(data)
    return path


def write_video(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        black = np.zeros((32, 32, 3), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff", "au", "caf", "m4a", "aac", "mka"])
def test_every_format_keeps_length_pitch_and_level_whatever_the_file_s_name(tmp_path, suffix):
    path = write(tmp_path / f"Füße, 音楽.{suffix}", tone(seconds=2))
    waveform = read_audio(str(path), 22050)
    assert waveform.dtype == np.float32 and waveform.ndim == 1
    assert len(waveform) == pytest.approx(2 * 22050, rel=0.05 if suffix in ("m4a", "aac", "mka") else 0.01)
    assert pitch(waveform, 22050) == pytest.approx(440, abs=1)
    assert rms(waveform) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_a_suffix_that_lies_does_no_harm(tmp_path):
    soundfile.write(tmp_path / "song.mp3", tone(), 44100, format="FLAC")
    assert pitch(read_audio(tmp_path / "song.mp3", 22050), 22050) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_stereo_is_averaged(tmp_path, suffix):
    waveform = read_audio(write(tmp_path / f"song.{suffix}", np.stack([tone(), 0 * tone()], axis=1)), 44100)
    assert waveform.ndim == 1 and pitch(waveform, 44100) == pytest.approx(440, abs=1)
    assert rms(waveform) == pytest.approx(0.25 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(("subtype", "error"), [("PCM_U8", 0.01), ("PCM_24", 1e-6), ("DOUBLE", 1e-6)])
def test_any_depth_of_bits_is_scaled_to_one(tmp_path, subtype, error):
    soundfile.write(tmp_path / "song.wav", tone(), 44100, subtype=subtype)
    np.testing.assert_allclose(read_audio(tmp_path / "song.wav", 44100), tone(), atol=error)


@pytest.mark.parametrize("sample_rate", [8000, 48000, 192000])
def test_resampling_keeps_length_pitch_and_level(tmp_path, sample_rate):
    soundfile.write(tmp_path / "song.wav", tone(440, sample_rate, seconds=2), sample_rate, subtype="FLOAT")
    waveform = read_audio(tmp_path / "song.wav", 22050)
    assert abs(len(waveform) - 2 * 22050) <= 1
    assert pitch(waveform, 22050) == pytest.approx(440, abs=0.6)
    assert rms(waveform) == pytest.approx(0.5 / np.sqrt(2), rel=0.001)


def test_resampling_removes_what_the_new_rate_cannot_hold(tmp_path):
    soundfile.write(tmp_path / "song.wav", tone(15000), 44100, subtype="FLOAT")
    assert rms(read_audio(tmp_path / "song.wav", 22050)) < 1e-4


def test_the_same_rate_leaves_every_sample_alone(tmp_path):
    soundfile.write(tmp_path / "song.wav", noise(1), 44100, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(tmp_path / "song.wav", 44100), noise(1))


@pytest.mark.parametrize(("suffix", "sample_rate"), [("wav", 44100), ("ogg", 16000), ("m4a", 16000)])
def test_a_song_is_the_same_in_blocks_of_any_size(tmp_path, monkeypatch, suffix, sample_rate):
    path = write(tmp_path / f"song.{suffix}", noise(1))
    whole = read_audio(path, sample_rate)
    for decoder in (ffmpeg, libsndfile):
        monkeypatch.setattr(decoder, "SAMPLES_A_BLOCK", 1000)
    np.testing.assert_allclose(read_audio(path, sample_rate), whole, atol=1e-6)


def test_of_a_long_song_no_more_than_blocks_is_held_at_its_own_rate(tmp_path):
    soundfile.write(tmp_path / "song.wav", noise(60), 44100)
    read_audio(tmp_path / "song.wav", 8000)  # what is imported on the way does not count
    tracemalloc.start()
    read_audio(tmp_path / "song.wav", 8000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * 60 * 44100 * np.dtype(np.float32).itemsize


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\xf0\xff\x7f"])
def test_a_streamed_wav_of_unknown_size_is_read(tmp_path, size):
    soundfile.write(tmp_path / "song.wav", tone(), 44100)
    path = patch(tmp_path / "song.wav", (4, size), (40, size))
    np.testing.assert_allclose(read_audio(path, 44100), tone(), atol=1e-4)


def quiet_then_loud():
    return np.concatenate([0.01 * tone(seconds=9), noise(3), 0.01 * tone(seconds=3)])


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("tagged", [False, True])
def test_an_mp3_of_changing_bit_rate_that_does_not_state_its_length_is_read_whole(tmp_path, order, tagged):
    path = tmp_path / "song.mp3"
    with soundfile.SoundFile(path, "w", 44100, 1, bitrate_mode="VARIABLE", compression_level=0.5) as file:
        if tagged:
            file.artist, file.title = "x" * 3000, "long"
        file.write(quiet_then_loud()[::order])
    data = path.read_bytes()
    assert b"Xing" in data
    path.write_bytes(data.replace(b"Xing", b"\0\0\0\0"))
    assert len(read_audio(path, 44100)) == pytest.approx(15 * 44100, rel=0.01)


def test_an_aac_stream_whose_bit_rate_changes_is_read_whole(tmp_path):
    path = write_aac(tmp_path / "song.aac", quiet_then_loud()[None])
    assert len(read_audio(path, 44100)) == pytest.approx(15 * 44100, rel=0.01)


@pytest.mark.parametrize("order", [1, -1])
def test_a_stream_whose_number_of_channels_changes_is_refused(tmp_path, order):
    mono = write_aac(tmp_path / "mono.aac", noise(1)[None])
    stereo = write_aac(tmp_path / "stereo.aac", np.stack([noise(1)] * 2), "stereo")
    (tmp_path / "song.aac").write_bytes(b"".join(path.read_bytes() for path in (mono, stereo)[::order]))
    with pytest.raises(AudioError, match="the number of channels or the sample rate changes"):
        read_audio(tmp_path / "song.aac", 22050)


def test_a_name_with_a_colon_is_no_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    soundfile.write("song.ogg", tone(), 44100)
    Path("song.ogg").rename(name := "http:song.ogg" if os.name == "posix" else "song.ogg")
    assert len(read_audio(name, 44100)) == pytest.approx(44100, rel=0.01)


def test_a_name_that_is_too_long_is_no_song():
    with pytest.raises(AudioError, match=r"cannot be read|does not exist"):
        read_audio("x" * 400 + ".wav", 44100)


@pytest.mark.parametrize("part", [0.1, 0.9])
@pytest.mark.parametrize("suffix", ["wav", "aiff", "au", "mp3"])
def test_a_truncated_file_says_how_much_is_left(tmp_path, suffix, part):
    soundfile.write(tmp_path / f"song.{suffix}", noise(10, 8000), 8000)
    with pytest.raises(AudioError) as caught:
        read_audio(cut(tmp_path / f"song.{suffix}", part), 8000)
    told = re.search(r"cut off: (\S+) s of the (\S+) s", str(caught.value))
    assert told, caught.value
    assert float(told[1]) == pytest.approx(10 * part, abs=0.5)
    assert float(told[2]) == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(("suffix", "part"), [("flac", 0.1), ("flac", 0.9), ("m4a", 0.5), ("ogg", 0.7)])
def test_a_truncated_compressed_file_is_refused(tmp_path, suffix, part):
    path = cut(write(tmp_path / f"song.{suffix}", noise()), part)
    with pytest.raises(AudioError, match=r"cut off|decoded"):
        read_audio(path, 22050)


def test_a_stretch_of_padding_missing_at_the_end_is_forgiven(tmp_path):
    soundfile.write(tmp_path / "song.wav", noise(), 44100)
    assert len(read_audio(cut(tmp_path / "song.wav", 0.99), 44100)) == pytest.approx(0.99 * 3 * 44100, rel=0.001)


TEXT = b"<html>404 Not Found</html>\n" * 20
NO_SONG = {  # by file name: what makes it, and what is said
    "empty.mp3": (Path.touch, "empty: 0 bytes"),
    "missing.mp3": (lambda path: None, "does not exist"),
    "folder.mp3": (Path.mkdir, "folder"),
    "text.mp3": (lambda path: path.write_bytes(TEXT), "not audio"),
    "text.wav": (lambda path: path.write_bytes(TEXT), "not audio"),
    "text.m4a": (lambda path: path.write_bytes(TEXT), "not audio"),
    "no header.raw": (lambda path: path.write_bytes(b"\1\2" * 5000), "no header of a known format"),
    "no sound.mp4": (write_video, "no audio"),
    "no channels.wav": (lambda path: patch(write(path, tone()), (22, b"\0\0")), "not audio"),
    "unknown.wav": (lambda path: patch(write(path, tone()), (20, b"\x34\x12")), "neither libsndfile nor FFmpeg knows"),
    "no samples.wav": (lambda path: write(path, tone(seconds=0)), "0 samples"),
    "one sample.wav": (lambda path: soundfile.write(path, np.full(1, 0.5), 192000), r"too short: 0.005 ms"),
    "silent.flac": (lambda path: write(path, np.zeros((44100, 2))), "silent"),
}


@pytest.mark.parametrize("name", NO_SONG)
def test_what_is_no_song_is_named(tmp_path, name):
    make, said = NO_SONG[name]
    make(tmp_path / name)
    with pytest.raises(AudioError, match=said):
        read_audio(tmp_path / name, 22050)


def zipped():
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letter.txt", TEXT * 200)
    return file.getvalue()


def au_with_a_flipped_bit():
    soundfile.write(file := io.BytesIO(), tone(), 44100, format="AU")
    return bytes([file.getvalue()[0] ^ 4]) + file.getvalue()[1:]


NO_HEADER = {
    "text": lambda: TEXT * 100,
    "zip": zipped,
    "picture": lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + np.random.default_rng(1).bytes(50000),
    "noise": lambda: np.random.default_rng(2).bytes(50000),
    "au": au_with_a_flipped_bit,
    "two bytes of a magic": lambda: b"\1\4" + np.random.default_rng(3).bytes(50000),
}


@pytest.mark.parametrize("kind", NO_HEADER)
def test_only_what_has_a_header_is_audio_whatever_its_suffix(tmp_path, kind):
    data = NO_HEADER[kind]()
    for suffix in [*sorted(AUDIO_SUFFIXES), ".gsm", ".vox", ".g722", ".al", ".sln", ".sw", ".adp", ".raw", ""]:
        (tmp_path / f"x{suffix}").write_bytes(data)
        with pytest.raises(AudioError, match="is damaged, cut off or not audio"):
            read_audio(tmp_path / f"x{suffix}", 22050)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are none")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.mp3")
    with pytest.raises(AudioError, match="a device or a pipe"):
        read_audio(tmp_path / "a.mp3", 22050)


@pytest.mark.parametrize("samples", [[np.nan], [np.inf, -np.inf]])
def test_samples_that_are_no_numbers_are_named(tmp_path, samples):
    channels = np.stack([tone()] * len(samples), axis=1)
    channels[1000] = samples
    soundfile.write(tmp_path / "song.wav", channels, 44100, subtype="FLOAT")
    with pytest.raises(AudioError, match="NaN or infinite"):
        read_audio(tmp_path / "song.wav", 22050)


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "song.wav", tone(), 44100)
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        (tmp_path / "song.wav").chmod(0)
    else:  # nothing is forbidden to root, and Windows has other permissions

        def refuse(path, *args, **kwargs):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioError, match=r"cannot be read: .*[Pp]ermission"):
        read_audio(tmp_path / "song.wav", 22050)
