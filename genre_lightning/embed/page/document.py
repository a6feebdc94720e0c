"""map.html: the songs and the script that draws them, in one file that works offline."""

import base64
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from genre_lightning.embed.page.contents import page_contents
from genre_lightning.embed.page.packing import packed
from genre_lightning.embed.page.scripts import bundled, csp_hash
from genre_lightning.embed.style import BACKGROUND, MapView
from genre_lightning.files import write_text_whole

PAGE, STYLE, SCRIPT = (Path(__file__).with_name(name) for name in ("map.html", "map.css", "map.mjs"))
# As many as a browser without a graphics card opens within two seconds and moves smoothly: see tests/benchmarks.
SHOWN_AT_MOST = 100_000


def write_page(view: MapView, path: Path, excerpts: Sequence[bytes | None] = ()) -> None:
    """Write the map as one self-contained HTML file; of more than SHOWN_AT_MOST songs, a sample that says so.

    `excerpts` are MP3 files of the first songs, None if a song has none; without an excerpt, the page plays the song's
    own file if the browser can reach it.
    """
    rows = sample(view, SHOWN_AT_MOST)
    shown = view.embeddings if len(rows) == len(view.embeddings.tracks) else view.embeddings.only(rows)
    # An element for each excerpt, so that the browser decodes only what is played
    sounds = {at: excerpts[row] for at, row in enumerate(rows) if row < len(excerpts)}
    script = f"\n{bundled(SCRIPT)}\n"
    html = Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(view.title),
        source=escape(view.source),
        captions="\n".join(f"<p>{escape(caption)}</p>" for caption in captions(view, len(rows))),
        style=STYLE.read_text(encoding="utf-8"),
        contents=packed(page_contents(shown, path.parent) | {"figures": figures(view), "axes": axes(view)}),
        excerpts="\n".join(sound_element(row, mp3) for row, mp3 in sounds.items() if mp3 is not None),
        script=script,
        script_hash=csp_hash(script),
    )
    write_text_whole(path, html, "replace")


def sample(view: MapView, most: int) -> list[int]:
    """The rows of all songs, or of as many as may be shown, drawn at random, always the same: at first those that are
    not in the background.
    """
    behind = np.array([track.split == BACKGROUND for track in view.embeddings.tracks])
    if len(behind) <= most:
        return list(range(len(behind)))
    order = np.random.default_rng(0).permutation(len(behind))
    return sorted(order[np.argsort(behind[order], kind="stable")][:most].tolist())


def sound_element(row: int, mp3: bytes) -> str:
    """What holds the excerpt of a song, and does nothing by itself."""
    return f'<script type="text/plain" id="excerpt-{row}">{base64.b64encode(mp3).decode()}</script>'


def captions(view: MapView, shown: int) -> list[str]:
    """What stands below the map: how far it can be trusted, and whether it is only a sample."""
    songs = len(view.embeddings.tracks)
    part = f"The page shows {shown:,} of {songs:,} songs, drawn at random; map.png has all of them."
    return [view.squeeze, *([part] if shown < songs else [])]


def figures(view: MapView) -> list[dict[str, str]]:
    """The figures as the page shows them, and what each of them means."""
    return [
        {
            "name": f"{figure.name}, {figure.songs}",
            "value": "too few songs" if math.isnan(figure.value) else f"{figure.value:.2f}",
            "meaning": figure.meaning,
        }
        for figure in view.figures
    ]


def axes(view: MapView) -> dict[str, Any]:
    """What there is more of and less of towards either end of each axis of the map, how strongly, of how many songs."""
    x, y, songs = view.axes
    return {"x": [each._asdict() for each in x], "y": [each._asdict() for each in y], "songs": songs}
