from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.descriptors import DESCRIPTORS
from genre_lightning.embed.style import (
    BACKGROUND,
    COLOURS,
    FILLS,
    GUESSED,
    Figure,
    MapView,
    figures_line,
    fill_of_songs,
    genre_centres,
    genre_of_songs,
    marks,
    shown_genres,
    typicality,
    wrongly_classified,
)  # fmt: skip

# How people without red, green or blue cones see linear RGB, after Machado, Oliveira and Fernandes (2009)
SIGHTS = {
    "all cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    """The linear RGB of a colour like #0072B2."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """The CIELAB of linear RGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb.clip(0, 1)
    root = xyz / [0.9505, 1, 1.089]
    root = np.where(root > 0.008856, np.cbrt(root), 7.787 * root + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("sight", SIGHTS)
def test_every_eye_can_tell_the_colours_apart(sight):
    seen = [lab(np.asarray(SIGHTS[sight]) @ linear(colour)) for colour in COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 15


def test_the_colours_show_on_white():
    brightness = [linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in COLOURS]
    assert all(1.05 / (each + 0.05) > 2.2 for each in brightness)


def test_twelve_genres_and_many_more_have_marks_of_their_own():
    genres = [f"genre {number}" for number in range(48)]
    assert len(set(marks(genres).values())) == 48
    assert {mark.shape for mark in marks(genres[:8]).values()} == {"circle"}


def test_the_models_genres_keep_their_order_and_marks_whatever_else_there_is(make_embeddings):
    tracks = [Track(Path(f"{name}.mp3"), name) for name in ("zydeco", "", "tones", "ambient")]
    genres = shown_genres(make_embeddings(tracks))
    assert genres == ["clicks", "noise", "tones", "ambient", "zydeco"]
    assert list(marks(genres).items())[:3] == list(marks(["clicks", "noise", "tones"]).items())


def test_a_song_of_unknown_genre_has_the_colour_of_its_prediction_and_is_hollow(make_embeddings):
    tracks = [Track(Path("a.mp3"), ""), Track(Path("b.mp3"), "noise", split="test"), Track(Path("c.mp3"), "zydeco")]
    embeddings = make_embeddings(tracks, taken_for={0: "tones", 1: "tones"})
    assert genre_of_songs(embeddings) == ["tones", "noise", "zydeco"]
    assert fill_of_songs(embeddings) == [GUESSED, FILLS["test"], FILLS[""]]


def test_a_song_in_the_background_is_pale_and_never_ringed(make_embeddings):
    tracks = [Track(Path("a.mp3"), "tones"), Track(Path("b.mp3"), "tones", split=BACKGROUND)]
    embeddings = make_embeddings(tracks, taken_for={0: "noise", 1: "noise"})
    assert wrongly_classified(embeddings).tolist() == [True, False]
    pale = fill_of_songs(embeddings)[1]
    assert pale.inside < min(fill.inside for fill in FILLS.values() if fill != pale)


def test_only_a_genre_that_the_model_knows_can_be_taken_for_another(make_embeddings):
    tracks = [Track(Path("a.mp3"), genre) for genre in ("tones", "noise", "zydeco", "")]
    assert wrongly_classified(make_embeddings(tracks, taken_for={1: "tones"})).tolist() == [False, True, False, False]


def test_a_genres_centre_is_where_most_of_its_songs_are(make_embeddings):
    embeddings = make_embeddings([Track(Path("a.mp3"), genre) for genre in "ababa"], genres=["a", "b", "c"])
    embeddings.positions[[0, 2, 4]] = [[0, 0], [1, 1], [90, 90]]
    centres = genre_centres(embeddings)
    assert set(centres) == {"a", "b"} and centres["a"].tolist() == [1, 1]


def test_the_most_typical_song_points_the_way_its_genre_does_however_loudly(make_embeddings):
    embeddings = make_embeddings([Track(Path("a.mp3"), genre) for genre in "aabaac"], genres=["a", "b", "c"])
    embeddings.vectors[:] = [[9, 0, 0], [1, 0.1, 0], [0, 0, 0], [0, 5, 0], [1, 0.3, 0], [0, 0, 1]]
    assert typicality(embeddings) == pytest.approx([1 / 3, 2 / 3, 1, 0, 1, 1])


def test_figures_are_given_with_their_songs_as_far_as_there_are_any(make_embeddings):
    of_test = [Figure("silhouette", 0.314, "4 test songs", ""), Figure("accuracy", float("nan"), "4 test songs", "")]
    figures = [*of_test, Figure("trust", 0.9, "6 test songs", "")]
    line = "silhouette 0.31, accuracy unknown for want of songs (4 test songs); trust 0.90 (6 test songs)"
    assert figures_line(figures) == line
    embeddings = make_embeddings([Track(Path("a.mp3"), "tones")])
    squeeze = "The map squeezes 3 dimensions into 2"
    assert MapView(embeddings, figures, "", "").sentence == f"{squeeze}, and these figures use all of them: {line}."
    assert MapView(embeddings, [], "", "").sentence == f"{squeeze}."


def test_the_axes_of_a_map_say_what_changes_along_them_over_all_songs_that_are_shown(make_embeddings):
    embeddings = make_embeddings([Track(Path(f"{row}.mp3"), "noise", split=BACKGROUND) for row in range(40)])
    assert MapView(embeddings, [], "run", "run").axes[:2] == ((), ())
    embeddings.descriptors[:] = np.random.default_rng(0).standard_normal(embeddings.descriptors.shape)
    embeddings.descriptors[:, 1] = embeddings.positions[:, 1]
    axes = MapView(embeddings, [], "run", "run").axes
    assert axes.x == () and axes.y == ((*DESCRIPTORS[1], pytest.approx(1)),) and axes.songs == 40
