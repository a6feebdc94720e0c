"""The map of songs as a picture, drawn with matplotlib."""

import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_lightning.embed import style
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.plotting import literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LETTERS_PER_LINE = 130  # of the text under the map
# Matplotlib's names of the shapes
MARKERS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "inverted_triangle": "v", "hex": "h"}


def map_picture(view: style.MapView) -> "Figure":
    """Every song at its position on the map: genres by colour and shape, splits by fill, mistakes ringed."""
    from matplotlib.figure import Figure

    embeddings, (metrics, squeeze) = view.embeddings, view.captions
    figure = Figure((11, 8), layout="constrained")
    axes = figure.add_subplot(xticks=[], yticks=[])
    axes.set_title(view.title, parse_math=False)
    axes.set_aspect("equal", "datalim")
    axes.spines[:].set_color("#DDDDDD")
    draw_songs(axes, embeddings, diameter=max(3.0, 14 - 2.7 * np.log10(len(embeddings.tracks))))
    name_genres(axes, embeddings)
    draw_legends(axes, embeddings)
    figure.supxlabel("\n".join([*textwrap.wrap(metrics, LETTERS_PER_LINE), squeeze]), fontsize=9)
    return figure


def draw_songs(axes: "Axes", embeddings: Embeddings, diameter: float) -> None:
    """A mark for each song, the full ones over the pale ones, and rings around those that were wrongly classified."""
    positions, looks = embeddings.positions, defaultdict(list)
    for row, song in enumerate(zip(style.fill_of_songs(embeddings), style.genre_of_songs(embeddings), strict=True)):
        looks[song].append(row)
    of_genre = style.marks(style.shown_genres(embeddings))
    for (fill, genre), rows in sorted(looks.items(), key=lambda each: (each[0][0].layer, each[0][0].inside)):
        axes.plot(*positions[rows].T, **look(of_genre[genre], fill), markersize=diameter)
    wrong = style.wrongly_classified(embeddings)
    axes.plot(*positions[wrong].T, **look(style.Mark(style.RING_COLOUR, "circle"), style.RING), markersize=diameter + 4)


def name_genres(axes: "Axes", embeddings: Embeddings) -> None:
    """The genres' names at the centres of their clouds."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white", alpha=0.85)]
    for genre, centre in style.genre_centres(embeddings).items():
        axes.text(centre[0], centre[1], literal(genre), weight="bold", ha="center", va="center", path_effects=halo)


def draw_legends(axes: "Axes", embeddings: Embeddings) -> None:
    """The legends of the genres and of the fills that occur, to the right of the map."""
    from matplotlib.lines import Line2D

    def handle(mark: style.Mark, fill: style.Fill, label: str) -> Line2D:
        return Line2D([], [], **look(mark, fill), markersize=7, label=literal(label))

    of_genre, fills = style.marks(style.shown_genres(embeddings)), set(style.fill_of_songs(embeddings))
    grey, full = style.Mark("#555555", "circle"), style.FILLS["test"]
    by_genre = [handle(mark, full, genre) for genre, mark in of_genre.items()]
    by_fill = [handle(grey, fill, fill.label) for fill in (*style.FILLS.values(), style.GUESSED) if fill in fills]
    by_fill.append(handle(style.Mark(style.RING_COLOUR, "circle"), style.RING, style.RING.label))
    beside = axes.legend(handles=by_genre, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    axes.add_artist(beside)
    axes.legend(handles=by_fill, loc="lower left", bbox_to_anchor=(1.01, 0), frameon=False)


def look(mark: style.Mark, fill: style.Fill) -> dict[str, Any]:
    """The arguments with which matplotlib draws a mark."""
    colours = {"markerfacecolor": (mark.colour, fill.inside), "markeredgecolor": (mark.colour, fill.edge)}
    return {"marker": MARKERS[mark.shape], "linestyle": "none", **colours}
