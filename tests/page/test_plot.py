from bokeh.core.validation.check import check_integrity
from bokeh.models import Scatter

from genre_lightning.page.plot import draw_map


def test_every_layer_is_drawn_in_order_and_waits_empty():
    plot, layers = draw_map(["circle", "square"])
    assert [renderer.data_source for renderer in plot.renderers] == list(layers.values())
    assert list(layers) == ["lines", "circle", "square", "rings", "chosen"]
    assert all(len(column) == 0 for layer in layers.values() for column in layer.data.values())
    assert [glyph.marker for glyph in plot.select(Scatter)] != []
    assert not check_integrity([plot]).error


def test_marks_get_their_looks_from_their_source():
    plot, layers = draw_map(["triangle"])
    (glyph,) = [renderer.glyph for renderer in plot.renderers if renderer.data_source is layers["triangle"]]
    assert glyph.marker == "triangle"
    assert {glyph.size, glyph.fill_color, glyph.fill_alpha, glyph.line_alpha} <= set(layers["triangle"].data)
