from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from genre_lightning.data.catalogue import Track
from genre_lightning.embed import style
from genre_lightning.embed.directions import Axes, Direction
from genre_lightning.embed.picture import map_picture, name_axes
from genre_lightning.plotting import save_picture

GENRES = ("clicks", "noise", "tones")
FIGURES = [style.Figure("silhouette", 0.31, "4 test songs", "What it is.")]
PNG = b"\x89PNG\r\n\x1a\n"


def songs_of(split, genre, number=3):
    return [Track(Path(f"{genre}{split}{song}.mp3"), genre, split=split) for song in range(number)]


def drawn(figure):
    """What was drawn: how many songs, marker, opacity inside, opacity of the edge."""
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata())]
    opacities = [(to_rgba(line.get_markerfacecolor())[3], to_rgba(line.get_markeredgecolor())[3]) for line in lines]
    return [(len(line.get_xdata()), line.get_marker(), *each) for line, each in zip(lines, opacities, strict=True)]


def test_the_map_marks_splits_differently_and_rings_mistakes(make_embeddings):
    tracks = songs_of("train", "tones") + songs_of("val", "tones", 2) + songs_of("test", "noise", 4)
    embeddings = make_embeddings(tracks, taken_for={0: "noise", 8: "clicks"})
    figure = map_picture(style.MapView(embeddings, FIGURES, "map of run", "run_1"))
    assert drawn(figure) == [(3, "o", 0.32, 0), (2, "o", 0.32, 1), (4, "o", 1, 0), (2, "o", 0, 1)]
    np.testing.assert_array_equal(figure.axes[0].lines[-1].get_xydata(), embeddings.positions[[0, 8]])
    assert figure.get_suptitle() == "map of run" and figure.axes[0].get_title("left") == "run_1"


def test_the_background_lies_behind_new_songs_also_behind_hollow_ones(make_embeddings):
    embeddings = make_embeddings(songs_of("", "", 2) + songs_of(style.BACKGROUND, "noise", 3))
    figure = map_picture(style.MapView(embeddings, [], "map of others", "run_1"))
    assert [songs[0] for songs in drawn(figure)] == [3, 2]


def test_the_map_explains_itself(make_embeddings):
    embeddings = make_embeddings(
        songs_of("train", "tones") + songs_of("", ""), taken_for={0: "noise", 3: "noise", 4: "noise", 5: "noise"}
    )
    figure = map_picture(style.MapView(embeddings, FIGURES, "run", "run_1"))
    axes = figure.axes[0]
    words = {text.get_text() for found in axes.findobj(Legend) for text in found.get_texts()}
    assert words == {*GENRES, "train", "unknown genre, colour as predicted", "wrongly classified"}
    assert {"noise", "tones"} < {text.get_text() for text in axes.texts}
    assert "silhouette 0.31 (4 test songs)" in figure.get_supxlabel()


def test_twelve_genres_look_different_on_the_map(make_embeddings):
    genres = [f"genre {letter}" for letter in "abcdefghijkl"]
    embeddings = make_embeddings([song for genre in genres for song in songs_of("", genre)], genres)
    axes = map_picture(style.MapView(embeddings, [], "run", "run_1")).axes[0]
    looks = {(line.get_marker(), line.get_markerfacecolor()) for line in axes.lines if len(line.get_xdata())}
    assert len(looks) == 12


@pytest.mark.parametrize("genres", [31, 100])
def test_the_legend_names_every_genre_and_lies_beside_the_map_whole_and_apart_from_the_fills(make_embeddings, genres):
    names = [f"{'contemporary ' * (genre % 2)}genre {genre}" for genre in range(genres)]
    embeddings = make_embeddings([Track(Path("a.mp3"), name, split="test") for name in names], names)
    figure = map_picture(style.MapView(embeddings, FIGURES, "a long title " * 9, "run_1"))
    (axes,) = figure.axes
    legends = axes.findobj(Legend)
    assert {text.get_text() for legend in legends for text in legend.get_texts()} >= set(names)
    room, boxes = figure.bbox, [legend.get_window_extent() for legend in legends]
    assert all(room.x0 <= box.x0 < box.x1 <= room.x1 and room.y0 <= box.y0 < box.y1 <= room.y1 for box in boxes)
    assert not boxes[0].overlaps(boxes[1]) and all(box.x0 >= axes.get_window_extent().x1 for box in boxes)
    assert axes.get_window_extent().width > 0.6 * 11 * figure.dpi


def test_the_axes_say_what_grows_along_them():
    axes, highs = Figure().add_subplot(), Direction("more highs", "fewer highs", 0.625)
    name_axes(axes, Axes((highs,), (highs, Direction("faster", "slower", 0.4)), 40))
    assert axes.get_xlabel() == "more highs (0.62) →" and axes.get_ylabel() == "more highs (0.62) →     faster (0.40) →"


@pytest.mark.parametrize("songs", [1, 2])
def test_the_map_of_a_song_or_two_is_drawn_and_dollars_are_no_formula(make_embeddings, songs, tmp_path):
    embeddings = make_embeddings(songs_of("test", "$ex_a$", songs), ["$ex_a$"])
    nan = style.Figure("silhouette", float("nan"), "no test songs", "")
    view = style.MapView(embeddings, [nan], "$_{", "$_{")
    save_picture(map_picture(view), tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(PNG)
