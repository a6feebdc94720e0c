from bokeh.core.validation.check import check_integrity

from genre_lightning.embed.page.plot import empty_plot


def test_every_layer_is_drawn_in_order_and_waits_empty():
    plot, layers = empty_plot()
    assert [renderer.data_source for renderer in plot.renderers] == list(layers.values())
    assert list(layers) == ["lines", "marks", "rings", "chosen"]
    assert all(len(column) == 0 for layer in layers.values() for column in layer.data.values())
    assert not check_integrity([plot]).error


def test_marks_get_their_looks_from_their_source():
    plot, layers = empty_plot()
    glyph = plot.renderers[1].glyph
    looks = {glyph.marker, glyph.size, glyph.fill_color, glyph.fill_alpha, glyph.line_color, glyph.line_alpha}
    assert looks <= set(layers["marks"].data)
