import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.page.document import write_page
from genre_lightning.embed.style import MapView

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"


class Elements(HTMLParser):
    """The elements of a page, and the text of its title and headings."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.inside, self.texts = [], [], "", {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.inside = tag

    def handle_data(self, data):
        self.texts[self.inside] = self.texts.get(self.inside, "") + data


@pytest.fixture
def written(make_embeddings, tmp_path):
    """Write the page of tracks, and return its text."""

    def write(tracks, title="run", path=tmp_path / "map.html", **more):
        write_page(MapView(make_embeddings(tracks), {"silhouette, test": 0.31}, title), path, **more)
        return path.read_text(encoding="utf-8")

    return write


def test_a_page_holds_all_it_needs(written):
    page = Elements(written([Track(Path("a.mp3"), "tones", "Ada", "First", "test")]))
    assert not {"iframe", "img", "object"} & set(page.tags)
    assert [value for name, value in page.attributes if name in ("src", "href", "srcset", "action")] == ["data:,"]
    assert "viewport" in [value for name, value in page.attributes if name == "name"]


def test_a_page_says_what_it_shows(written):
    html = written([Track(Path("a.mp3"), "tones")], title="map of run")
    assert Elements(html).texts["title"].strip() == "map of run"
    assert "silhouette, test: 0.31" in html and "squeezes 3 dimensions into 2" in html


def test_text_cannot_become_an_element(written):
    harmless = Elements(written([Track(Path("a.mp3"), "tones", "Ada", "First", "test")]))
    page = Elements(written([Track(Path(EVIL), EVIL, EVIL, EVIL, "test")], title=EVIL))
    assert page.tags == harmless.tags
    assert page.texts["title"].startswith(EVIL)


def test_excerpts_travel_in_the_page_only_where_they_are_given(written):
    tracks = [Track(Path(name), "tones") for name in ("a.mp3", "b.mp3")]
    assert "excerpt-" not in re.sub(r"<script>.*?</script>", "", written(tracks), flags=re.S)
    html = written(tracks, excerpts=[None, b"\xff\xfbsound"])
    (kept,) = re.findall(r'<script type="text/plain" id="excerpt-1">(.*?)</script>', html)
    assert base64.b64decode(kept) == b"\xff\xfbsound" and 'id="excerpt-0"' not in html


def test_names_that_are_no_unicode_are_written_all_the_same(written):
    assert "caf" in written([Track(Path("caf\udce9.mp3"), "tones", "\udcff", "")], title="\udcff")


def test_a_page_is_light(written):
    """Bokeh is 1.3 MB; a song costs a few hundred bytes at most."""
    song = Track(Path("songs/a.mp3"), "tones", "Ada", "First", "test")
    one, many = (len(written([song] * songs)) for songs in (1, 201))
    assert one < 1_500_000 and (many - one) / 200 < 200
