import numpy as np
import pytest

from genre_lightning.plotting import save_picture
from genre_lightning.predict.timeline import timeline_picture


def test_a_timeline_is_layers_that_fill_the_time(tmp_path):
    figure = timeline_picture([0, 60, 150], [[0.25, 0.75], [0.5, 0.5]], ["jazz", "rock"], r"a $\frac{$")
    (axes,) = figure.axes
    jazz, rock = ([tuple(point) for point in layer.get_paths()[0].vertices] for layer in axes.collections)
    assert {(0, 0.25), (60, 0.25), (60, 0.5), (150, 0.5)} < set(jazz) and {(0, 1), (150, 1)} < set(rock)
    assert (axes.get_xlim(), axes.get_ylim(), axes.get_title()) == ((0, 150), (0, 1), r"a $\frac{$")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["rock", "jazz"]
    save_picture(figure, tmp_path / "timeline.png")
    assert [label.get_text() for label in axes.get_xticklabels()][1:4] == ["0:00", "0:30", "1:00"]


def test_silence_is_grey_and_named_and_only_where_there_is_some():
    (axes,) = timeline_picture([0, 1, 2], [[0.4, 0.6], [0.0, 0.0]], ["jazz", "rock"], "song").axes
    assert [text.get_text() for text in axes.figure.legends[0].get_texts()] == ["rock", "jazz", "silence"]
    tops = [dict(layer.get_paths()[0].vertices.tolist()) for layer in axes.collections]
    assert all(top[2] == 0 for top in tops), "a layer covers the silence"
    (axes,) = timeline_picture([0, 1], [[0.4, 0.6]], ["jazz", "rock"], "song").axes
    assert not axes.patches


@pytest.mark.parametrize("seconds", [0.01, 3, 30, 3600 * 30])
def test_a_timeline_of_any_length_has_a_few_ticks(seconds):
    (axes,) = timeline_picture([0, seconds], [[1.0]], ["jazz"], "song").axes
    assert 1 <= len([tick for tick in axes.get_xticks() if 0 <= tick <= seconds]) <= 11


def test_every_one_of_twelve_genres_has_a_look_of_its_own():
    genres = [f"genre {number}" for number in range(12)]
    (axes,) = timeline_picture([0, 1], np.full((1, 12), 1 / 12), genres, "song").axes
    assert len({(tuple(layer.get_facecolor()[0]), layer.get_hatch()) for layer in axes.collections}) == 12
