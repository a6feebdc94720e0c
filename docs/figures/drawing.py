"""What the theory's pictures and sounds share: panels, and files that are small."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genre_lightning.audio.recording import Waveform
from genre_lightning.plotting import save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

SAMPLE_RATE = 22050  # as in conf/features; of all sounds here but those that are about the sampling rate


def panels(rows: int, columns: int, width: float = 8.0, height: float = 0.0) -> tuple["Figure", list["Axes"]]:
    """A figure of `rows` times `columns` panels and the panels, row by row; 2 inches a row unless `height` is given."""
    from matplotlib.figure import Figure

    figure = Figure((width, height or 2.0 * rows + 0.3), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def power_spectrogram(waveform: Waveform, n_fft: int, hop_length: int) -> npt.NDArray[np.float32]:
    """The power of each bin of each frame, `(n_fft // 2 + 1, frames)`; window and padding as our features have."""
    import torch

    window = torch.hann_window(n_fft, periodic=True)
    settings = {"window": window, "pad_mode": "constant", "return_complex": True}
    return torch.stft(torch.tensor(waveform), n_fft, hop_length, **settings).abs().square().numpy()


def in_db(power: npt.NDArray[Any], top_db: float = 80.0) -> npt.NDArray[Any]:
    """Power in dB re its largest value, down to `top_db` below it."""
    return 10 * np.log10(np.maximum(power / power.max(), 10 ** (-top_db / 10)))


def draw_spectrogram(
    axes: "Axes", waveform: Waveform, sample_rate: int, n_fft: int, hop_length: int = 0
) -> "AxesImage":
    """A spectrogram in dB over seconds and kHz; the hop is a quarter of `n_fft` unless it is given."""
    decibels = in_db(power_spectrogram(waveform, n_fft, hop_length or n_fft // 4))
    place = (0, len(waveform) / sample_rate, 0, sample_rate / 2000)
    shown = axes.imshow(decibels, origin="lower", aspect="auto", cmap="magma", extent=place)
    axes.set(xlabel="seconds", ylabel="kHz")
    return shown


def write_picture(name: str, draw: Callable[[], "Figure"], folder: Path) -> None:
    """Draw a picture and write it."""
    from matplotlib import rc_context

    with rc_context({"font.size": 8, "axes.titlesize": 9, "legend.fontsize": 7}):
        save_picture(draw(), folder / f"{name}.png", few_colours=True)


def write_sound(name: str, make: Callable[[], tuple[Waveform, int]], folder: Path) -> None:
    """Make a sound, `(samples,)` and its sampling rate in Hz, and write it; no sample is above a half."""
    import soundfile

    waveform, sample_rate = make()
    level = 0.5 / max(1.0, float(np.abs(waveform).max()))  # so that a soft one stays soft
    soundfile.write(folder / "sounds" / f"{name}.wav", waveform * level, sample_rate)
