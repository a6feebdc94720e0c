import warnings

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from genre_lightning.plotting import save_picture
from genre_lightning.predict.timeline import timeline_picture

GENRES = ("clicks", "noise", "tones")
PNG = b"\x89PNG\r\n\x1a\n"


def test_letters_that_the_font_does_not_know_are_no_trouble(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_picture(timeline_picture([0, 1], [[1.0]], ["演歌"], "歌"), tmp_path / "timeline.png")


def test_a_picture_is_written_whole(tmp_path):
    path = tmp_path / "timeline.png"
    path.write_bytes(b"an older one")
    save_picture(timeline_picture([0, 1], [[1.0]], ["jazz"], "a song"), path)
    assert path.read_bytes().startswith(PNG) and list(tmp_path.iterdir()) == [path]


def test_with_few_colours_a_picture_looks_the_same_and_takes_less(tmp_path):
    figure = Figure((3, 2))
    figure.add_subplot().imshow(np.random.default_rng(0).random((200, 300)), cmap="magma")
    for name in ("many", "few"):
        save_picture(figure, tmp_path / f"{name}.png", few_colours=name == "few")
    many, few = (Image.open(tmp_path / f"{name}.png").convert("RGB") for name in ("many", "few"))
    assert many.size == few.size
    assert np.abs(np.asarray(many, float) - np.asarray(few, float)).mean() < 5
    assert (tmp_path / "few.png").stat().st_size < (tmp_path / "many.png").stat().st_size / 2
