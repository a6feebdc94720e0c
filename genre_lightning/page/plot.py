"""The part of the page that Bokeh draws: marks, rings and lines, empty until the page's script fills them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from genre_lightning.legend import RING_COLOUR

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure

MARK_COLUMNS = ("x", "y", "size", "colour", "inside", "edge")
RING_COLUMNS = ("x", "y", "size")


def draw_map(shapes: Iterable[str]) -> "tuple[figure, dict[str, ColumnDataSource]]":
    """A bare plot, and by name the sources of its layers: lines, one layer a shape of marks, rings and chosen."""
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    plot = figure(
        name="map", x_range=Range1d(), y_range=Range1d(), tools="pan,wheel_zoom", active_scroll="wheel_zoom",
        sizing_mode="stretch_both", output_backend="webgl", toolbar_location=None, min_border=0, lod_threshold=None,
        outline_line_color=None, background_fill_color=None, border_fill_color=None,
    )  # fmt: skip
    plot.axis.visible = False
    plot.grid.visible = False
    return plot, draw_layers(plot, shapes)


def draw_layers(plot: "figure", shapes: Iterable[str]) -> "dict[str, ColumnDataSource]":
    """Say how each layer looks, from the lowest to the topmost; each shape apart, or WebGL mixes them up."""
    layers = {"lines": empty("x0", "y0", "x1", "y1")}
    plot.segment("x0", "y0", "x1", "y1", source=layers["lines"], line_color=RING_COLOUR, line_alpha=0.35)
    for shape in shapes:
        layers[shape] = empty(*MARK_COLUMNS)
        plot.scatter(
            "x", "y", size="size", marker=shape, source=layers[shape],
            fill_color="colour", fill_alpha="inside", line_color="colour", line_alpha="edge",
        )  # fmt: skip
    for name, width in (("rings", 1.1), ("chosen", 2.5)):
        layers[name] = empty(*RING_COLUMNS)
        plot.scatter(
            "x", "y", size="size", source=layers[name], fill_color=None, line_color=RING_COLOUR, line_width=width
        )
    return layers


def empty(*columns: str) -> "ColumnDataSource":
    """A source whose columns the page's script will fill."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({column: [] for column in columns})
