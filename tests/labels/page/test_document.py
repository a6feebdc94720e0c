import base64
import json
import re

import pytest
import soundfile

from genre_lightning.data.catalogue import Catalogue, Track, write_manifest
from genre_lightning.embed.page.scripts import csp_hash
from genre_lightning.labels.page.document import page_of, write_page


@pytest.fixture
def page(write_song, tmp_path):
    """Write the page of a song that is there and of one that is gone, in a folder beside that of the songs."""
    songs = tmp_path / "songs"
    tracks = [Track(write_song(songs / "tones" / "é #1.wav"), "tones"), Track(songs / "gone.wav", "noise")]
    (tmp_path / "run").mkdir()
    write_manifest(Catalogue(tracks), tmp_path / "run" / "audit.csv", songs)
    write_page(tmp_path / "run" / "audit.csv", songs, Catalogue(tracks), "my run")
    return (tmp_path / "run" / "audit.html").read_text(encoding="utf-8")


def contents_of(page):
    return json.loads(page.split('id="contents">')[1].split("</script>")[0])


def test_the_page_holds_the_list_and_excerpts_of_songs_that_are_there(page, tmp_path):
    contents = contents_of(page)
    assert contents["csv"].splitlines()[1:] == ["tones/é #1.wav,tones,,,", "gone.wav,noise,,,"]
    assert contents["root"] == "../songs" and [*contents["excerpts"]] == ["tones/é #1.wav"]
    (tmp_path / "sound.mp3").write_bytes(base64.b64decode(contents["excerpts"]["tones/é #1.wav"]))
    assert soundfile.info(tmp_path / "sound.mp3").duration == pytest.approx(1, abs=0.1)


def test_the_page_runs_its_own_script_and_no_other(page):
    (allowed,) = re.findall("script-src ([^;]*);", page)
    assert allowed == csp_hash(page.split('<script type="module">')[1].split("</script>")[0])


def test_nothing_in_a_list_can_end_the_element_that_holds_it():
    evil = "</script><script>alert(1)</script> $style <!-- & \u2028"
    page = page_of({"title": evil, "csv": evil, "root": "..", "excerpts": {evil: ""}})
    assert page.count("<script") == page.count("</script>") == 2 and "<!-- &" not in page.split("</title>")[1]
    assert contents_of(page)["csv"] == evil and "&lt;/script&gt;" in page.split("</title>")[0]
