"""What all pictures share: colours, text without formulas, and saving them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

# Okabe and Ito's colours that show on white, and two dark ones of Paul Tol's: with any kind of colour blindness, no two
# of them come closer than 16 in CIELAB, where 2 is just noticeable. From the ninth genre on, the shape changes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#332288")
DPI = 120


def literal(text: str) -> str:
    """Escape dollar signs, so that matplotlib does not read text as a formula."""
    return text.replace("$", r"\$")


def save_picture(figure: "Figure", path: Path, few_colours: bool = False, dpi: int = DPI) -> None:
    """Write a figure as a PNG file with `dpi` dots per inch, whole or not at all.

    `few_colours` suits spectrograms: with 256, a file has a quarter of the size.
    """
    with missing_glyphs():
        if few_colours:
            picture = in_few_colours(figure, dpi)
            write_whole(path, lambda file: picture.save(file, format="png"))
        else:
            write_whole(path, lambda file: figure.savefig(file, format="png", dpi=dpi))


@contextmanager
def missing_glyphs() -> Iterator[None]:
    """Let names be in scripts that the font does not have, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield


def in_few_colours(figure: "Figure", dpi: int) -> "Image":
    """A figure drawn with a palette of 256 colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # Maximum coverage is off by at most 15 of 255 levels. The fast octree takes 0.07 s less, but is off by up to 50 and
    # makes white grey. Median cut is off by less in the mean but by 60 at lines, and a file is nearly twice as large.
    return drawn.quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
