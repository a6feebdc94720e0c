"""Any audio file -> mono float32 at one sample rate; AudioError says what is wrong with a file."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from os import PathLike
from pathlib import Path

import numpy as np

from genre_lightning.audio.ffmpeg import decode_with_ffmpeg
from genre_lightning.audio.fingerprint import Peaks
from genre_lightning.audio.headers import is_joined, ogg_streams, states_length
from genre_lightning.audio.libsndfile import decode_with_libsndfile, open_with_libsndfile
from genre_lightning.audio.recording import JOINED, AudioError, LengthError, MissingError, Recording, Wanted, Waveform
from genre_lightning.audio.silence import silent_libraries

__all__ = ["AudioError", "Recording", "Waveform", "decode", "read_audio", "read_song"]

# More than this part of what a header promises missing means that the file was cut off, unless it is so little that an
# encoder's padding may be meant.
TRUNCATED_BELOW = 0.98
PADDING_SECONDS = 0.25
# What libsndfile's log says of an Ogg file without its end.
LACKS_END = "Last page lacks an end-of-stream bit"

AS_IT_IS = Wanted()
Decoder = Callable[[Path, Wanted], Recording]


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
    return checked(decode(Path(path), Wanted(sample_rate))).waveform


def read_song(path: str | PathLike[str], sample_rate: int, max_seconds: float = inf) -> tuple[Waveform, Peaks]:
    """What `read_audio` returns, and the song's fingerprint `(peaks,)`, which does not depend on `sample_rate`.

    Raises AudioError also if the file lasts longer than `max_seconds`.
    """
    recording = checked(decode(Path(path), Wanted(sample_rate, max_seconds, fingerprint=True)))
    return recording.waveform, recording.fingerprint


def checked(recording: Recording) -> Recording:
    """The recording. Raises AudioError if it is cut off, empty, silent or holds NaN."""
    waveform, _, seconds, promised, _ = recording
    if seconds == 0:
        raise AudioError("holds no sound: 0 samples")
    if seconds < TRUNCATED_BELOW * promised and seconds < promised - PADDING_SECONDS:
        raise AudioError(f"is cut off: {seconds:.1f} s of the {promised:.1f} s its header promises")
    if waveform.size == 0:
        raise AudioError(f"is too short: {1000 * seconds:.3f} ms")
    if not np.isfinite(peak := max(abs(float(waveform.max())), abs(float(waveform.min())))):
        raise AudioError("holds NaN or infinite samples")
    if peak == 0:
        raise AudioError("is silent: every sample is zero, or its channels cancel out")
    return recording


def decode(path: Path, wanted: Wanted = AS_IT_IS) -> Recording:
    """Decode with the first of a file's decoders that can. Raises AudioError."""
    import av  # noqa: F401 (a package that cannot be loaded is no damaged file)
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    check_readable(path)
    with silent_libraries:
        *others, last = decoders_for(path)
        for decoder in others:
            try:
                return decoder(path, wanted)
            except LengthError:
                raise
            except AudioError:  # the other one may know more
                continue
        return last(path, wanted)


def decoders_for(path: Path) -> Sequence[Decoder]:
    """The decoders to try on a file, in this order.

    Raises AudioError for what none of them notices: several files in one, and an Ogg file without its end.
    """
    if is_joined(path):
        raise AudioError(JOINED)
    chained, ended = ogg_streams(path)
    decoders = [decode_with_ffmpeg]
    with suppress(AudioError), open_with_libsndfile(path) as file:
        ended = ended and (chained or LACKS_END not in file.extra_info)
        # FFmpeg takes half of libsndfile's time for Vorbis. Of chained streams, and of MP3 files that do not state
        # their length, libsndfile reads the beginning.
        if not chained and file.subtype != "VORBIS" and (file.format != "MP3" or states_length(path)):
            decoders.insert(0, decode_with_libsndfile)  # wav in a fifth of FFmpeg's time, mp3 in half of it
    if not ended:
        raise AudioError("is cut off: the last page of its stream is missing")
    return decoders


def check_readable(path: Path) -> None:
    """Raise AudioError if there is no such file, or it cannot be read or is empty."""
    try:
        if path.is_dir():
            raise AudioError("is a folder, not a file")
        if path.exists() and not path.is_file():
            raise AudioError("is no file, but a device or a pipe")
        if path.stat().st_size == 0:  # those of /proc say so too, and reading some of them waits for ever
            raise AudioError("is empty: 0 bytes")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise MissingError("does not exist") from None
    except OSError as error:
        raise AudioError(f"cannot be read: {error.strerror}") from None
