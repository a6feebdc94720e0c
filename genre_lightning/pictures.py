"""What people would rather look at than read: drawn with matplotlib, for a run's folder and for TensorBoard."""

import textwrap
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genre_lightning import legend
from genre_lightning.embedding import Embeddings
from genre_lightning.wording import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours that everybody can tell apart
TRAIN_COLOUR, VAL_COLOUR = "#0072B2", "#D55E00"
LETTERS_A_LINE = 130  # of the text under the map
# matplotlib's names for the shapes of the legend
MARKERS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "inverted_triangle": "v", "hex": "h"}
TICK_SECONDS = (0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400, float("inf"))
HATCHES = ("", "//", "..", "xx", "--", "oo")  # from the ninth genre on


def confusion_picture(counts: np.ndarray, genres: Sequence[str], title: str) -> "Figure":
    """Songs by true genre (row) and predicted genre (column), coloured by their share of the row."""
    from matplotlib.figure import Figure

    size = 2.5 + 0.5 * len(genres)
    figure = Figure((size, size), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="predicted", ylabel="true")
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(genres)), genres, rotation=60, ha="right", parse_math=False)
    axes.set_yticks(range(len(genres)), genres, parse_math=False)
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
        axes.set_title(title, fontsize=9, parse_math=False)
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


def map_picture(embeddings: Embeddings, figures: dict[str, float], title: str) -> "Figure":
    """Every song at its place on the 2-D map: genres by colour and shape, splits by fill, mistakes ringed.

    `figures` of the projection, by names such as "silhouette, test", stand under the map.
    """
    from matplotlib.figure import Figure

    figure = Figure((11, 8), layout="constrained")
    axes = figure.add_subplot(xticks=[], yticks=[])
    axes.set_title(title, parse_math=False)
    axes.set_aspect("equal", "datalim")
    axes.spines[:].set_color("#DDDDDD")
    draw_songs(axes, embeddings, diameter=max(3.0, 14 - 2.7 * np.log10(len(embeddings.tracks))))
    name_genres(axes, embeddings)
    draw_legends(axes, embeddings)
    squeeze = legend.SQUEEZE.format(dimensions=embeddings.vectors.shape[1])
    lines = [*textwrap.wrap(legend.figures_line(figures), LETTERS_A_LINE), squeeze]
    figure.supxlabel("\n".join(lines), fontsize=9)
    return figure


def draw_songs(axes: "Axes", embeddings: Embeddings, diameter: float) -> None:
    """A mark for each song, the full ones over the pale ones, and rings around those that were wrongly classified."""
    place, looks = embeddings.positions, defaultdict(list)
    for row, song in enumerate(zip(legend.fill_of_songs(embeddings), legend.genre_of_songs(embeddings), strict=True)):
        looks[song].append(row)
    of_genre = legend.marks(legend.shown_genres(embeddings))
    for (fill, genre), rows in sorted(looks.items(), key=lambda each: (each[0][0].layer, each[0][0].inside)):
        axes.plot(*place[rows].T, **look(of_genre[genre], fill), markersize=diameter)
    wrong = legend.wrongly_classified(embeddings)
    axes.plot(*place[wrong].T, **look(legend.Mark(legend.RING_COLOUR, "circle"), legend.RING), markersize=diameter + 4)


def name_genres(axes: "Axes", embeddings: Embeddings) -> None:
    """The genres' names at the centres of their clouds."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white", alpha=0.85)]
    for genre, centre in legend.genre_centres(embeddings).items():
        axes.text(centre[0], centre[1], literal(genre), weight="bold", ha="center", va="center", path_effects=halo)


def draw_legends(axes: "Axes", embeddings: Embeddings) -> None:
    """What stands for the genres and the fills that occur, right of the map."""
    from matplotlib.lines import Line2D

    def handle(mark: legend.Mark, fill: legend.Fill, label: str) -> Line2D:
        return Line2D([], [], **look(mark, fill), markersize=7, label=literal(label))

    of_genre, fills = legend.marks(legend.shown_genres(embeddings)), set(legend.fill_of_songs(embeddings))
    grey, full = legend.Mark("#555555", "circle"), legend.FILLS["test"]
    by_genre = [handle(mark, full, genre) for genre, mark in of_genre.items()]
    by_fill = [handle(grey, fill, fill.label) for fill in (*legend.FILLS.values(), legend.GUESSED) if fill in fills]
    by_fill.append(handle(legend.Mark(legend.RING_COLOUR, "circle"), legend.RING, legend.RING.label))
    beside = axes.legend(handles=by_genre, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    axes.add_artist(beside)
    axes.legend(handles=by_fill, loc="lower left", bbox_to_anchor=(1.01, 0), frameon=False)


def look(mark: legend.Mark, fill: legend.Fill) -> dict[str, Any]:
    """How matplotlib draws a mark."""
    colours = {"markerfacecolor": (mark.colour, fill.inside), "markeredgecolor": (mark.colour, fill.edge)}
    return {"marker": MARKERS[mark.shape], "linestyle": "none", **colours}


def literal(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")


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
        layer.set(facecolor=legend.COLOURS[place % len(legend.COLOURS)], edgecolor="white", linewidth=0.3)
        layer.set_hatch(HATCHES[place // len(legend.COLOURS) % len(HATCHES)])
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
