from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.legend import Legend

from genre_lightning.data.catalogue import Track
from genre_lightning.embed import style
from genre_lightning.embed.picture import map_picture
from genre_lightning.plotting import save_picture

GENRES = ("clicks", "noise", "tones")
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
    figure = map_picture(style.MapView(embeddings, {"silhouette, test": 0.31}, "map of run"))
    assert drawn(figure) == [(3, "o", 0.32, 0), (2, "o", 0.32, 1), (4, "o", 1, 0), (2, "o", 0, 1)]
    np.testing.assert_array_equal(figure.axes[0].lines[-1].get_xydata(), embeddings.positions[[0, 8]])
    assert figure.axes[0].get_title() == "map of run"


def test_the_background_lies_behind_new_songs_also_behind_hollow_ones(make_embeddings):
    embeddings = make_embeddings(songs_of("", "", 2) + songs_of(style.BACKGROUND, "noise", 3))
    figure = map_picture(style.MapView(embeddings, {}, "map of others"))
    assert [songs[0] for songs in drawn(figure)] == [3, 2]


def test_the_map_explains_itself(make_embeddings):
    embeddings = make_embeddings(
        songs_of("train", "tones") + songs_of("", ""), taken_for={3: "noise", 4: "noise", 5: "noise"}
    )
    figure = map_picture(style.MapView(embeddings, {"silhouette, test": 0.31}, "run"))
    axes = figure.axes[0]
    words = {text.get_text() for found in axes.findobj(Legend) for text in found.get_texts()}
    assert words == {*GENRES, "train", "unknown genre, colour as predicted", "wrongly classified"}
    assert [text.get_text() for text in axes.texts] == ["noise", "tones"]
    assert figure.get_supxlabel().splitlines() == ["silhouette, test: 0.31", style.SQUEEZE.format(dimensions=3)]


def test_twelve_genres_look_different_on_the_map(make_embeddings):
    genres = [f"genre {letter}" for letter in "abcdefghijkl"]
    embeddings = make_embeddings([song for genre in genres for song in songs_of("", genre)], genres)
    axes = map_picture(style.MapView(embeddings, {}, "run")).axes[0]
    looks = {(line.get_marker(), line.get_markerfacecolor()) for line in axes.lines if len(line.get_xdata())}
    assert len(looks) == 12


@pytest.mark.parametrize("songs", [1, 2])
def test_the_map_of_a_song_or_two_is_drawn_and_dollars_are_no_formula(make_embeddings, songs, tmp_path):
    embeddings = make_embeddings(songs_of("test", "$ex_a$", songs), ["$ex_a$"])
    view = style.MapView(embeddings, {"silhouette, test": float("nan")}, "$_{")
    save_picture(map_picture(view), tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(PNG)
