"""map.html: the plot, the songs and the script that makes them interactive, in one file that works offline."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_lightning.embed.page.contents import page_contents
from genre_lightning.embed.page.plot import empty_plot
from genre_lightning.embed.style import MapView
from genre_lightning.files import write_text_whole

if TYPE_CHECKING:
    from bokeh.document import Document

# Each uses those before it; the last one opens the map.
SCRIPTS = ("elements", "camera", "layers", "names", "player", "search", "legend", "card", "map")


def write_page(view: MapView, path: Path, excerpts: Sequence[bytes | None] = ()) -> None:
    """Write the map as one self-contained HTML file.

    `excerpts` are MP3 files of the first songs, None if a song has none; without an excerpt, the page plays the song's
    own file if the browser can reach it.
    """
    from bokeh.embed import file_html
    from bokeh.resources import INLINE

    # An element for each excerpt, so that the browser decodes only what is played
    encoded = {row: base64.b64encode(mp3).decode() for row, mp3 in enumerate(excerpts) if mp3 is not None}
    sounds = [f'<script type="text/plain" id="excerpt-{row}">{mp3}</script>' for row, mp3 in encoded.items()]
    metrics, squeeze = view.captions
    words = {"metrics": metrics, "squeeze": squeeze, "excerpts": "\n".join(sounds)}
    words |= {"style": asset("map.css"), "script": "\n".join(asset(f"{name}.js") for name in SCRIPTS)}
    document = map_document(page_contents(view.embeddings, path.parent))
    # The template escapes the title and all words but the excerpts, the style and the script.
    html = file_html(document, INLINE, view.title, template=asset("map.html"), template_variables=words)
    write_text_whole(path, html, "replace")


def map_document(contents: dict[str, Any]) -> "Document":
    """The plot, and the call that hands its layers and the contents to the page's script once it is drawn."""
    from bokeh.document import Document
    from bokeh.models import CustomJS

    plot, layers = empty_plot()
    document = Document()
    document.add_root(plot)
    given = {"plot": plot, "sources": layers, "contents": contents}
    document.js_on_event("document_ready", CustomJS(args=given, code="openMap(plot, sources, contents)"))
    return document


def asset(name: str) -> str:
    """The text of a file that lies beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
