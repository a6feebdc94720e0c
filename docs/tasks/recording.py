"""How a sound comes to be a file of a data set: recorded in some place, and listed with its label and its group."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre_lightning.data.catalogue import MANIFEST, Catalogue, Track, write_manifest
from genre_lightning.data.sources.demo import write_song
from genre_lightning.demo.instruments import SAMPLE_RATE, Wave, band_noise
from genre_lightning.demo.mix import at_power_one, equaliser, room
from genre_lightning.errors import UserError

FFT_GRAIN = 2**15


class Clip(NamedTuple):
    """A recording, `(samples,)` at SAMPLE_RATE; what it is; and the group of clips that no split may divide."""

    waveform: Wave
    label: str
    group: str


class Place:
    """Where something is recorded, always alike: its echoes, its microphone, and what is heard behind."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.seed = int(rng.integers(2**31))
        low_hz = float(np.exp(rng.uniform(np.log(30), np.log(1500))))
        self.band_hz = (low_hz, low_hz * float(rng.uniform(4, 20)))

    def record(self, wave: Wave, rng: np.random.Generator, snr_db: float, behind: Wave | None = None) -> Wave:
        """The sound as it is heard there, `snr_db` above the place's noise, or above `behind`; both of one length."""
        noise = self.noise(len(wave), rng) if behind is None else at_power_one(behind)
        return self.heard(at_power_one(wave) + 10 ** (-snr_db / 20) * noise, rng)

    def heard(self, wave: Wave, rng: np.random.Generator) -> Wave:
        """A sound with the place's echoes, through its microphone, at some level."""
        padded = FFT_GRAIN * (len(wave) // FFT_GRAIN + 2)  # so that the echo does not come round to the beginning
        always = np.random.default_rng(self.seed)
        response = equaliser(np.fft.rfftfreq(padded, 1 / SAMPLE_RATE), always) * room(padded, always)
        heard = np.fft.irfft(np.fft.rfft(wave, padded) * response, padded)[: len(wave)]
        return (heard / np.abs(heard).max() * 10 ** (rng.uniform(-16, -2) / 20)).astype(np.float32)

    def noise(self, samples: int, rng: np.random.Generator) -> Wave:
        """The noise of this place, which swells and falls: mean power 1."""
        moments = np.arange(0, samples / SAMPLE_RATE + 1, 0.7)
        swell_db = np.interp(np.arange(samples) / SAMPLE_RATE, moments, rng.normal(0, 3, len(moments)))
        return at_power_one(band_noise(samples, self.band_hz, rng) * 10 ** (swell_db / 20))


def write_clips(clips: Iterable[Clip], folder: Path) -> Catalogue:
    """Write clips as FOLDER/label/group-number.flac, and manifest.csv with them all. Raises UserError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already; name a folder that is new or empty")
    tracks, numbers = [], Counter[tuple[str, str]]()
    for clip in clips:
        numbers[clip.label, clip.group] += 1
        number = str(numbers[clip.label, clip.group])
        path = folder / clip.label / f"{clip.group.replace(' ', '-')}-{number}.flac"
        write_song(clip.waveform, path, clip.group, number, named="FOLDER")
        tracks.append(Track(path, clip.label, clip.group))
    write_manifest(catalogue := Catalogue(tracks), folder / MANIFEST)
    return catalogue
