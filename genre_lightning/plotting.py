"""What all pictures share: colours, text that is no formula, and files that are there whole."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours that show on white, and two dark ones of Paul Tol's: whatever the kind of colour blindness, no
# two of them come closer than 16 in CIELAB, where 2 is just noticed. From the ninth genre on, the shape changes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#332288")


def literal(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a PNG whole or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # names in scripts that the font does not know
        figure.savefig(unfinished, format="png", dpi=120)
    unfinished.replace(path)
