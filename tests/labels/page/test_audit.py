"""The page as a person meets it, in headless Chromium."""

import csv
import io

import pytest
from selenium.webdriver.common.keys import Keys

from genre_lightning.data.catalogue import Catalogue, Track, read_manifest, write_manifest
from genre_lightning.labels.page.document import write_page

EVIL = "<img src=x onerror=alert(1)>"
SONGS = [  # path, genre, title, genre_checked, suggestion
    ("a.wav", "tones", "First", "", "noise"),
    ("b.wav", "tones", 'The "second",\nlong', "", "clicks"),
    ("c.wav", "clicks", "Agreed", "", "clicks"),
    ("d/é;1.wav", "noise", EVIL, "", "tones"),
    ("e.wav", "noise", "Heard before", "noise", ""),
]


@pytest.fixture
def audited(tmp_path, write_song):
    """A list of songs of which three are doubtful, the first one with a file, and the page beside it."""
    write_song(tmp_path / "a.wav")
    tracks = [
        Track(tmp_path / path, genre, "Somebody", title, extra={
            "mood": "a, b", "genre_checked": checked, "suggestion": suggestion, "confidence": "0.7512",
            "nearest": "X by Y (noise); Z (tones)" if suggestion else "",
        })
        for path, genre, title, checked, suggestion in SONGS
    ]  # fmt: skip
    write_manifest(Catalogue(tracks), tmp_path / "audit.csv")
    write_page(tmp_path / "audit.csv", tmp_path, Catalogue([*tracks[:2], tracks[3]]), "run 1")
    return tmp_path / "audit.html"


@pytest.fixture
def opened(person, audited):
    """The page, as it is when it has just been opened for the first time."""
    person.open(audited.as_uri(), "audit")
    person.run("localStorage.clear()")
    person.open(audited.as_uri(), "audit")
    return person


def saved(person):
    """What the page would save."""
    person.run("""window.file = null; const made = URL.createObjectURL;
        URL.createObjectURL = (blob) => { window.file = blob; return made.call(URL, blob); };
        HTMLAnchorElement.prototype.click = function () { window.file.name = this.download; };""")
    person.driver.find_element("css selector", "#save").click()
    assert person.run("return window.file.name") == "manifest.csv"
    return person.driver.execute_async_script("window.file.text().then(arguments[0])")


def test_doubtful_songs_are_asked_about_and_answers_are_saved_with_all_else_as_it_was(opened, audited, tmp_path):
    assert opened.requests() == [audited.as_uri()] and opened.text("h1") == "run 1"
    assert opened.texts("#songs .said") == ["tones → noise 75 %", "tones → clicks 75 %", "noise → tones 75 %"]
    assert opened.text("#counts") == "0 of 3 songs decided" and opened.text("#card h2") == "First"
    assert opened.texts("#card .near li") == ["X by Y (noise)", "Z (tones)"]
    opened.run("document.activeElement.blur()")
    opened.key("k")
    assert opened.text("#card h2").split() == ["The", '"second",', "long"]
    opened.key("s")
    assert opened.text("#card h2") == EVIL and opened.run("return document.querySelectorAll('img').length") == 0
    opened.key("d")
    assert opened.texts("#songs .said") == ["tones", "clicks", "drop"]
    (tmp_path / "manifest.csv").write_bytes(saved(opened).encode())
    before, after = ([*read_manifest(tmp_path / name)] for name in ("audit.csv", "manifest.csv"))
    assert [track.checked for track in after] == ["tones", "clicks", "", "drop", "noise"]
    assert [track.genre for track in after] == ["tones", "clicks", "clicks", "", "noise"]
    for old, new in zip(before, after, strict=True):
        assert (old.path, old.artist, old.title) == (new.path, new.artist, new.title)
        assert old.extra | {"genre_checked": ""} == new.extra | {"genre_checked": ""} and [*old.extra] == [*new.extra]
    assert opened.complaints() == []


def test_another_genre_can_be_clicked_or_typed_and_undone(opened):
    opened.driver.find_element("xpath", "//div[@class='choices'][2]/button[1]").click()
    assert opened.texts("#songs .said")[0] == "clicks" and opened.text("#card h2") != "First"
    opened.driver.find_element("css selector", ".choices input").send_keys("Polka", Keys.ENTER)
    assert opened.texts("#songs .said")[1] == "Polka"
    opened.driver.find_element("css selector", "#songs .entry").click()
    opened.key("u")
    assert opened.texts("#songs .said")[:2] == ["tones → noise 75 %", "Polka"]


def test_what_was_decided_is_there_again_after_the_page_was_closed(opened, audited):
    opened.key("d")
    assert opened.text("#counts") == "1 of 3 songs decided"
    for _ in range(20):  # Chromium may hand what a page keeps to the next one a moment later
        opened.open("about:blank", "document")
        opened.open(audited.as_uri(), "audit")
        if opened.text("#counts") == "1 of 3 songs decided":
            break
    assert opened.text("#counts") == "1 of 3 songs decided" and opened.text("#card h2") != "First"


def test_a_click_plays_the_excerpt_and_a_file_that_is_gone_is_told_of(opened):
    opened.driver.find_element("css selector", ".play").click()
    opened.until("return audit.player.voice.audio.currentTime > 0")
    assert opened.run("return audit.player.voice.audio.src").startswith("data:audio/mpeg;base64,")
    opened.key(Keys.ARROW_DOWN)
    told = opened.until("return document.querySelector('#card .trouble').innerText")
    assert told.startswith("Your browser cannot play ./b.wav: the file is not there") and "most doubtful" in told
    assert opened.run("return audit.address('d/é;1.wav')") == "./d/%C3%A9%3B1.wav"


def test_another_list_is_opened_in_the_page(opened, tmp_path):
    other = tmp_path / "suggest.csv"
    lines = [["path", "genre", "suggestion"], ["n.wav", "", "polka"], ["a.wav", "", "noise"]]
    csv.writer(text := io.StringIO()).writerows(lines)
    other.write_text("\ufeff" + text.getvalue(), encoding="utf-8")
    opened.driver.find_element("css selector", "#open").send_keys(str(other))
    opened.until("return document.title === 'suggest.csv'")
    assert opened.texts("#songs .said") == ["? → polka", "? → noise"] and "Keep" not in opened.text("#card")
    assert "It is polka" in opened.text("#card")
    assert opened.run("return audit.sound('a.wav').address.slice(0, 10)") == "data:audio"
    opened.key("s")
    assert saved(opened) == "path,genre,suggestion,genre_checked\r\nn.wav,,polka,polka\r\na.wav,,noise,\r\n"
    other.write_text("artist,genre\nx,y\n")
    opened.run("document.getElementById('open').value = ''")  # as a click does
    opened.driver.find_element("css selector", "#open").send_keys(str(other))
    assert "names no column path" in opened.until("return document.getElementById('complaint').innerText")
    assert opened.text("h1") == "suggest.csv"
