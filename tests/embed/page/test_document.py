import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.page.document import write_page
from genre_lightning.embed.style import Figure, MapView

SILHOUETTE = Figure("silhouette", 0.31, "4 test songs", "What it is.")
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
        write_page(MapView(make_embeddings(tracks), [SILHOUETTE], title, "run_1"), path, **more)
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
    assert '"name":"silhouette, 4 test songs","value":"0.31"' in html and ">run_1</p>" in html
    assert "squeezes 3 dimensions into 2" in html


def test_text_cannot_become_an_element(written):
    harmless = Elements(written([Track(Path("a.mp3"), "tones", "Ada", "First", "test")]))
    page = Elements(written([Track(Path(EVIL), EVIL, EVIL, EVIL, "test")], title=EVIL))
    assert page.tags == harmless.tags
    assert page.texts["title"].startswith(EVIL)


def test_excerpts_travel_in_the_page_only_where_they_are_given(written):
    tracks = [Track(Path(name), "tones") for name in ("a.mp3", "b.mp3")]
    assert 'id="excerpt-' not in written(tracks)
    html = written(tracks, excerpts=[None, b"\xff\xfbsound"])
    (kept,) = re.findall(r'<script type="text/plain" id="excerpt-1">(.*?)</script>', html)
    assert base64.b64decode(kept) == b"\xff\xfbsound" and 'id="excerpt-0"' not in html


def test_names_that_are_no_unicode_are_written_all_the_same(written):
    assert "caf" in written([Track(Path("caf\udce9.mp3"), "tones", "\udcff", "")], title="\udcff")


def test_a_page_is_light(written):
    """A song costs a few hundred bytes at most."""
    song = Track(Path("songs/a.mp3"), "tones", "Ada", "First", "test")
    one, many = (len(written([song] * songs)) for songs in (1, 201))
    assert one < 120_000 and (many - one) / 200 < 200


def test_of_more_songs_than_a_browser_shows_smoothly_a_page_shows_a_sample_and_says_so(written, monkeypatch):
    monkeypatch.setattr("genre_lightning.embed.page.document.SHOWN_AT_MOST", 3)
    tracks = [Track(Path(f"{row}.mp3"), "tones") for row in range(9)]
    html = written(tracks, excerpts=[f"sound {row}".encode() for row in range(9)])
    (names,) = re.findall(r'"name":\[([^]]*)\],"by"', html)
    sounds = [base64.b64decode(sound).decode() for sound in re.findall(r'id="excerpt-\d+">(.*?)</script>', html)]
    assert [f'"{sound.split()[1]}"' for sound in sounds] == names.split(",") and len(sounds) == 3
    assert "<p>The page shows 3 of 9 songs, drawn at random" in html
    assert "drawn at random" not in written(tracks[:3])
