import warnings

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
