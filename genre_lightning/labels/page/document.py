"""audit.html: the songs to listen to with excerpts, and the script that asks, in one file that works offline."""

import base64
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from genre_lightning.data.catalogue import Catalogue, path_beside
from genre_lightning.embed.page.contents import address
from genre_lightning.embed.page.document import STYLE
from genre_lightning.embed.page.excerpts import excerpts
from genre_lightning.embed.page.scripts import bundled, csp_hash
from genre_lightning.files import write_text_whole

PAGE = ".html"  # beside the .csv
EXCERPTS_AT_MOST = 300  # about 8 MB; songs behind them are played from their files


def write_page(table: Path, root: Path, doubtful: Catalogue, title: str) -> None:
    """Write the page of an audit beside its `table`, a CSV file whose paths are relative to the folder `root`.

    It asks about the songs whose suggestion is not their genre; `doubtful` are these, the first ones most urgent.
    """
    heard = [track for track in doubtful.tracks[:EXCERPTS_AT_MOST] if track.path.is_file()]
    sounds = zip(heard, excerpts(Catalogue(heard)), strict=True)
    contents = {
        "title": title,
        "csv": table.read_text(encoding="utf-8", errors="replace"),
        "root": address(root, table.parent),
        "excerpts": {path_beside(track.path, root): base64.b64encode(mp3).decode() for track, mp3 in sounds if mp3},
    }
    write_text_whole(table.with_suffix(PAGE), page_of(contents), "replace")


def page_of(contents: Mapping[str, object]) -> str:
    """The page. Nothing in its contents can end the element that holds them, so that no tag of a song is run."""
    beside = Path(__file__)
    page, style = (beside.with_name(name).read_text(encoding="utf-8") for name in ("audit.html", "audit.css"))
    script = bundled(beside.with_name("audit.mjs"))
    return Template(page).substitute(
        title=escape(str(contents["title"])),
        style=STYLE.read_text(encoding="utf-8") + style,
        script=script,
        script_hash=csp_hash(script),
        contents=json.dumps(contents).replace("<", "\\u003c"),
    )
