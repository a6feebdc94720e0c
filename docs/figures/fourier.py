"""Section 2 of the theory: waves as sums of sines, the discrete Fourier transform by hand, windows, and its speed."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from docs.figures.drawing import SAMPLE_RATE, draw_spectrogram, name_colours, panels
from genre_lightning.audio.recording import Waveform
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BY_HAND = np.array([2.0, 1, 0, -1, -2, -1, 0, 1])  # the eight samples of the text
SINES = (1, 2, 5, 25)
SIZES = tuple(2**power for power in range(6, 12))  # of the transforms that are timed: below, the call takes longer
RUNS = 20  # of each; the fastest counts


def square(sines: int, hz: float, time_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The first sines of a square wave's Fourier series: odd multiples of its frequency, each over its number."""
    odd = 2 * np.arange(sines) + 1
    return 4 / np.pi * (np.sin(2 * np.pi * hz * np.outer(time_s, odd)) / odd).sum(axis=1)


def draw_square() -> "Figure":
    """A square wave from more and more of its sines."""
    figure, axes = panels(1, len(SINES), width=10, height=2.2)
    seconds = np.linspace(0, 2, 2000)
    for panel, sines in zip(axes, SINES, strict=True):
        panel.plot(seconds, np.sign(np.sin(2 * np.pi * seconds)), color="0.7")
        panel.plot(seconds, square(sines, 1, seconds), color=COLOURS[0])
        panel.set_title("1 sine" if sines == 1 else f"{sines} sines")
        panel.set_xlabel("periods")
    return figure


def square_sound(sines: int) -> tuple[Waveform, int]:
    """A square wave of 220 Hz from its first sines, 1.5 s."""
    seconds = np.arange(round(1.5 * SAMPLE_RATE)) / SAMPLE_RATE
    return square(sines, 220, seconds).astype(np.float32), SAMPLE_RATE


def turning(bin_number: int, samples: int) -> npt.NDArray[np.complex128]:
    """The vector that turns backwards `bin_number` times within so many samples."""
    return np.exp(-2j * np.pi * bin_number * np.arange(samples) / samples)


def draw_by_hand() -> "Figure":
    """The eight samples, and for three bins the arrows that are added up: each sample times its turning vector."""
    figure, (samples, *others) = panels(2, 2, width=8, height=5.2)
    for number, sample in enumerate(BY_HAND):
        samples.vlines(number, 0, sample, color=COLOURS[number])
        samples.plot(number, sample, "o", color=COLOURS[number])
    samples.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    samples.set(title="eight samples", xlabel="n", ylabel="sample")
    for panel, number in zip(others, (1, 2, 3), strict=True):
        arrows = BY_HAND * turning(number, len(BY_HAND))
        draw_arrows(panel, arrows)
        panel.set(xlabel="real part", ylabel="imaginary part")
        panel.set_title(f"k = {number}: from the ring to the cross, {abs(arrows.sum()):.2f}")
    return figure


def draw_arrows(axes: "Axes", arrows: npt.NDArray[np.complex128]) -> None:
    """Arrows laid end to end, each in the colour of its sample and with its number, and where they begin and end."""
    ends = np.cumsum(arrows)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.25)
    axes.plot(ends.real, ends.imag, alpha=0)  # annotations have no limits
    for number in np.flatnonzero(np.abs(arrows) > 0):
        end, start, colour = ends[number], ends[number] - arrows[number], COLOURS[number]
        style = {"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0, "color": colour, "linewidth": 3 - number / 4}
        axes.annotate("", (end.real, end.imag), (start.real, start.imag), arrowprops=style)
        place, aside = 0.7 * start + 0.3 * end, -9j * arrows[number] / abs(arrows[number])
        beside = {"xytext": (aside.real, aside.imag), "textcoords": "offset points", "ha": "center", "va": "center"}
        axes.annotate(str(number), (place.real, place.imag), color=colour, **beside)
    axes.plot(0, 0, "o", color="black", markerfacecolor="none", markersize=8)
    axes.plot(ends[-1].real, ends[-1].imag, "x", color="black", markersize=8, markeredgewidth=2)


def draw_leakage() -> "Figure":
    """The spectra of a sine that fits the frame and of one that does not, without a window and with Hann's."""
    figure, axes = panels(1, 2, width=8, height=2.6)
    samples = np.arange(64)
    windows = {"no window": np.ones(64), "Hann window": np.hanning(65)[:64]}
    for panel, cycles in zip(axes, (10, 10.5), strict=True):
        for (name, window), colour in zip(windows.items(), COLOURS, strict=False):
            power = np.abs(np.fft.rfft(window * np.sin(2 * np.pi * cycles * samples / 64))) ** 2
            decibels = 10 * np.log10(np.maximum(power / power.max(), 1e-8))
            panel.plot(decibels, marker=".", color=colour, label=name)
        panel.set(title=f"{cycles} periods in 64 samples", xlabel="bin", ylim=(-80, 3))
        panel.legend()
    axes[0].set_ylabel("dB")
    return figure


def two_tones_and_clicks() -> Waveform:
    """Tones of 1000 and 1060 Hz, and two clicks 20 ms apart: 0.6 s."""
    seconds = np.arange(round(0.6 * SAMPLE_RATE)) / SAMPLE_RATE
    wave = 0.1 * (np.sin(2 * np.pi * 1000 * seconds) + np.sin(2 * np.pi * 1060 * seconds))
    wave[[round(0.3 * SAMPLE_RATE), round(0.32 * SAMPLE_RATE)]] += 2
    return wave.astype(np.float32)


def draw_resolution() -> "Figure":
    """The same sound in short, middling and long windows."""
    figure, axes = panels(1, 3, width=10, height=2.8)
    for panel, n_fft in zip(axes, (256, 1024, 4096), strict=True):
        draw_spectrogram(panel, two_tones_and_clicks(), SAMPLE_RATE, n_fft, hop_length=64)
        panel.set(ylim=(0, 2.5), title=f"n_fft = {n_fft}: {1000 * n_fft / SAMPLE_RATE:.0f} ms")
    name_colours(axes)
    return figure


def turning_vectors(samples: int) -> npt.NDArray[np.complex128]:
    """The turning vectors of all bins, `(bins, samples)`."""
    return np.stack([turning(number, samples) for number in range(samples)])


def slow_dft(waveform: npt.NDArray[np.float64], vectors: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """The DFT as it is defined: a correlation with the turning vector of each bin, `(samples,)` -> `(bins,)`."""
    return np.einsum("kn,n->k", vectors, waveform)  # one thread, as the FFT has


def microseconds(transform: Callable[..., object], *arguments: npt.NDArray[Any]) -> float:
    """What a transform takes, the fastest of RUNS."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        transform(*arguments)
        taken.append(time.perf_counter() - start)
    return 1e6 * min(taken)


def draw_speed() -> "Figure":
    """What the DFT takes as it is defined, and by the fast Fourier transform."""
    figure, (axes,) = panels(1, 1, width=5, height=2.8)
    waves = [np.random.default_rng(0).standard_normal(size) for size in SIZES]
    slow = [microseconds(slow_dft, wave, turning_vectors(len(wave))) for wave in waves]
    axes.loglog(SIZES, slow, marker=".", color=COLOURS[0], label="as defined: N² products")
    fast = [microseconds(np.fft.fft, wave) for wave in waves]
    axes.loglog(SIZES, fast, marker=".", color=COLOURS[1], label="FFT: about N log N")
    axes.set(xlabel="samples N", ylabel="microseconds")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.legend()
    return figure


PICTURES = {
    "square": draw_square,
    "dft_by_hand": draw_by_hand,
    "leakage": draw_leakage,
    "resolution": draw_resolution,
    "fft_speed": draw_speed,
}
SOUNDS = {f"square_{sines}": lambda sines=sines: square_sound(sines) for sines in SINES}
