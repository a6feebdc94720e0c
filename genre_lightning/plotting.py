"""What all pictures share: colours, text without formulas, and saving them."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from genre_lightning.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours that show on white, and two dark ones of Paul Tol's: with any kind of colour blindness, no two
# of them come closer than 16 in CIELAB, where 2 is just noticeable. From the ninth genre on, the shape changes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#332288")


def literal(text: str) -> str:
    """Escape dollar signs, so that matplotlib does not read text as a formula."""
    return text.replace("$", r"\$")


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a figure as a PNG file, whole or not at all."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # names in scripts that the font does not have
        write_whole(path, lambda file: figure.savefig(file, format="png", dpi=120))
