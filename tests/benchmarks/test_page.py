"""How many songs the map's page opens and moves smoothly in a browser without a graphics card, which is how
SHOWN_AT_MOST was chosen; and why it lays sprites over pixels itself.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.page.document import SHOWN_AT_MOST, write_page
from genre_lightning.embed.style import Figure, MapView

pytestmark = pytest.mark.benchmark
GENRES = [f"genre {number}" for number in range(10)]
MOVE = """
const [songMap, done] = [window.songMap, arguments[0]];
let [frames, begin] = [0, performance.now()];
const step = () => {
  songMap.camera.panBy(3, 2);
  if (++frames < 30) requestAnimationFrame(step);
  else done((performance.now() - begin) / frames);
};
requestAnimationFrame(step);
"""
DRAW = "const begin = performance.now(); songMap.marks.draw(-1, 1); return (performance.now() - begin) / 1000"
# What the canvas does if each mark is drawn by itself: as a picture that was drawn before, and as an outline
BY_CANVAS = """
const { marks } = songMap;
const { width, height } = marks.canvas;
const pen = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
const picture = document.createElement("canvas");
Object.assign(picture, { width: 9, height: 9 }).getContext("2d").fillRect(2, 2, 5, 5);
const outline = new Path2D("M 2 8 a 6 6 0 1 0 12 0 a 6 6 0 1 0 -12 0");
const begin = performance.now();
for (const row of marks.rows) {
  const [left, top] = songMap.camera.toScreen(marks.view.x[row], marks.view.y[row]);
  if (arguments[0] === "pictures") { pen.drawImage(picture, left, top); continue; }
  pen.setTransform(0.3, 0, 0, 0.3, left, top);
  pen.fill(outline);
}
pen.getImageData(0, 0, 1, 1);
return (performance.now() - begin) / 1000;
"""


@pytest.fixture
def opened(person, make_embeddings, tmp_path):
    """Open the page of a number of songs, and say after how many seconds it is there."""

    def open_page(songs):
        def track(row):
            names = f"Artist {row // 12}", f"The {row} songs of {row // 100}"
            folder = Path("music", f"genre {row % 10}", f"Artist {row // 12}")
            return Track(folder / f"{row}.mp3", GENRES[row % 10], *names, ("train", "val", "test")[row % 3])

        figures = [Figure("silhouette", 0.3, f"{songs} songs", "")]
        embeddings = make_embeddings(
            [track(row) for row in range(songs)], GENRES, dict.fromkeys(range(0, songs, 7), "genre 0")
        )
        write_page(MapView(embeddings, figures, "Many songs", "run"), tmp_path / f"{songs}.html")
        begin = time.perf_counter()
        person.open((tmp_path / f"{songs}.html").as_uri())
        return time.perf_counter() - begin

    return open_page


@pytest.mark.filterwarnings("ignore")
def test_the_page_of_many_songs_opens_at_once_and_moves_smoothly(opened, person, capsys, tmp_path):
    for songs in (1_000, 10_000, SHOWN_AT_MOST):
        seconds = opened(songs)
        frame = np.median([person.driver.execute_async_script(MOVE) for _ in range(3)])
        size = (tmp_path / f"{songs}.html").stat().st_size / 1e6
        with capsys.disabled():
            print(f"\n{songs:,} songs ({size:.1f} MB): open after {seconds:.2f} s, {frame:.0f} ms a frame")


@pytest.mark.parametrize("how", ["pictures", "outlines"])
def test_marks_laid_over_pixels_are_drawn_faster_than_the_canvas_draws_them(opened, person, how):
    opened(20_000)
    times = {"ours": lambda: person.run(DRAW), how: lambda: person.run(BY_CANVAS, how)}
    spent = {name: np.median([run() for _ in range(7)]) for name, run in times.items()}
    print(f"\n20,000 marks: {1000 * spent['ours']:.1f} ms, by the canvas as {how} {1000 * spent[how]:.1f} ms")
    assert spent["ours"] < spent[how]
