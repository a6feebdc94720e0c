from pathlib import Path

import pytest
from judging import finish_judged

from genre_lightning.errors import UserError
from genre_lightning.runs.compare import compare
from genre_lightning.runs.comparison_picture import draw, picture

PNG = b"\x89PNG\r\n\x1a\n"


def test_the_picture_shows_the_difference_and_each_genre_s_songs(run, tmp_path, monkeypatch):
    comparison = compare(finish_judged(tmp_path / "$a_1$", run), finish_judged(tmp_path / ("b" * 100), run, range(4)))
    figure = picture(comparison)
    differences, songs = figure.axes
    dots = [line.get_xdata()[0] for line in differences.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([100 * (1 - comparison.f1_macro.b), 400 / 30])
    widths = [[bar.get_width() for bar in bars] for bars in songs.containers]
    assert widths == [[12, 14], [3, 1], [0, 0], [0, 0]]  # both right, only A, only B, neither: jazz, rock
    monkeypatch.chdir(tmp_path)
    path = draw(comparison)
    assert path == Path(f"compare_$a_1$_{'b' * 80}.png") and path.read_bytes().startswith(PNG)
    assert draw(comparison, tmp_path / "new" / "one.png").read_bytes().startswith(PNG)
    with pytest.raises(UserError, match=r"cannot write .*below\.png: .*; name another file with --output"):
        draw(comparison, path / "below.png")
