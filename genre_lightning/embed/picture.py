"""The map of songs as a picture, drawn with matplotlib."""

import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_lightning.embed import style
from genre_lightning.embed.directions import Axes as Directions
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.lettering import Lettering, name_genres, name_songs, shown
from genre_lightning.plotting import literal, missing_glyphs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

WIDTH, HEIGHT, MARGIN, LEGEND_WIDTH = 11.0, 8.0, 0.1, 2.0  # inches
TITLE_LETTERS, SENTENCE_LETTERS = 100, 150  # in a line
DPI = 200  # with which the smallest names can be read in print
LEGEND: Any = {"fontsize": 9, "labelspacing": 0.3, "borderaxespad": 0, "frameon": False}
# Matplotlib's names of the shapes
MARKERS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "inverted_triangle": "v", "hex": "h"}


def map_picture(view: style.MapView) -> "Figure":
    """Every song at its position on the map: genres by colour and shape, splits by fill, mistakes ringed, and the
    names of genres and of as many typical songs as there is room for.
    """
    from matplotlib.figure import Figure

    embeddings, figure = view.embeddings, Figure((WIDTH, HEIGHT))
    figure.set_layout_engine("constrained", w_pad=MARGIN, h_pad=MARGIN)
    axes = figure.add_subplot(xticks=[], yticks=[])
    axes.set_aspect("equal", "datalim")
    axes.spines[:].set_color("#DDDDDD")
    diameter = max(3.0, 14 - 2.7 * np.log10(len(embeddings.tracks)))
    with missing_glyphs():
        write_around(axes, view)
        draw_legends(figure, axes, embeddings)
        draw_songs(axes, embeddings, diameter)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # since names have their places now
        lettering = Lettering(axes, embeddings.positions)
        name_genres(lettering, embeddings)
        name_songs(lettering, embeddings, diameter / 2)
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
    ring = look(style.Mark(style.RING_COLOUR, "circle"), style.RING)
    axes.plot(*positions[wrong].T, **ring, markersize=1.4 * diameter + 1, markeredgewidth=min(1, diameter / 8))


def draw_legends(figure: "Figure", axes: "Axes", embeddings: Embeddings) -> None:
    """The legends of the genres, in as many columns as they take, and of the fills that occur, right of the map.

    A legend that is wider than LEGEND_WIDTH makes the picture wider.
    """
    fills = fill_legend(axes, embeddings)
    axes.add_artist(fills).set_clip_on(False)  # as the layout passes over what is clipped
    figure.draw_without_rendering()
    room = inches(axes)[1] - inches(fills)[1] - MARGIN
    genres = genre_legend(axes, embeddings, columns=1)
    if (height := inches(genres)[1]) > room:
        genres = genre_legend(axes, embeddings, columns=int(np.ceil(height / room)))
    figure.set_figwidth(WIDTH + max(0, inches(genres)[0] - LEGEND_WIDTH))


def genre_legend(axes: "Axes", embeddings: Embeddings, columns: int) -> "Legend":
    """The legend of the genres."""
    full, of_genre = style.FILLS["test"], style.marks(style.shown_genres(embeddings))
    handles = [handle(mark, full, shown(genre)) for genre, mark in of_genre.items()]
    return axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), ncols=columns, **LEGEND)


def fill_legend(axes: "Axes", embeddings: Embeddings) -> "Legend":
    """The legend of the fills that occur, and of the rings."""
    fills, grey = set(style.fill_of_songs(embeddings)), style.Mark("#555555", "circle")
    handles = [handle(grey, fill, fill.label) for fill in (*style.FILLS.values(), style.GUESSED) if fill in fills]
    if style.wrongly_classified(embeddings).any():
        handles.append(handle(style.Mark(style.RING_COLOUR, "circle"), style.RING, style.RING.label))
    return axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(1.01, 0), **LEGEND)


def handle(mark: style.Mark, fill: style.Fill, label: str) -> "Line2D":
    """A mark with its name, for a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **look(mark, fill), markersize=7, label=literal(label))


def inches(drawn: "Axes | Legend") -> np.ndarray:
    """The width and the height of what is drawn."""
    return np.array(drawn.get_window_extent().size) / drawn.figure.dpi


def write_around(axes: "Axes", view: style.MapView) -> None:
    """Write the title and the run's name above the map, and a sentence below it."""
    left = {"x": MARGIN / WIDTH, "ha": "left", "parse_math": False}
    axes.figure.suptitle(textwrap.fill(view.title, TITLE_LETTERS), fontsize=13, weight="bold", **left)
    axes.set_title(view.source, fontsize=8, color="#666666", loc="left", parse_math=False)
    axes.figure.supxlabel(textwrap.fill(view.sentence, SENTENCE_LETTERS), fontsize=9, **left)
    name_axes(axes, view.axes)


def name_axes(axes: "Axes", directions: Directions) -> None:
    """Write along the map what grows to the right and upwards, with the strength of the correlation."""
    for write, of_axis in ((axes.set_xlabel, directions.x), (axes.set_ylabel, directions.y)):
        told = [f"{each.more} ({each.strength:.2f}) →" for each in of_axis]
        write("     ".join(told), fontsize=9, color="#666666", parse_math=False)


def look(mark: style.Mark, fill: style.Fill) -> dict[str, Any]:
    """The arguments with which matplotlib draws a mark."""
    colours = {"markerfacecolor": (mark.colour, fill.inside), "markeredgecolor": (mark.colour, fill.edge)}
    return {"marker": MARKERS[mark.shape], "linestyle": "none", **colours}
