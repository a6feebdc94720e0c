import warnings

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from genre_lightning.plotting import COLOURS, save_picture
from genre_lightning.predict.timeline import timeline_picture

GENRES = ("clicks", "noise", "tones")
PNG = b"\x89PNG\r\n\x1a\n"


def test_a_picture_is_written_whole_also_with_letters_that_the_font_does_not_know(tmp_path):
    path = tmp_path / "timeline.png"
    path.write_bytes(b"an older one")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_picture(timeline_picture([0, 1], [[1.0]], ["演歌"], "歌"), path)
    assert path.read_bytes().startswith(PNG) and list(tmp_path.iterdir()) == [path]


def test_with_few_colours_a_picture_looks_the_same_and_takes_less(tmp_path):
    figure, rng = Figure((3, 2)), np.random.default_rng(0)
    loud, signed = figure.subplots(2)
    loud.imshow(rng.random((100, 300)), cmap="magma")
    signed.imshow(rng.normal(0, 0.15, (10, 30)), cmap="RdBu_r", vmin=-1, vmax=1)
    signed.plot([0, 29], [0, 9], color=COLOURS[2])
    for name in ("many", "few"):
        save_picture(figure, tmp_path / f"{name}.png", few_colours=name == "few")
    many, few = (np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB"), int) for name in ("many", "few"))
    assert np.abs(many - few).max() <= 15 and (few[0, 0] == 255).all(), "no colour becomes another one, nor white grey"
    assert (tmp_path / "few.png").stat().st_size < (tmp_path / "many.png").stat().st_size / 2
