"""Section 1 of the theory: what amplitude, frequency and phase do to a wave, and what sampling does to it."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from docs.figures.drawing import SAMPLE_RATE, draw_spectrogram, name_colours, panels
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
        "amplitude: loud and soft": {"1": sine(440), "0.5": sine(440, 0.5)},
        "frequency: an octave": {"440 Hz": sine(440), "880 Hz": sine(880)},
        "phase: sounds the same": {"0": sine(440), "a quarter turn": sine(440, phase=np.pi / 2)},
        "twelve partials: sounds nearly the same": {"in phase": tone(phases(None)), "out of phase": tone(phases(1))},
    }
    for panel, (title, waves) in zip(axes, shown.items(), strict=True):
        for (name, wave), colour in zip(waves.items(), COLOURS, strict=False):
            panel.plot(1000 * np.arange(200) / SAMPLE_RATE, wave[:200], color=colour, label=name)
        most = max(np.abs(wave).max() for wave in waves.values())
        panel.set(title=title, xlabel="milliseconds", ylabel="amplitude", ylim=(-1.1 * most, 1.7 * most))
        panel.legend(loc="upper right", ncols=2)
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
    samples.set(title="10,000 samples a second", xlabel="milliseconds", ylabel="amplitude", ylim=(-1.2, 2.4))
    samples.legend(loc="upper center")
    sweeps = {"24 kHz": (sweep(), SWEEP_RATE), "8 kHz, resampled": (resampled(), LOW_RATE)}
    sweeps["8 kHz, every third sample"] = aliased(), LOW_RATE
    for panel, (title, (waveform, rate)) in zip(others, sweeps.items(), strict=True):
        draw_spectrogram(panel, waveform, rate, 512)
        panel.set_title(title)
        panel.set_ylim(0, SWEEP_RATE / 2000)
    name_colours(others)
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
