"""map.html: the plot, the songs and the script that brings them to life, in one file that asks nothing of a network."""

import base64
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.neighbours import Nearest
from genre_lightning.embed.page.contents import page_contents
from genre_lightning.embed.page.plot import draw_map
from genre_lightning.embed.style import SQUEEZE, figures_line

if TYPE_CHECKING:
    from bokeh.document import Document

# In the order in which they build on each other; the last one opens the map.
SCRIPTS = ("elements", "camera", "layers", "names", "player", "search", "legend", "card", "map")


def write_page(
    embeddings: Embeddings,
    nearest_songs: Nearest,
    figures: dict[str, float],
    title: str,
    path: Path,
    nearest_artists: Nearest | None = None,
    excerpts: Sequence[bytes | None] = (),
) -> None:
    """Write the map as one self-contained HTML file, whole or not at all.

    `figures` of the projection, by names such as "silhouette, test", stand under the map. `nearest_artists` go by the
    order of `songs_by_artist`. `excerpts` are MP3 files of the first songs, None where there is none; without,
    the page plays a song's own file, where the browser can reach it.
    """
    words = {
        "figures": figures_line(figures),
        "squeeze": SQUEEZE.format(dimensions=embeddings.vectors.shape[1]),
        "excerpts": "\n".join(excerpt_tags(excerpts)),
    }
    contents = page_contents(embeddings, nearest_songs, nearest_artists, path.parent)
    html = page_html(map_document(contents), title, words)
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_text(html, encoding="utf-8", errors="replace")
    unfinished.replace(path)


def page_html(document: "Document", title: str, words: dict[str, str]) -> str:
    """The whole page; the template escapes the title and the words, but for the excerpts."""
    from bokeh.embed import file_html
    from bokeh.resources import INLINE

    assets = {"style": asset("map.css"), "script": "\n".join(asset(f"{name}.js") for name in SCRIPTS)}
    return file_html(document, INLINE, title, template=asset("map.html"), template_variables=assets | words)


def map_document(contents: dict[str, Any]) -> "Document":
    """The plot, and the call that hands its layers and the page's contents to the page's script once it is drawn."""
    from bokeh.document import Document
    from bokeh.models import CustomJS

    plot, layers = draw_map()
    document = Document()
    document.add_root(plot)
    given = {"plot": plot, "sources": layers, "contents": contents}
    document.js_on_event("document_ready", CustomJS(args=given, code="openMap(plot, sources, contents)"))
    return document


def excerpt_tags(excerpts: Iterable[bytes | None]) -> Iterable[str]:
    """Each excerpt in an element of its own: the browser decodes only what is played."""
    for row, excerpt in enumerate(excerpts):
        if excerpt is not None:
            yield f'<script type="text/plain" id="excerpt-{row}">{base64.b64encode(excerpt).decode()}</script>'


def asset(name: str) -> str:
    """The text of a file that lies beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
