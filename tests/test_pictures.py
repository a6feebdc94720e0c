import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.legend import Legend

from genre_lightning import legend
from genre_lightning.catalogue import Track
from genre_lightning.pictures import (
    confusion_picture,
    curves_picture,
    map_picture,
    save_picture,
    spectrogram_picture,
    timeline_picture,
)

GENRES = ("clicks", "noise", "tones")
PNG = b"\x89PNG\r\n\x1a\n"


def test_the_confusion_picture_counts_songs_where_they_belong():
    figure = confusion_picture(np.array([[3, 1], [0, 4]]), ["jazz", "rock"], "test: songs")
    (axes,) = figure.axes
    assert {(text.get_position(), text.get_text()) for text in axes.texts} == {
        ((0, 0), "3"),
        ((1, 0), "1"),
        ((1, 1), "4"),
    }
    assert [label.get_text() for label in axes.get_yticklabels()] == ["jazz", "rock"]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("test: songs", "predicted", "true")
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 1]])


def test_a_genre_without_songs_is_no_trouble(tmp_path):
    save_picture(confusion_picture(np.array([[3, 1], [0, 0]]), ["jazz", "rock"], "val"), tmp_path / "c.png")


def test_a_genre_s_name_is_never_taken_for_a_formula(tmp_path):
    genres = ["A$AP_x$", "$\\frac$"]
    figure = confusion_picture(np.array([[3, 1], [0, 4]]), genres, "test: songs")
    save_picture(figure, tmp_path / "c.png")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == genres


def test_spectrograms_run_from_left_to_right_under_their_titles():
    windows = [np.arange(12.0).reshape(4, 3), np.ones((4, 3))]
    figure = spectrogram_picture(windows, ["one", "two"])
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]
    picture = figure.axes[0].images[0]
    np.testing.assert_array_equal(picture.get_array(), windows[0].T)
    assert picture.origin == "lower"


def test_curves_show_train_and_validation_on_the_same_axes():
    curves = {"train/loss": [(1, 0.9), (2, 0.5)], "val/loss": [(2, 0.8)], "val/accuracy": [(2, 0.4)], "lr": [(1, 0.1)]}
    loss, accuracy = curves_picture(curves, ["loss", "accuracy"]).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert drawn == {"train, windows": [[1, 0.9], [2, 0.5]], "val, songs": [[2, 0.8]]}
    assert [line.get_label() for line in accuracy.lines] == ["val, songs"] and accuracy.get_title() == "accuracy"
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["train, windows", "val, songs"]


def test_a_timeline_is_layers_that_fill_the_time(tmp_path):
    figure = timeline_picture([0, 60, 150], [[0.25, 0.75], [0.5, 0.5]], ["jazz", "rock"], r"a $\frac{$")
    (axes,) = figure.axes
    jazz, rock = ([tuple(point) for point in layer.get_paths()[0].vertices] for layer in axes.collections)
    assert {(0, 0.25), (60, 0.25), (60, 0.5), (150, 0.5)} < set(jazz) and {(0, 1), (150, 1)} < set(rock)
    assert (axes.get_xlim(), axes.get_ylim(), axes.get_title()) == ((0, 150), (0, 1), r"a $\frac{$")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["rock", "jazz"]
    save_picture(figure, tmp_path / "timeline.png")
    assert [label.get_text() for label in axes.get_xticklabels()][1:4] == ["0:00", "0:30", "1:00"]


@pytest.mark.parametrize("seconds", [0.01, 3, 30, 3600 * 30])
def test_a_timeline_of_any_length_has_a_few_ticks(seconds):
    (axes,) = timeline_picture([0, seconds], [[1.0]], ["jazz"], "song").axes
    assert 1 <= len([tick for tick in axes.get_xticks() if 0 <= tick <= seconds]) <= 11


def test_every_one_of_twelve_genres_has_a_look_of_its_own():
    genres = [f"genre {number}" for number in range(12)]
    (axes,) = timeline_picture([0, 1], np.full((1, 12), 1 / 12), genres, "song").axes
    assert len({(tuple(layer.get_facecolor()[0]), layer.get_hatch()) for layer in axes.collections}) == 12


def test_letters_that_the_font_does_not_know_are_no_trouble(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_picture(timeline_picture([0, 1], [[1.0]], ["演歌"], "歌"), tmp_path / "timeline.png")


def test_a_picture_is_written_whole(tmp_path):
    path = tmp_path / "spectrogram.png"
    path.write_bytes(b"an older one")
    save_picture(spectrogram_picture([np.ones((4, 3))], ["one"]), path)
    assert path.read_bytes().startswith(PNG) and list(tmp_path.iterdir()) == [path]


def test_a_picture_that_fails_leaves_the_older_one(tmp_path, monkeypatch):
    path = tmp_path / "spectrogram.png"
    path.write_bytes(b"an older one")
    figure = spectrogram_picture([np.ones((4, 3))], ["one"])
    monkeypatch.setattr(figure, "savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_picture(figure, path)
    assert path.read_bytes() == b"an older one"


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
    figure = map_picture(embeddings, {"silhouette, test": 0.31}, "map of run")
    assert drawn(figure) == [(3, "o", 0.32, 0), (2, "o", 0.32, 1), (4, "o", 1, 0), (2, "o", 0, 1)]
    np.testing.assert_array_equal(figure.axes[0].lines[-1].get_xydata(), embeddings.positions[[0, 8]])
    assert figure.axes[0].get_title() == "map of run"


def test_the_run_s_own_songs_lie_behind_new_ones_also_behind_hollow_ones(make_embeddings):
    figure = map_picture(
        make_embeddings(songs_of("", "", 2) + songs_of(legend.BEHIND, "noise", 3)), {}, "map of others"
    )
    assert [songs[0] for songs in drawn(figure)] == [3, 2]


def test_the_map_explains_itself(make_embeddings):
    embeddings = make_embeddings(
        songs_of("train", "tones") + songs_of("", ""), taken_for={3: "noise", 4: "noise", 5: "noise"}
    )
    figure = map_picture(embeddings, {"silhouette, test": 0.31}, "run")
    axes = figure.axes[0]
    words = {text.get_text() for found in axes.findobj(Legend) for text in found.get_texts()}
    assert words == {*GENRES, "train", "unknown genre, colour as predicted", "wrongly classified"}
    assert [text.get_text() for text in axes.texts] == ["noise", "tones"]
    assert figure.get_supxlabel().splitlines() == ["silhouette, test: 0.31", legend.SQUEEZE.format(dimensions=3)]


def test_twelve_genres_look_different_on_the_map(make_embeddings):
    genres = [f"genre {letter}" for letter in "abcdefghijkl"]
    axes = map_picture(
        make_embeddings([song for genre in genres for song in songs_of("", genre)], genres), {}, "run"
    ).axes[0]
    looks = {(line.get_marker(), line.get_markerfacecolor()) for line in axes.lines if len(line.get_xdata())}
    assert len(looks) == 12


@pytest.mark.parametrize("songs", [1, 2])
def test_the_map_of_a_song_or_two_is_drawn_and_dollars_are_no_formula(make_embeddings, songs, tmp_path):
    genre = "$ex_a$"
    picture = map_picture(
        make_embeddings(songs_of("test", genre, songs), [genre]), {"silhouette, test": float("nan")}, "$_{"
    )
    save_picture(picture, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(PNG)
