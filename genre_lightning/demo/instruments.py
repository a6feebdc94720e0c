"""From notes to sound: tones read from wavetables, and drums."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from genre_lightning.demo.habits import Artist
from genre_lightning.demo.score import Note

SAMPLE_RATE = 22050
TABLE_SAMPLES = 2048  # samples of a wave's period
GRAIN = 512  # lengths of notes are rounded up to it, so that equal notes are rendered once
Wave = np.ndarray


class Tone(NamedTuple):
    """A pitched instrument. Harmonic k has the level `1 / k ** slope` when a note begins, `later_slope` soon after."""

    slope: float
    later_slope: float
    even: float = 1.0  # the level of even harmonics
    attack_seconds: float = 0.005
    decay_seconds: float = 9.0
    vibrato_semitones: float = 0.0
    bend_semitones: float = 0.0  # how far below its pitch a note starts
    breath: float = 0.0


class Drum(NamedTuple):
    """A falling tone with partials that are not harmonic, and a band of noise."""

    tone_hz: float
    drop_octaves: float
    tone_seconds: float
    noise_hz: tuple[float, float]
    noise_seconds: float
    noise_level: float
    partials: int = 1
    attack_seconds: float = 0.0005


TONES = {
    "guitar": Tone(0.9, 1.6, 0.9, 0.003, 1.6, 0.15, 0.5),
    "piano": Tone(1.3, 2.4, 1.0, 0.003, 1.0),
    "rhodes": Tone(1.8, 3.5, 0.3, 0.004, 1.2, 0.08),
    "organ": Tone(1.2, 1.2, 0.7, 0.01, 9.0, 0.12),
    "strings": Tone(1.1, 1.1, 1.0, 0.08, 9.0, 0.15),
    "pluck": Tone(0.9, 2.5, 0.8, 0.002, 0.35),
    "vibes": Tone(2.8, 4.0, 0.1, 0.003, 1.4, 0.2),
    "bell": Tone(1.6, 3.0, 0.2, 0.002, 0.9),
    "sax": Tone(0.9, 1.2, 0.8, 0.03, 9.0, 0.25, 0.6, 0.08),
    "trumpet": Tone(0.6, 1.0, 1.0, 0.025, 9.0, 0.2, 0.3, 0.03),
    "flute": Tone(2.5, 2.8, 0.5, 0.05, 9.0, 0.2, 0.2, 0.12),
    "synth": Tone(1.0, 1.5, 1.0, 0.01, 2.0, 0.1),
    "bass": Tone(1.2, 2.2, 1.0, 0.004, 1.2),
    "upright": Tone(1.7, 2.6, 0.8, 0.008, 0.6, 0.0, 0.3),
    "sub": Tone(2.5, 5.0, 0.3, 0.004, 0.9, 0.0, -3.0),
    "voice": Tone(1.0, 1.0, 1.0, 0.03, 9.0, 0.25, 0.8, 0.05),
}
VOWELS_HZ = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (570, 840, 2410), (530, 1840, 2480))
DRUMS = {
    "kick": Drum(50, 2.2, 0.13, (1500, 5000), 0.008, 0.15),
    "snare": Drum(185, 0.5, 0.06, (1000, 8000), 0.11, 0.7),
    "clap": Drum(900, 0.0, 0.01, (900, 3500), 0.12, 0.9, attack_seconds=0.012),
    "rim": Drum(1500, 0.1, 0.015, (1000, 5000), 0.012, 0.3, 3),
    "hat": Drum(3100, 0.0, 0.03, (6500, 12000), 0.04, 0.8, 8),
    "open": Drum(3100, 0.0, 0.2, (5500, 12000), 0.22, 0.8, 8),
    "ride": Drum(1900, 0.0, 0.3, (4500, 10000), 0.25, 0.6, 16),
    "brush": Drum(400, 0.0, 0.01, (1500, 7000), 0.13, 1.0, attack_seconds=0.03),
    "tom": Drum(110, 0.8, 0.17, (500, 3000), 0.03, 0.2),
}


class Band:
    """An artist's instruments as they sound in one song; equal notes are rendered once."""

    def __init__(self, artist: Artist, rng: np.random.Generator) -> None:
        self.artist, self.rng = artist, rng
        self.tables: dict[tuple[str, float, int], Wave] = {}
        self.sounds: dict[tuple[str, float, int], Wave] = {}

    def play(self, notes: Iterable[Note], samples: int) -> Wave:
        """A part of the score as `(samples,)`."""
        part = np.zeros(samples, np.float32)
        for note in notes:
            start, grains = int(note.start_seconds * SAMPLE_RATE), int(note.seconds * SAMPLE_RATE / GRAIN) + 1
            sound = self.sound(note.instrument, note.pitch, grains)[: max(0, samples - start)]
            part[start : start + len(sound)] += np.float32(note.loudness) * sound
        return part

    def sound(self, instrument: str, pitch: float, grains: int) -> Wave:
        """A note of `grains` times GRAIN samples, or a drum's hit, which rings as long as it likes."""
        key = (instrument, pitch, 0 if instrument in DRUMS else grains)
        if key not in self.sounds:
            is_drum = instrument in DRUMS
            self.sounds[key] = self.hit(instrument) if is_drum else self.tone(instrument, pitch, grains * GRAIN)
        return self.sounds[key]

    def tone(self, instrument: str, pitch: float, samples: int) -> Wave:
        """A pitched note: the phase runs through two waves, one fading into the other; a voice changes its vowel."""
        tone, time = TONES[instrument], np.arange(samples, dtype=np.float32) / SAMPLE_RATE
        vibrato = tone.vibrato_semitones * np.sin(2 * np.pi * 5.3 * time) * np.minimum(1, time / 0.4)
        bend = vibrato - tone.bend_semitones * np.exp(-time / 0.03)
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        phase = np.cumsum(hertz * 2 ** (bend / 12), dtype=float) * (TABLE_SAMPLES / SAMPLE_RATE)
        index = phase.astype(int) % TABLE_SAMPLES
        vowels = self.rng.permutation(len(VOWELS_HZ)) if instrument == "voice" else (0, 1)
        first, later = (self.table(instrument, hertz, int(vowel))[index] for vowel in vowels[:2])
        wave = later + np.exp(-time / 0.15) * (first - later)
        wave += tone.breath * self.rng.standard_normal(samples, np.float32)
        return wave * envelope(time, tone.attack_seconds, tone.decay_seconds)

    def table(self, instrument: str, hertz: float, which: int) -> Wave:
        """One period of an instrument's first or later wave, or of a voice's vowel: mean power 1."""
        key = (instrument, hertz, which)
        if key not in self.tables:
            tone, highest = TONES[instrument], min(TABLE_SAMPLES // 4, int(0.45 * SAMPLE_RATE / hertz))
            harmonics = np.arange(1, highest + 1)
            slope = tone.later_slope if which == 1 else tone.slope
            levels = harmonics ** (self.artist.brightness - slope) * np.where(harmonics % 2, 1, tone.even)
            if instrument == "voice":
                levels *= formants(harmonics * hertz, VOWELS_HZ[which])
            spectrum = np.zeros(TABLE_SAMPLES // 2 + 1, complex)
            spectrum[harmonics] = levels * np.exp(1j * harmonics**2)
            wave = np.fft.irfft(spectrum)
            self.tables[key] = (wave / wave.std()).astype(np.float32)
        return self.tables[key]

    def hit(self, name: str) -> Wave:
        """A hit of a drum of this artist's kit."""
        drum, length = DRUMS[name], self.artist.drum_length
        tone_seconds, noise_seconds = length * drum.tone_seconds, length * drum.noise_seconds
        time = np.arange(int(4 * max(tone_seconds, noise_seconds, 0.02) * SAMPLE_RATE)) / SAMPLE_RATE
        hertz = drum.tone_hz * self.artist.drum_tuning * 2 ** (drum.drop_octaves * np.exp(-time / 0.025))
        ratios = 1 + 0.2 * np.arange(drum.partials) * self.rng.uniform(0.8, 1.2, drum.partials)
        tone = np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE * ratios[:, None]).mean(axis=0)
        wave = (1 - drum.noise_level) * tone * envelope(time, drum.attack_seconds, tone_seconds)
        noise = band_noise(len(time), drum.noise_hz, self.rng)
        return (wave + drum.noise_level * noise * envelope(time, drum.attack_seconds, noise_seconds)).astype(np.float32)


def envelope(time: Wave, attack_seconds: float, decay_seconds: float) -> Wave:
    """From 0 up to 1, down again by 1 / e every `decay_seconds`, and to 0 in the last hundredth of a second."""
    fade = np.minimum(1, (time[-1] - time) / 0.01)
    return np.minimum(1, time / attack_seconds) * np.exp(-time / decay_seconds) * fade


def formants(hertz: Wave, peaks_hz: tuple[int, ...]) -> Wave:
    """How much a vowel lets through of each frequency (peaks: Peterson and Barney 1952)."""
    peaks = [np.exp(-(((hertz - peak) / (60 + 0.06 * peak)) ** 2)) / (1 + k) for k, peak in enumerate(peaks_hz)]
    return 0.03 + np.sum(peaks, axis=0)


def band_noise(samples: int, band_hz: tuple[float, float], rng: np.random.Generator) -> Wave:
    """Noise between two frequencies, with mean power 1 / 3."""
    hertz = np.maximum(1, np.fft.rfftfreq(samples, 1 / SAMPLE_RATE))
    band = low_pass(hertz / band_hz[1]) * low_pass(band_hz[0] / hertz)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * band, samples)
    return noise / (noise.std() * 3**0.5)


def low_pass(ratio: Wave) -> Wave:
    """How much a Butterworth filter of fourth order lets through at a ratio to its corner frequency."""
    return 1 / np.sqrt(1 + ratio**8)
