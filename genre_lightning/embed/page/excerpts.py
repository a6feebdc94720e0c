"""A few seconds from the middle of songs, small enough to embed in a page."""

import io
import logging
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path

import numpy as np

from genre_lightning.audio.reading import AudioError, Waveform, read_audio
from genre_lightning.data.catalogue import Catalogue
from genre_lightning.devices import threads

logger = logging.getLogger(__name__)

EXCERPT_SECONDS = 5.0
FADE_SECONDS = 0.25
SAMPLE_RATE = 22050
# Of MP3 with a variable rate, from 0 (best) to 1: about 25 kB for 5 s of music
COMPRESSION = 0.4


def excerpts(tracks: Catalogue) -> list[bytes | None]:
    """An excerpt of each song, decoded in threads under a progress bar; None for a file that cannot be read."""
    from tqdm import tqdm

    from genre_lightning.data.extraction import attempt  # which needs PyTorch

    def excerpt_or_none(path: Path) -> bytes | None:
        _, made = attempt(excerpt, path)
        if isinstance(made, AudioError):
            logger.warning("no excerpt of %s: it %s", path, made)
            return None
        return made

    with ThreadPoolExecutor(threads()) as pool:
        made = pool.map(excerpt_or_none, [track.path for track in tracks])
        return list(tqdm(made, "excerpts", len(tracks), unit="song", disable=None))


def excerpt(path: str | PathLike[str]) -> bytes:
    """EXCERPT_SECONDS from the middle of a song, or all of a shorter one, as an MP3, which every browser plays.

    Raises AudioError, as `read_audio` does.
    """
    import soundfile

    waveform, samples = read_audio(path, SAMPLE_RATE), round(EXCERPT_SECONDS * SAMPLE_RATE)
    start = max(0, (len(waveform) - samples) // 2)
    file, sound = io.BytesIO(), faded(waveform[start : start + samples]).clip(-1, 1)
    how = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE", "compression_level": COMPRESSION}
    soundfile.write(file, sound, SAMPLE_RATE, **how)
    return file.getvalue()


def faded(waveform: Waveform) -> Waveform:
    """A copy of a waveform, faded in and out so that it does not click."""
    samples = min(round(FADE_SECONDS * SAMPLE_RATE), len(waveform) // 2)
    envelope = np.ones(len(waveform), np.float32)
    envelope[:samples] = np.linspace(0, 1, samples, dtype=np.float32)
    envelope[len(waveform) - samples :] = np.linspace(1, 0, samples, dtype=np.float32)
    return waveform * envelope
