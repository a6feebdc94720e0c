from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed import style
from genre_lightning.embed.picture import map_picture

STRANGE = ["$ex_a$", "שיר", "x" * 300, "two\nlines", "\\alpha", ""]


def drawn(make_embeddings, tracks, genres, positions=None):
    """The axes of the map of tracks."""
    embeddings = make_embeddings(tracks, genres)
    if positions is not None:
        embeddings.positions[:] = positions
    return map_picture(style.MapView(embeddings, [], "map", "run")).axes[0]


def names(axes):
    """What is written on the map."""
    return [text.get_text() for text in axes.texts]


def test_no_name_touches_another_or_leaves_the_map_on_a_screen_or_in_print(make_embeddings):
    genres = [f"genre {number}" for number in range(15)]
    titles = [*STRANGE, *(f"Song number {number}" for number in range(90))]
    tracks = [Track(Path(f"{row}.mp3"), genres[row % 15], "", title) for row, title in enumerate(titles)]
    axes = drawn(make_embeddings, tracks, genres)
    assert {*genres} <= {*names(axes)} and len(names(axes)) > 40
    for dpi in (72, 300):
        axes.figure.set_dpi(dpi)
        axes.figure.draw_without_rendering()
        boxes, edge = [text.get_window_extent() for text in axes.texts], axes.get_window_extent()
        assert not [(one, other) for row, one in enumerate(boxes) for other in boxes[:row] if one.overlaps(other)]
        assert all(edge.x0 <= box.x0 and box.x1 <= edge.x1 and edge.y0 <= box.y0 and box.y1 <= edge.y1 for box in boxes)


def test_where_there_is_room_for_few_names_they_are_the_most_typical_songs_in_larger_letters(make_embeddings):
    embeddings = make_embeddings([Track(Path(f"{row}.mp3"), "tones") for row in range(99)], ["tones"])
    embeddings.positions[:] = [[-9, -9]] * 60 + [[0, 0]] * 38 + [[9, 9]]  # the genre's name stands at the first ones
    axes = map_picture(style.MapView(embeddings, [], "map", "run")).axes[0]
    sizes, typical = {text.get_text(): text.get_fontsize() for text in axes.texts}, style.typicality(embeddings)
    crowd = sorted(range(60, 98), key=lambda row: -typical[row])
    written = [sizes[str(row)] for row in crowd if str(row) in sizes]
    assert 3 < len(written) < 20 and written == sorted(written, reverse=True) and written[-1] < written[0]
    assert all(str(row) in sizes for row in crowd[:3])


def test_a_genre_s_name_is_in_the_middle_of_its_songs_and_a_song_s_beside_its_mark(make_embeddings):
    tracks = [Track(Path(f"{row}.mp3"), genre, "", f"Song {row}") for row, genre in enumerate(["tones", "noise"])]
    axes = drawn(make_embeddings, tracks * 3, ["tones", "noise"], [[0, 0], [9, 9], [1, 1], [8, 8], [-1, -1], [10, 10]])
    middles = {
        text.get_text(): axes.transData.inverted().transform(axes.transAxes.transform(text.get_position()))
        for text in axes.texts
    }
    assert middles["tones"] == pytest.approx([0, 0], abs=0.1) and middles["noise"] == pytest.approx([9, 9], abs=0.1)
    assert all(np.abs(middles[name] - middles[genre]).max() < 3 for name, genre in [("Song 0", "tones")])


def test_of_the_run_s_songs_in_the_background_and_of_songs_that_the_font_cannot_write_no_name_is_seen(make_embeddings):
    titles = {"Seen": "", "Behind": style.BACKGROUND, "🎸": ""}
    tracks = [Track(Path("a.mp3"), "tones", "", title, split) for title, split in titles.items()]
    axes = drawn(make_embeddings, tracks, ["tones"], [[0, 0], [9, 9], [9, 0]])
    assert set(names(axes)) == {"tones", "Seen"}
