"""The part of the page that Bokeh draws: marks, rings and lines, empty until the page's script fills them."""

from typing import TYPE_CHECKING

from genre_lightning.embed.style import RING_COLOUR

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure

# With more songs than this, Bokeh leaves some out while the map is moving.
THINNED_FROM = 20_000


def empty_plot() -> "tuple[figure, dict[str, ColumnDataSource]]":
    """A plot without axes, and the sources of its layers by their names.

    It uses a plain canvas: without a GPU that draws 10,000 marks four times as fast as WebGL, and the page is lighter.
    """
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    plot = figure(
        name="map", x_range=Range1d(), y_range=Range1d(), tools="pan,wheel_zoom", active_scroll="wheel_zoom",
        sizing_mode="stretch_both", toolbar_location=None, min_border=0, lod_threshold=THINNED_FROM,
        outline_line_color=None, background_fill_color=None, border_fill_color=None,
    )  # fmt: skip
    plot.axis.visible = False
    plot.grid.visible = False
    return plot, add_layers(plot)


def add_layers(plot: "figure") -> "dict[str, ColumnDataSource]":
    """Add the empty layers, from the lowest to the topmost."""
    lines, marks = empty("x0", "y0", "x1", "y1"), empty("x", "y", "size", "shape", "colour", "inside", "edge")
    plot.segment("x0", "y0", "x1", "y1", source=lines, line_color=RING_COLOUR, line_alpha=0.35)
    plot.scatter(
        "x", "y", size="size", marker="shape", source=marks,
        fill_color="colour", fill_alpha="inside", line_color="colour", line_alpha="edge",
    )  # fmt: skip
    layers = {"lines": lines, "marks": marks}
    for name, width in (("rings", 1.1), ("chosen", 2.5)):
        layers[name] = empty("x", "y", "size")
        look = {"fill_color": None, "line_color": RING_COLOUR, "line_width": width}
        plot.scatter("x", "y", size="size", source=layers[name], **look)
    return layers


def empty(*columns: str) -> "ColumnDataSource":
    """A source whose columns the page's script fills."""
    from bokeh.models import ColumnDataSource

    return ColumnDataSource({column: [] for column in columns})
