"""A sound as a picture: wave, spectrum, spectrogram, mel spectrogram and MFCC, one below the other."""

from collections.abc import Sequence
from math import floor, inf, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from genre_lightning.audio.reading import checked, decode
from genre_lightning.audio.recording import LengthError, Recording, Wanted, Waveform
from genre_lightning.features.base import Features
from genre_lightning.features.mel import MFCC, LogMel
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS, ROWS = 1000, 200  # of a picture, at most: about as many as it has pixels
HERTZ = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)  # named at the spectrum, from where people hear
LONG_SECONDS = 1200.0  # of two hours, all samples would take gigabytes
SHOWN_DB = 80.0  # below the loudest value, as in the features
MARGINS = {"left": 0.1, "right": 0.88, "bottom": 0.055, "top": 0.93, "hspace": 0.45}  # a layout costs as much again
FEW = 100  # samples; each is drawn as a dot, too
EDGE = 2  # columns on either side whose windows reach beyond the sound
FLOOR = 1e-20  # -200 dB, of what is silent
OWN_SCALE = "standard deviations"
OWN_RANGE = 3.0  # of these, up and down, where features have no scale in common
LEAST_STD = 1e-3  # less is rounding
Frames = npt.NDArray[Any]
Span = tuple[float, float]  # from, to


def read_to_draw(path: Path, max_seconds: float = inf) -> Recording:
    """A song at its own sample rate, or a long one at that of the features. Raises AudioError."""
    try:
        return checked(decode(path, Wanted(max_seconds=LONG_SECONDS)))
    except LengthError:
        return checked(decode(path, Wanted(LogMel.sample_rate, max_seconds)))


def sound_picture(waveform: Waveform, sample_rate: int, title: str, start: float = 0.0) -> "Figure":
    """A sound's wave, spectrum, spectrogram, mel spectrogram and MFCC, all but the spectrum on one time axis.

    Spectrum and spectrogram have windows as long as those of the features; mel spectrogram and MFCC are features by
    their usual settings. All show the sound as it is: networks learn from songs at one level, without their silences.

    Args:
        waveform: `(samples,)`, at least one; full scale is 1.
        sample_rate: In Hz.
        title: What is written above it.
        start: Where in its song the sound begins, in seconds.
    """
    from matplotlib.figure import Figure

    figure, powers = Figure((8, 9)), column_powers(waveform, sample_rate)
    figure.suptitle(title, fontsize="medium", y=0.985, parse_math=False)  # names of songs hold dollar signs
    figure.subplots_adjust(**MARGINS)
    wave, spectrum, spectrogram, mel, mfcc = figure.subplots(5, height_ratios=(2, 3, 3, 3, 3))
    for below in (spectrogram, mel, mfcc):
        below.sharex(wave)
    span, heard = (start, start + len(waveform) / sample_rate), resampled(waveform, sample_rate, LogMel.sample_rate)
    draw_wave(wave, waveform, sample_rate, span)
    draw_spectrum(spectrum, powers, sample_rate)
    draw_spectrogram(spectrogram, powers, sample_rate, span)
    draw_mel(mel, heard, span)
    draw_mfcc(mfcc, heard, span)
    return figure


def excerpt_picture(recording: Recording, name: str, start: float = 0.0, seconds: float = inf) -> "Figure":
    """`sound_picture` of a part of a recording, which its title tells behind the `name`."""
    rate, samples = recording.sample_rate, len(recording.waveform)
    first = min(round(start * rate), samples - 1)
    end = max(first + 1, round(min((start + seconds) * rate, samples)))
    decimals = max(2, 1 - floor(log10((end - first) / rate)))  # enough to tell a short part's ends apart
    part, whole, begin, stop = (f"{n / rate:.{decimals}f}" for n in (end - first, samples, first, end))
    told = f"{whole} s" if part == whole else f"{begin} to {stop} s of {whole} s"
    return sound_picture(recording.waveform[first:end], rate, f"{name}, {told}", first / rate)


def in_groups(values: Tensor, most: int) -> Sequence[Tensor]:
    """Neighbouring values, or frames, together, so that there are not more than `most` of them."""
    edges = torch.linspace(0, len(values), min(most, len(values)) + 1, dtype=torch.float64).long()
    return values.tensor_split(edges[1:-1].tolist())


def column_powers(waveform: Waveform, sample_rate: int) -> Tensor:
    """The mean power spectrum of the windows in each column, `(columns, bins)`; that of a full-scale sine is 1."""
    halves = (LogMel.n_fft // 2, LogMel.hop_length // 2)
    n_fft, hop = (2 * round(n * sample_rate / LogMel.sample_rate) for n in halves)  # the last bin is the highest pitch
    window = torch.hann_window(n_fft, periodic=True)
    window *= 2 / window.sum()
    padded = nn.functional.pad(torch.from_numpy(waveform), (n_fft // 2, n_fft // 2))
    groups = in_groups(padded.unfold(0, n_fft, hop), COLUMNS)
    return torch.stack([torch.fft.rfft(frames * window).abs().square_().mean(dim=0) for frames in groups])


def resampled(waveform: Waveform, sample_rate: int, wanted: int) -> Tensor:
    """The waveform at another sample rate."""
    import soxr

    return torch.from_numpy(soxr.resample(waveform, sample_rate, wanted, "HQ"))


def decibels(powers: Tensor) -> tuple[Tensor, Span]:
    """Powers in dB, and from where to where they are shown."""
    values = 10 * powers.clamp(min=FLOOR).log10()
    loudest = float(values.max())
    return values, (loudest - SHOWN_DB, loudest)


def draw_wave(axes: "Axes", waveform: Waveform, sample_rate: int, span: Span) -> None:
    """The wave; of a long one, a line from the lowest to the highest sample of each column."""
    ranges = [(float(group.min()), float(group.max())) for group in in_groups(torch.from_numpy(waveform), COLUMNS)]
    values = np.ravel(ranges) if len(ranges) < len(waveform) else waveform
    middles = np.linspace(*span, 2 * len(values) + 1)[1::2]
    marker = "." if len(values) <= FEW else None
    axes.plot(middles, values, color=COLOURS[0], linewidth=0.6, marker=marker)
    highest = 1.2 * float(np.abs(values).max()) or 1.0
    axes.set(xlim=span, ylim=(-highest, highest))
    name_seconds(axes)
    name_panel(axes, f"Wave: {sample_rate:,} samples a second; full scale is 1", "amplitude")


def draw_spectrum(axes: "Axes", powers: Tensor, sample_rate: int) -> None:
    """The mean power of each bin, over frequencies as we hear them."""
    inside = powers[EDGE:-EDGE] if len(powers) > 2 * EDGE else powers
    hertz = torch.linspace(0, sample_rate / 2, powers.shape[1])
    heard = hertz >= HERTZ[0]  # an offset is no part of it
    values, shown = decibels(inside.mean(dim=0)[heard])
    axes.plot(hertz[heard].numpy(), values.numpy(), color=COLOURS[0], linewidth=0.8)
    axes.set(xscale="log", xlim=(HERTZ[0], sample_rate / 2), ylim=(shown[0], shown[1] + 5))
    axes.set_xlabel("Hz", loc="right")
    named = [hertz for hertz in HERTZ if hertz <= sample_rate / 2]
    axes.set_xticks(named, [*map(str, named)])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    name_panel(axes, "Spectrum: the mean of the spectrogram over time", "dB")


def draw_spectrogram(axes: "Axes", powers: Tensor, sample_rate: int, span: Span) -> None:
    """The spectrogram of the sound as it is; the loudest of the bins in a row, or a lone tone would not be seen."""
    rows = torch.stack([bins.amax(dim=0) for bins in in_groups(powers.T, ROWS)])
    values, shown = decibels(rows)
    draw_image(axes, values, (*span, 0, sample_rate / 2), shown, "dB")
    milliseconds = 1000 * LogMel.n_fft / LogMel.sample_rate
    name_panel(axes, f"Spectrogram: windows of {milliseconds:.0f} ms; 0 dB is a sine at full scale", "Hz")
    axes.tick_params(labelbottom=False)


def draw_mel(axes: "Axes", waveform: Tensor, span: Span) -> None:
    """The mel spectrogram of a sound at the sample rate of the features."""
    features = LogMel()
    draw_features(axes, features, features(waveform), span)
    title = f"Mel spectrogram: {features.n_mels} bands of the sound at {features.sample_rate:,} samples a second"
    name_panel(axes, title, features.ticks()[0])
    axes.tick_params(labelbottom=False)


def draw_mfcc(axes: "Axes", waveform: Tensor, span: Span) -> None:
    """The MFCC of a sound at the sample rate of the features."""
    features = MFCC()
    frames = features(waveform)
    draw_features(axes, features, frames, span)
    first, *_, last = frames.std(dim=0, correction=0).tolist()
    stds = f"{first:.1f} dB for 0, {last:.1f} dB for {features.n_mfcc - 1}"
    name_panel(axes, f"MFCC: each less its mean, over its standard deviation ({stds})", features.ticks()[0])
    name_seconds(axes)


def draw_features(axes: "Axes", features: Features, frames: Tensor, span: Span) -> None:
    """Features over time, on the axis that they name."""
    (values,), unit = comparable([frames.numpy()], features)
    columns = torch.stack([group.mean(dim=0) for group in in_groups(torch.from_numpy(values), COLUMNS)])
    shown = (float(columns.min()), float(columns.max())) if features.has_one_scale else (-OWN_RANGE, OWN_RANGE)
    draw_image(axes, columns.T, (*span, -0.5, features.n_features - 0.5), shown, unit)
    _, named = features.ticks()
    axes.set_yticks([*named], [*named.values()])


def draw_image(axes: "Axes", rows: Tensor, place: tuple[float, float, float, float], shown: Span, unit: str) -> None:
    """Values as colours, and what these mean beside them; `place` has the ends of both axes."""
    low, high = shown
    image = axes.imshow(rows.numpy(), extent=place, vmin=low, vmax=high, origin="lower", aspect="auto", cmap="magma")
    axes.figure.colorbar(image, cax=axes.inset_axes((1.01, 0, 0.02, 1)), label=unit)


def name_panel(axes: "Axes", title: str, label: str) -> None:
    """Say above a panel what it shows, and beside it in what."""
    axes.set_title(title, fontsize="medium", loc="left")
    axes.set_ylabel(label)
    axes.yaxis.set_label_coords(-0.09, 0.5)  # one below the other


def name_seconds(axes: "Axes") -> None:
    """Say below a panel what is on its time axis, each tick with its whole time."""
    axes.set_xlabel("seconds", loc="right")
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.locator_params(axis="x", nbins=6)  # of hours, too, each has room


def comparable(windows: Sequence[Frames], features: Features) -> tuple[list[Frames], str]:
    """Windows `(frames, n_features)` as one scale of colours can show them, and the unit of that scale.

    Features that have no scale in common are each scaled by itself, to mean 0 and standard deviation 1 over all
    windows; what lies further than OWN_RANGE from the mean is taken there, or it would leave the others no colours.
    """
    if features.has_one_scale:
        return [*windows], features.unit
    every = np.concatenate([*windows])
    means, stds = every.mean(axis=0), every.std(axis=0).clip(min=LEAST_STD)
    return [((window - means) / stds).clip(-OWN_RANGE, OWN_RANGE) for window in windows], OWN_SCALE
