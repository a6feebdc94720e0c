"""Section 1 of the theory: what amplitude, frequency and phase do to a wave, and what sampling does to it."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from docs.figures.drawing import SAMPLE_RATE, draw_spectrogram, panels
from genre_lightning.audio.recording import Wanted, Waveform, record
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECONDS = 1.5
SWEEP_RATE, LOW_RATE = 24000, 8000  # Hz; every third sample of the one is the other
PARTIALS = 1 / np.arange(1, 13)  # of a tone, each the weaker the higher it lies


def sine(hz: float, amplitude: float = 1.0, phase: float = 0.0) -> Waveform:
    """A pure tone of SECONDS; the phase is in radians."""
    time = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * hz * time + phase)).astype(np.float32)


def tone(phases: npt.NDArray[np.float64]) -> Waveform:
    """The same PARTIALS of 220 Hz, each shifted by its phase."""
    parts = [sine(220 * (1 + row), PARTIALS[row], phase) for row, phase in enumerate(phases)]
    return np.stack(parts).sum(axis=0, dtype=np.float32)


def phases(seed: int | None) -> npt.NDArray[np.float64]:
    """No shifts, or random ones."""
    count = len(PARTIALS)
    return np.zeros(count) if seed is None else np.random.default_rng(seed).uniform(0, 2 * np.pi, count)


def draw_waves() -> "Figure":
    """What each of the three does to a wave, and what phases alone do to a tone of twelve partials."""
    figure, axes = panels(2, 2, height=4.2)
    shown = {
        "amplitude 1 and 0.5: loud and soft": (sine(440), sine(440, 0.5)),
        "frequency 440 and 880 Hz: an octave": (sine(440), sine(880)),
        "phase 0 and a quarter turn: sounds the same": (sine(440), sine(440, phase=np.pi / 2)),
        "twelve partials, two choices of phases: nearly the same": (tone(phases(None)), tone(phases(1))),
    }
    time = 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for panel, (title, waves) in zip(axes, shown.items(), strict=True):
        for wave, colour in zip(waves, COLOURS, strict=False):
            panel.plot(time[:200], wave[:200], color=colour)
        panel.set_title(title)
        panel.set_xlabel("milliseconds")
    return figure


@cache
def sweep() -> Waveform:
    """A tone that rises from 0 to 11 kHz within 3 s, at SWEEP_RATE."""
    time = np.arange(3 * SWEEP_RATE) / SWEEP_RATE
    return np.sin(2 * np.pi * 11000 / 6 * time**2).astype(np.float32)


def resampled() -> Waveform:
    """The sweep at LOW_RATE, as every song is resampled here."""
    return record([sweep()], SWEEP_RATE, Wanted(LOW_RATE), len(sweep())).waveform


def aliased() -> Waveform:
    """Every third sample of the sweep: at LOW_RATE, without a filter before."""
    return sweep()[:: SWEEP_RATE // LOW_RATE]


def draw_aliasing() -> "Figure":
    """Samples that two sines share, and a sweep resampled with and without a filter."""
    figure, (samples, *others) = panels(1, 4, width=10, height=2.6)
    time, taken = np.linspace(0, 1, 1000), np.arange(11) / 10
    samples.plot(time, np.sin(2 * np.pi * 9 * time), color=COLOURS[1], linewidth=0.8, label="9 kHz")
    samples.plot(time, np.sin(-2 * np.pi * time), color=COLOURS[0], label="1 kHz")
    samples.plot(taken, np.sin(2 * np.pi * 9 * taken), "o", color="black", label="samples")
    samples.set_title("10,000 samples a second")
    samples.set_xlabel("milliseconds")
    samples.set_ylim(-1.2, 2.4)
    samples.legend(loc="upper center")
    sweeps = {"24 kHz": (sweep(), SWEEP_RATE), "8 kHz, resampled": (resampled(), LOW_RATE)}
    sweeps["8 kHz, every third sample"] = aliased(), LOW_RATE
    for panel, (title, (waveform, rate)) in zip(others, sweeps.items(), strict=True):
        draw_spectrogram(panel, waveform, rate, 512)
        panel.set_title(title)
        panel.set_ylim(0, SWEEP_RATE / 2000)
    return figure


PICTURES = {"waves": draw_waves, "aliasing": draw_aliasing}
SOUNDS = {
    "tone_440": lambda: (sine(440), SAMPLE_RATE),
    "tone_440_half": lambda: (sine(440, 0.5), SAMPLE_RATE),
    "tone_880": lambda: (sine(880), SAMPLE_RATE),
    "tone_440_quarter_turn": lambda: (sine(440, phase=np.pi / 2), SAMPLE_RATE),
    "partials_in_phase": lambda: (tone(phases(None)), SAMPLE_RATE),
    "partials_out_of_phase": lambda: (tone(phases(1)), SAMPLE_RATE),
    "sweep": lambda: (sweep(), SWEEP_RATE),
    "sweep_resampled": lambda: (resampled(), LOW_RATE),
    "sweep_aliased": lambda: (aliased(), LOW_RATE),
}
