"""From the parts of a song to its recording."""

import numpy as np

from genre_lightning.demo.habits import Production
from genre_lightning.demo.instruments import SAMPLE_RATE, Wave, low_pass

LEVELS_DB = {"drums": -3.0, "bass": -5.0, "chords": -7.0, "lead": -7.0, "voice": -5.0}
FFT_GRAIN = 2**15


def mix(parts: dict[str, Wave], production: Production, rng: np.random.Generator) -> Wave:
    """The parts as one waveform: driven, filtered, in a room, equalised, compressed, at a random level."""
    samples = len(parts["drums"])
    padded = FFT_GRAIN * (samples // FFT_GRAIN + 2)  # so that the echo does not come round to the beginning
    hertz = np.fft.rfftfreq(padded, 1 / SAMPLE_RATE).astype(np.float32)
    dull, total = low_pass(hertz / rng.uniform(*production.chords_low_pass_hz)), np.zeros(len(hertz), np.complex64)
    for name, part in parts.items():
        wave = at_power_one(part)
        if production.drive and name in ("chords", "lead"):
            wave = at_power_one(np.tanh(production.drive * wave))
        level = LEVELS_DB[name] + rng.normal(0, 1.5) + (production.bass_db if name == "bass" else 0)
        total += 10 ** (level / 20) * np.fft.rfft(wave, padded) * (dull if name == "chords" else 1)
    song = np.fft.irfft(total * room(padded, rng) * equaliser(hertz, rng), padded)[:samples]
    if rng.random() < production.vinyl:
        song += song.std() * crackle(samples, rng)
    return np.tanh(10 ** (rng.uniform(-24, -13) / 20) * at_power_one(compress(song))).astype(np.float32)


def at_power_one(wave: Wave) -> Wave:
    """The same with mean power 1 where it sounds."""
    sounding = wave[np.abs(wave) > 1e-4]
    return wave / np.sqrt(np.mean(sounding**2)) if len(sounding) else wave


def room(samples: int, rng: np.random.Generator) -> Wave:
    """The spectrum of a sound and its echoes: noise that dies away by 60 dB in 0.2 to 1.4 seconds."""
    time = np.arange(samples, dtype=np.float32) / SAMPLE_RATE
    tail = rng.standard_normal(samples, np.float32) * np.exp(-6.9 * time / rng.uniform(0.2, 1.4))
    tail *= time > rng.uniform(0.005, 0.03)
    return 1 + rng.uniform(0.05, 0.45) * np.fft.rfft(tail / np.sqrt(np.sum(tail**2)))


def equaliser(hertz: Wave, rng: np.random.Generator) -> Wave:
    """The response of an equaliser as people set it: a tilt, three broad bells, little above 6 to 11 kHz."""
    octaves = np.log2(np.maximum(hertz, 30) / 700)
    decibels = rng.normal(0, 1.0) * octaves
    for centre in rng.uniform(-3.5, 3.5, 3):
        decibels += rng.normal(0, 2) * np.exp(-(((octaves - centre) / 0.8) ** 2))
    return 10 ** (decibels / 20) * low_pass(hertz / rng.uniform(6000, 11000)) * (hertz > 25)


def crackle(samples: int, rng: np.random.Generator) -> Wave:
    """A worn record: hiss, and clicks here and there."""
    clicks = rng.random(samples, np.float32) < 5e-4
    return 0.01 * rng.standard_normal(samples, np.float32) + clicks * rng.normal(0, 0.3, samples)


def compress(song: Wave) -> Wave:
    """Turn down what is louder than usual over a twentieth of a second, to 0.4 of what it is above, in decibels."""
    frame = SAMPLE_RATE // 20
    power = np.add.reduceat(song**2, np.arange(0, len(song), frame)) / frame
    gain = np.maximum(1, power / (np.median(power) + 1e-9)) ** (0.5 * (0.4 - 1))
    return song * np.interp(np.arange(len(song)), frame * (np.arange(len(gain)) + 0.5), gain)
