"""What people would rather look at than read: drawn with matplotlib, for a run's folder and for TensorBoard."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from genre_lightning.wording import clock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours that everybody can tell apart
TRAIN_COLOUR, VAL_COLOUR = "#0072B2", "#D55E00"
# Those that show on white, and two dark ones of Paul Tol's, for genres; from the ninth genre on they are hatched
GENRE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#332288")
TICK_SECONDS = (0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400, float("inf"))
HATCHES = ("", "//", "..", "xx", "--", "oo")


def confusion_picture(counts: np.ndarray, genres: Sequence[str], title: str) -> "Figure":
    """Songs by true genre (row) and predicted genre (column), coloured by their share of the row."""
    from matplotlib.figure import Figure

    size = 2.5 + 0.5 * len(genres)
    figure = Figure((size, size), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="predicted", ylabel="true")
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(genres)), genres, rotation=60, ha="right")
    axes.set_yticks(range(len(genres)), genres)
    for row, column in np.argwhere(counts):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", color=colour)
    return figure


def spectrogram_picture(windows: Sequence[np.ndarray], titles: Sequence[str]) -> "Figure":
    """A few windows `(frames, features)`, each under its title, time from left to right."""
    from matplotlib.figure import Figure

    figure = Figure((10, 1.2 + 1.5 * len(windows)), layout="constrained")
    for axes, window, title in zip(figure.subplots(len(windows), squeeze=False)[:, 0], windows, titles, strict=True):
        axes.imshow(window.T, origin="lower", aspect="auto", cmap="magma")
        axes.set_title(title, fontsize=9)
        axes.set_xticks([])
        axes.set_ylabel("feature")
    return figure


def curves_picture(curves: dict[str, list[tuple[int, float]]], measures: Sequence[str]) -> "Figure":
    """Train and validation on the same axes, a panel a measure; `curves` holds (step, value) by names like val/loss."""
    from matplotlib.figure import Figure

    figure = Figure((4 * len(measures), 3.2), layout="constrained")
    for axes, measure in zip(figure.subplots(1, len(measures), squeeze=False)[0], measures, strict=True):
        for split, label, colour in (("train", "train, windows", TRAIN_COLOUR), ("val", "val, songs", VAL_COLOUR)):
            if points := curves.get(f"{split}/{measure}"):
                axes.plot(*zip(*points, strict=True), color=colour, label=label)
        axes.set(title=measure, xlabel="training step")
        axes.legend()
    return figure


def timeline_picture(edges: Sequence[float], shares: npt.ArrayLike, genres: Sequence[str], title: str) -> "Figure":
    """The genres of a song over time as layers; `shares` is `(moments, n_genres)`, and `edges`, in seconds, has one
    value more than there are moments.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    figure = Figure((10, 2 + 0.25 * len(genres)), layout="constrained")
    axes = figure.add_subplot(xlabel="minutes and seconds", ylabel="probability", xlim=(0, edges[-1]), ylim=(0, 1))
    axes.set_title(title, parse_math=False)  # names of songs hold dollar signs
    layers = axes.stackplot(edges, *np.concatenate([shares, np.array(shares)[-1:]]).T, labels=genres, step="post")
    for place, layer in enumerate(layers):
        layer.set(facecolor=GENRE_COLOURS[place % len(GENRE_COLOURS)], edgecolor="white", linewidth=0.3)
        layer.set_hatch(HATCHES[place // len(GENRE_COLOURS) % len(HATCHES)])
    axes.xaxis.set_major_locator(MultipleLocator(next(step for step in TICK_SECONDS if edges[-1] <= 10 * step)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    figure.legend(*(side[::-1] for side in axes.get_legend_handles_labels()), loc="outside right upper")
    return figure


def save_picture(figure: "Figure", path: Path) -> None:
    """Write a PNG whole or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # names in scripts that the font does not know
        figure.savefig(unfinished, format="png", dpi=120)
    unfinished.replace(path)
