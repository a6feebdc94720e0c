"""Sections 3 and 5 of the theory: from a wave to its spectrogram, decibels, the mel scale, and back to sound."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from docs.figures.drawing import SAMPLE_RATE, draw_mel, draw_spectrogram, in_db, name_colours, panels, power_spectrogram
from genre_lightning.audio.recording import Waveform
from genre_lightning.demo.song import compose_song
from genre_lightning.features.mel import LogMel
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_FFT, HOP_LENGTH = 2048, 512  # as in conf/features
FRAME = 80  # of the song, that is looked at alone
ITERATIONS = 100  # of Griffin and Lim's


@cache
def song() -> Waveform:
    """Five seconds of a composed jazz song, `(samples,)` at SAMPLE_RATE."""
    return compose_song(seed=0, genre="jazz", artist=3, number=0, seconds=5, overlap=0.06)


def frame() -> Waveform:
    """One frame of the song, `(N_FFT,)`."""
    start = FRAME * HOP_LENGTH - N_FFT // 2
    return song()[start : start + N_FFT]


def draw_steps() -> "Figure":
    """A frame of the song, its windowed self, its spectrum, and the spectrogram in which it is one column."""
    figure, (cut, spectrum, whole) = panels(1, 3, width=10, height=2.8)
    window = np.hanning(N_FFT + 1)[:N_FFT]
    milliseconds = 1000 * np.arange(N_FFT) / SAMPLE_RATE
    cut.plot(milliseconds, frame(), color="0.7", label="frame")
    cut.plot(milliseconds, frame() * window, color=COLOURS[0], label="times the window")
    cut.set(title=f"1. cut {N_FFT} samples", xlabel="milliseconds", ylabel="amplitude", ylim=(-0.5, 0.6))
    cut.legend(loc="upper right", ncols=2)
    power = np.abs(np.fft.rfft(frame() * window)) ** 2
    spectrum.plot(np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE) / 1000, in_db(power), color=COLOURS[0], linewidth=0.7)
    spectrum.set(title="2. power of each sine in them", xlabel="kHz", ylabel="dB re the loudest")
    draw_spectrogram(whole, song(), SAMPLE_RATE, N_FFT, HOP_LENGTH)
    whole.axvline(FRAME * HOP_LENGTH / SAMPLE_RATE, color="white", linewidth=0.8, linestyle="--")
    whole.set_title("3. one column of many")
    name_colours([whole])
    return figure


def draw_decibels() -> "Figure":
    """The same spectrogram as power and in decibels."""
    figure, (linear, logarithmic) = panels(1, 2, height=2.6)
    power = power_spectrogram(song(), N_FFT, HOP_LENGTH).numpy()
    place = (0, len(song()) / SAMPLE_RATE, 0, SAMPLE_RATE / 2000)
    shown = linear.imshow(power / power.max(), origin="lower", aspect="auto", cmap="magma", extent=place)
    linear.set(title="power, linear", xlabel="seconds", ylabel="kHz")
    figure.colorbar(shown, ax=linear, label="part of the loudest")
    draw_spectrogram(logarithmic, song(), SAMPLE_RATE, N_FFT, HOP_LENGTH)
    logarithmic.set_title("the same in decibels")
    name_colours([logarithmic])
    return figure


def mel(hz: npt.ArrayLike, scale: str) -> npt.NDArray[np.float64]:
    """Frequencies in mel by the formula of "htk" or of "slaney"."""
    frequencies = np.asarray(hz, float)
    if scale == "htk":
        return 2595 * np.log10(1 + frequencies / 700)
    logarithmic = 15 + 27 * np.log(np.maximum(frequencies, 1000) / 1000) / np.log(6.4)
    return np.where(frequencies < 1000, 3 * frequencies / 200, logarithmic)


def draw_scales() -> "Figure":
    """Both formulas of the mel scale, and the filter bank of the project with few bands."""
    figure, (curves, bank) = panels(1, 2, width=9, height=2.8)
    hz = np.linspace(0, SAMPLE_RATE / 2, 500)
    for scale, colour in zip(("slaney", "htk"), COLOURS, strict=False):
        values = mel(hz, scale)
        curves.plot(hz / 1000, values / values[-1], color=colour, label=scale)
    curves.set(title="mel over Hz, both brought to 1 at the end", xlabel="kHz")
    curves.legend()
    filters = LogMel(n_mels=12).filters.numpy()
    for band, row in enumerate(filters.T):
        bank.plot(np.arange(len(row)) * SAMPLE_RATE / N_FFT / 1000, row, color=COLOURS[band % 2], linewidth=0.9)
    bank.set(title="LogMel(n_mels=12).filters", xlabel="kHz", ylabel="weight of a bin")
    return figure


def griffin_lim(power: torch.Tensor) -> Waveform:
    """A wave that has about the power spectrogram `(bins, frames)` (Griffin and Lim 1984; phases from the seed)."""
    from torchaudio.functional import griffinlim

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        window = torch.hann_window(N_FFT, periodic=True)
        settings = {"n_iter": ITERATIONS, "momentum": 0.0, "length": len(song()), "rand_init": True}
        return griffinlim(power, window, N_FFT, HOP_LENGTH, N_FFT, 2.0, **settings).numpy()


def spread(bands: torch.Tensor) -> torch.Tensor:
    """Mel bands `(n_mels, frames)` back on the bins, `(bins, frames)`: the least spectra that give these bands.

    What lay within a band is lost: of all that would fit, they are one.
    """
    from torchaudio.transforms import InverseMelScale

    settings = LogMel(n_mels=len(bands))
    filters = settings.norm, settings.mel_scale
    return InverseMelScale(N_FFT // 2 + 1, len(bands), SAMPLE_RATE, 0.0, settings.f_max, *filters)(bands)


@cache
def heard(kind: str) -> Waveform:
    """The song made again from its spectrogram ("bins"), or from so many mel bands ("64")."""
    if kind == "bins":
        return griffin_lim(power_spectrogram(song(), N_FFT, HOP_LENGTH))
    return griffin_lim(spread(LogMel(n_mels=int(kind)).band_power(torch.tensor(song())).T))


def draw_mel_beside() -> "Figure":
    """The ordinary spectrogram beside the mel spectrogram, and below them those of the sounds made from them again."""
    figure, (bins, bands, from_bins, from_bands) = panels(2, 2, width=9, height=4.8)
    shown = {bins: ("1025 bins a frame", song()), from_bins: ("sound made again from the bins", heard("bins"))}
    shown[from_bands] = "sound made again from the bands", heard("64")
    for panel, (title, waveform) in shown.items():
        draw_spectrogram(panel, waveform, SAMPLE_RATE, N_FFT, HOP_LENGTH)
        panel.set_title(title)
    draw_mel(bands, LogMel()(torch.tensor(song())).numpy(), len(song()) / SAMPLE_RATE)
    bands.set_title("64 mel bands a frame")
    name_colours([bins, bands, from_bins, from_bands])
    return figure


PICTURES = {
    "spectrogram_steps": draw_steps,
    "decibels": draw_decibels,
    "mel": draw_scales,
    "mel_beside": draw_mel_beside,
}
SOUNDS = {
    "song": lambda: (song(), SAMPLE_RATE),
    "song_from_bins": lambda: (heard("bins"), SAMPLE_RATE),
    "song_from_64_mel_bands": lambda: (heard("64"), SAMPLE_RATE),
    "song_from_16_mel_bands": lambda: (heard("16"), SAMPLE_RATE),
}
