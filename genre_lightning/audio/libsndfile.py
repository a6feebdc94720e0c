"""Decoding with libsndfile: wav, flac, opus, mp3, aiff, au and the like."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.headers import mended
from genre_lightning.audio.recording import (
    SAMPLES_A_BLOCK,
    UNKNOWN,
    AudioError,
    Recording,
    Wanted,
    Waveform,
    mono,
    record,
)

if TYPE_CHECKING:
    from soundfile import SoundFile

# Others of its formats hold no songs, and are taken for granted after two bytes, or by the suffix alone (RAW).
FORMATS = {"AIFF", "AU", "CAF", "FLAC", "MP3", "NIST", "OGG", "RF64", "VOC", "W64", "WAV", "WAVEX"}


@contextmanager
def open_with_libsndfile(path: Path) -> Iterator["SoundFile"]:
    """Open a file; one whose header holds no true length is read to its end. Raises AudioError."""
    import soundfile

    with mended(path) or nullcontext(path) as source:
        try:
            file = soundfile.SoundFile(source)
        except (soundfile.LibsndfileError, ValueError, TypeError) as error:  # TypeError: .raw, samples and no header
            raise AudioError(f"is damaged, cut off or not audio: {getattr(error, 'error_string', error)}") from None
        with file:
            if file.format not in FORMATS:
                raise AudioError("is not audio: it has no header of a known format")
            yield file


def decode_with_libsndfile(path: Path, wanted: Wanted) -> Recording:
    """Decode a file. Raises AudioError."""
    import soundfile

    with open_with_libsndfile(path) as file:
        promised = max(file.frames, frames_in_header(file.extra_info, file.frames))
        try:
            return record(read_mono(file), file.samplerate, wanted, promised)
        except soundfile.LibsndfileError as error:
            raise AudioError(f"is damaged, cut off or not audio: {error.error_string}") from None


def read_mono(file: "SoundFile") -> Iterator[Waveform]:
    """An open file's mix; numpy turns plain 16-bit samples into float32 in a third of libsndfile's time."""
    plain = file.subtype == "PCM_16" and file.format != "FLAC"
    frames = max(1, 2 * SAMPLES_A_BLOCK // max(2, file.channels))
    buffer: Any = np.empty((frames, file.channels), np.int16 if plain else np.float32)

    def blocks() -> Iterator[npt.NDArray[Any]]:
        while len(block := file.read(out=buffer)):  # SoundFile.blocks would hide that a file is cut off
            yield block

    return mono(blocks(), scale=2**-15 if plain else 1.0)


def frames_in_header(log: str, frames: int) -> int:
    """The frames that a WAV, AIFF or AU header promises, if libsndfile's log says that the data is shorter."""
    sizes = re.search(r"(\d+) \(should be (\d+)\)", log)
    if not sizes or int(sizes[1]) >= UNKNOWN or int(sizes[2]) == 0:
        return frames
    return frames * int(sizes[1]) // int(sizes[2])
