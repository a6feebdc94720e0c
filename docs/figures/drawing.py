"""What the theory's pictures and sounds share: panels, and files that are small."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.audio.recording import Waveform
from genre_lightning.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SAMPLE_RATE = 22050  # as in conf/features; of all sounds here but those that are about the sampling rate
COLOURS_IN_A_FILE = 64  # pictures are flat: with so few they look the same, and take a third
DPI = 90


def panels(rows: int, columns: int, width: float = 8.0, height: float = 0.0) -> tuple["Figure", list["Axes"]]:
    """A figure of `rows` times `columns` panels and the panels, row by row; 2 inches a row unless `height` is given."""
    from matplotlib.figure import Figure

    figure = Figure((width, height or 2.0 * rows + 0.3), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def save_small(figure: "Figure", path: Path) -> None:
    """Write a figure as a PNG file of few colours, whole or not at all."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    picture = Image.open(drawn).convert("RGB").quantize(COLOURS_IN_A_FILE, dither=Image.Dither.NONE)
    write_whole(path, lambda file: picture.save(file, format="png", optimize=True))


def write_sound(name: str, make: Callable[[], tuple[Waveform, int]], folder: Path) -> None:
    """Make a sound, `(samples,)` and its sampling rate in Hz, and write it with its loudest sample at a half."""
    import soundfile

    waveform, sample_rate = make()
    level = 0.5 / np.abs(waveform).max()
    soundfile.write(folder / "sounds" / f"{name}.wav", waveform * level, sample_rate)
