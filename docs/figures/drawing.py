"""What the theory's pictures and sounds share: panels, spectrograms on one scale of dB, and files that are small."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
import torch

from genre_lightning.audio.recording import Waveform
from genre_lightning.features.mel import LogMel
from genre_lightning.features.picture import SHOWN_DB, decibels
from genre_lightning.plotting import save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SAMPLE_RATE = 22050  # as in conf/features; of all sounds here but those that are about the sampling rate
LEVEL = 0.5  # of all sounds in their files, so that they can be compared by ear; none of them has a peak of 2


def panels(rows: int, columns: int, width: float = 8.0, height: float = 0.0) -> tuple["Figure", list["Axes"]]:
    """A figure of `rows` times `columns` panels and the panels, row by row; 2 inches a row unless `height` is given."""
    from matplotlib.figure import Figure

    figure = Figure((width, height or 2.0 * rows + 0.3), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def power_spectrogram(waveform: Waveform, n_fft: int, hop_length: int) -> torch.Tensor:
    """The power of each bin of each frame, `(n_fft // 2 + 1, frames)`; window and padding as our features have."""
    window = torch.hann_window(n_fft, periodic=True)
    settings = {"window": window, "pad_mode": "constant", "return_complex": True}
    return torch.stft(torch.tensor(waveform), n_fft, hop_length, **settings).abs().square()


def in_db(power: npt.ArrayLike) -> npt.NDArray[Any]:
    """Powers in dB re the largest of them."""
    values, (_, loudest) = decibels(torch.as_tensor(power))
    return values.numpy() - loudest


def draw_db(axes: "Axes", rows: npt.NDArray[Any], place: tuple[float, float, float, float]) -> None:
    """Draw rows of dB re the loudest over seconds, down to SHOWN_DB below it; `place` has the ends of both axes."""
    axes.imshow(rows, origin="lower", aspect="auto", cmap="magma", extent=place, vmin=-SHOWN_DB, vmax=0)
    axes.set_xlabel("seconds")


def draw_spectrogram(axes: "Axes", waveform: Waveform, sample_rate: int, n_fft: int, hop_length: int = 0) -> None:
    """A spectrogram over seconds and kHz; the hop is a quarter of `n_fft` unless it is given."""
    rows = in_db(power_spectrogram(waveform, n_fft, hop_length or n_fft // 4))
    draw_db(axes, rows, (0, len(waveform) / sample_rate, 0, sample_rate / 2000))
    axes.set_ylabel("kHz")


def draw_mel(axes: "Axes", frames: npt.NDArray[Any], seconds: float) -> None:
    """Mel bands in dB, `(frames, bands)` by the settings of conf/features/logmel.yaml, that last so many seconds."""
    draw_db(axes, frames.T - frames.max(), (0, seconds, -0.5, frames.shape[1] - 0.5))
    label, named = LogMel().ticks()
    axes.set_yticks([*named], [*named.values()])
    axes.set_ylabel(label)


def name_colours(axes: Sequence["Axes"]) -> None:
    """One colour bar beside all these panels, whose colours `draw_db` has given them."""
    axes[-1].figure.colorbar(axes[-1].images[0], ax=[*axes], label="dB re the loudest")


def write_picture(name: str, draw: Callable[[], "Figure"], folder: Path) -> None:
    """Draw a picture and write it."""
    from matplotlib import rc_context

    with rc_context({"font.size": 8, "axes.titlesize": 9, "legend.fontsize": 7}):
        figure = draw()
        figure.draw_without_rendering()  # where both axes have one scale, a second layout finds room for the titles
        save_picture(figure, folder / f"{name}.png", few_colours=True)


def write_sound(name: str, make: Callable[[], tuple[Waveform, int]], folder: Path) -> None:
    """Make a sound, `(samples,)` and its sampling rate in Hz, and write it, all of them by the same factor."""
    import soundfile

    waveform, sample_rate = make()
    soundfile.write(folder / "sounds" / f"{name}.wav", LEVEL * waveform, sample_rate)
