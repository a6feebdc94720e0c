"""Any audio file -> mono float32 at one sample rate; AudioError says what is wrong with a file."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from soundfile import SoundFile

Waveform = npt.NDArray[np.float32]

# A header may be off by an encoder's padding; more than this part of the file missing means that it was cut off.
TRUNCATED_BELOW = 0.98
# Songs are decoded in blocks: large enough to be handed over rarely, small enough for the processor's cache.
SAMPLES_A_BLOCK = 131072
# What libsndfile's log says of an Ogg file without its end.
NO_END = "Last page lacks an end-of-stream bit"
# Headers of streamed WAV files hold at least this size, which means "unknown".
UNKNOWN_SIZE = 0x7FFFF000
# Of these FFmpeg takes the length from the size of the file and the first bit rate.
GUESSED_LENGTH = ("aac", "ac3", "eac3", "mp3")


class AudioError(Exception):
    """A file that cannot be used; the text says why, as its owner would understand it."""


class Tags(NamedTuple):
    """A song's artist and title; empty if the file does not say."""

    artist: str = ""
    title: str = ""


class Recording(NamedTuple):
    """A decoded file: mono `(samples,)` at `sample_rate` Hz, its length, that in its header (0: none), its tags."""

    waveform: Waveform
    sample_rate: int
    seconds: float
    promised_seconds: float
    tags: Tags


Decoder = Callable[[Path, int | None], Recording]


def read_audio(path: str | PathLike[str], sample_rate: int) -> Waveform:
    """Decode an audio file, mix its channels down to mono and resample it.

    Args:
        path: A file in any format that libsndfile or FFmpeg reads; its suffix does not matter.
        sample_rate: The sample rate wanted, in Hz.

    Returns:
        The waveform, float32 `(samples,)`; full scale is 1.

    Raises:
        AudioError: The file is missing, unreadable, not audio, cut off, empty, silent or holds NaN.
    """
    return read_song(path, sample_rate)[0]


def read_song(path: str | PathLike[str], sample_rate: int) -> tuple[Waveform, Tags]:
    """What `read_audio` returns, and the file's tags."""
    waveform, _, seconds, promised, tags = decode(Path(path), sample_rate)
    if seconds == 0:
        raise AudioError("holds no sound: 0 samples")
    if seconds < TRUNCATED_BELOW * promised:
        raise AudioError(f"is cut off: {seconds:.1f} s of the {promised:.1f} s its header promises")
    if waveform.size == 0:
        raise AudioError(f"is too short: {1000 * seconds:.3f} ms")
    if not np.isfinite(peak := max(abs(float(waveform.max())), abs(float(waveform.min())))):
        raise AudioError("holds NaN or infinite samples")
    if peak == 0:
        raise AudioError("is silent: every sample is zero, or its channels cancel out")
    return waveform, tags


def decode(path: Path, sample_rate: int | None = None) -> Recording:
    """Decode with the first of a file's decoders that can; None keeps the file's own rate. Raises AudioError."""
    import soxr  # noqa: F401 (a package that cannot be loaded is no damaged file)

    check_readable(path)
    *others, last = decoders_for(path)
    for decoder in others:
        with suppress(AudioError):
            return decoder(path, sample_rate)
    return last(path, sample_rate)


def decoders_for(path: Path) -> tuple[Decoder, ...]:
    """The decoders to try on a file, in this order.

    Raises AudioError for an Ogg file without its end, which both take for a shorter song.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if NO_END in file.extra_info:
                raise AudioError("is cut off: the last page of its stream is missing")
            if file.subtype == "VORBIS":
                return (decode_with_ffmpeg,)  # takes half of libsndfile's time
            if file.format == "MP3" and not states_length(path):
                # libsndfile guesses the length and reads no further; FFmpeg takes a foreign tag between songs or at
                # the end for damage.
                return decode_with_ffmpeg, decode_with_libsndfile
            return decode_with_libsndfile, decode_with_ffmpeg  # wav in a fifth of FFmpeg's time, mp3 in half of it
    except (soundfile.LibsndfileError, ValueError, TypeError):  # TypeError: samples without any header
        return (decode_with_ffmpeg,)


def mono(blocks: Iterable[npt.NDArray[Any]], scale: float = 1.0) -> Iterator[Waveform]:
    """Average the channels of blocks `(frames, channels)` and multiply by `scale`: `(frames,)` each."""
    for block in blocks:
        with np.errstate(invalid="ignore"):  # infinite samples are told of later
            mixed = block @ np.full(block.shape[1], scale / block.shape[1], np.float32)  # 20 times as fast as np.mean
        yield mixed


def record(blocks: Iterable[Waveform], rate: int, sample_rate: int | None, promised: int, tags: Tags) -> Recording:
    """Resample blocks at `rate` Hz as they come, since songs may last hours; the header `promised` so many samples."""
    import soxr

    stream = None if sample_rate in (None, rate) else soxr.ResampleStream(rate, sample_rate, 1, "float32", "HQ")
    held, waveform = 0, bytearray()  # which grows in place; a list of arrays would be copied
    for block in blocks:
        held += len(block)
        waveform += (stream.resample_chunk(block) if stream else block).data
    if stream:
        waveform += stream.resample_chunk(np.zeros(0, np.float32), last=True).data
    return Recording(np.frombuffer(waveform, np.float32), sample_rate or rate, held / rate, promised / rate, tags)


def check_readable(path: Path) -> None:
    """Raise AudioError if there is no such file, or it cannot be read or is empty."""
    try:
        if path.is_dir():
            raise AudioError("is a folder, not a file")
        with path.open("rb") as file:
            if not file.read(1):
                raise AudioError("is empty: 0 bytes")
    except FileNotFoundError:
        raise AudioError("does not exist") from None
    except OSError as error:
        raise AudioError(f"cannot be read: {error.strerror}") from None


def decode_with_libsndfile(path: Path, sample_rate: int | None) -> Recording:
    """Decode wav, flac, opus, mp3, aiff, au and the like. Raises AudioError."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            promised = max(file.frames, frames_in_header(file.extra_info, file.frames))
            tags = Tags(file.artist, file.title)
            return record(read_mono(file), file.samplerate, sample_rate, promised, tags)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"is damaged, cut off or not audio: {error.error_string}") from None


def states_length(mp3: Path) -> bool:
    """Whether the first frame of an MP3 file says how many there are."""
    with mp3.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":  # its size has seven bits in each of four bytes
            file.seek(10 + sum(byte << 7 * index for index, byte in enumerate(reversed(head[6:10]))))
        frame = file.read(2048)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def read_mono(file: "SoundFile") -> Iterator[Waveform]:
    """An open file's mix; numpy turns plain 16-bit samples into float32 in a third of libsndfile's time."""
    plain = file.subtype == "PCM_16" and file.format != "FLAC"
    buffer: Any = np.empty((SAMPLES_A_BLOCK, file.channels), np.int16 if plain else np.float32)

    def blocks() -> Iterator[npt.NDArray[Any]]:
        while len(block := file.read(out=buffer)):  # SoundFile.blocks would hide that a file is cut off
            yield block

    return mono(blocks(), scale=2**-15 if plain else 1.0)


def frames_in_header(log: str, frames: int) -> int:
    """The frames that a WAV, AIFF or AU header promises, if libsndfile's log says that the data is shorter."""
    sizes = re.search(r"(\d+) \(should be (\d+)\)", log)
    if not sizes or int(sizes[1]) >= UNKNOWN_SIZE or int(sizes[2]) == 0:
        return frames
    return frames * int(sizes[1]) // int(sizes[2])


def decode_with_ffmpeg(path: Path, sample_rate: int | None) -> Recording:
    """Decode m4a, aac, wma and all else that FFmpeg knows; PyAV brings FFmpeg along. Raises AudioError."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path.absolute()), metadata_errors="replace") as container:  # "a: b.ogg" could be a protocol
            if not container.streams.audio:
                raise AudioError("holds no audio")
            if container.streams.audio[0].codec_context is None:
                raise AudioError("holds audio in a codec that neither libsndfile nor FFmpeg knows")
            return decode_stream(container, container.streams.audio[0], sample_rate)
    except (FFmpegError, ValueError) as error:  # ValueError: the number of channels changes midway
        raise AudioError(f"is damaged, cut off or not audio: {getattr(error, 'strerror', error)}") from None


def decode_stream(container, stream, sample_rate: int | None) -> Recording:  # noqa: ANN001 (PyAV's classes, imported only where they are needed)
    """Decode one PyAV audio stream."""
    import av

    stream.thread_type = "NONE"  # songs are decoded in parallel, not parts of a song
    resampler = av.AudioResampler(format="fltp")
    found = {name.lower(): text for name, text in {**stream.metadata, **container.metadata}.items()}
    tags = Tags(found.get("artist", ""), found.get("title", ""))
    stated = stream.duration is not None and container.format.name not in GUESSED_LENGTH
    promised = float(stream.duration * stream.time_base) * stream.rate if stated else 0
    blocks = (part for block in joined(container.decode(stream)) for part in resampler.resample(block))
    return record(mono(block.to_ndarray().T for block in blocks), stream.rate, sample_rate, int(promised), tags)


def joined(frames):  # noqa: ANN001, ANN201 (see above)
    """Join PyAV's frames to blocks: they are so small that handing each over takes half as long as decoding it."""
    import av

    fifo, channels = av.AudioFifo(), 0
    for frame in frames:
        channels = channels or frame.layout.nb_channels
        if frame.layout.nb_channels != channels:
            raise ValueError("the number of channels changes")  # the FIFO would crash on them
        frame.pts = None  # a gap in time would be an error
        fifo.write(frame)
        if fifo.samples >= SAMPLES_A_BLOCK:
            yield fifo.read(SAMPLES_A_BLOCK)
    if fifo.samples:
        yield fifo.read()
