"""What is heard of the page, in headless Chromium."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import soundfile
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.page.document import write_page
from genre_lightning.embed.style import MapView

SOUNDS = "return songMap.listening.player.voice.audio.currentTime > 0.1"


class Silent(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path):
    """The address of a folder that is served over HTTP."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=tmp_path)) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_click_plays_the_excerpt_in_the_page_to_its_end(opened, page):
    opened.click(5)
    opened.until(SOUNDS)
    assert opened.run("return songMap.listening.player.voice.audio.src.slice(0, 22)") == "data:audio/mpeg;base64"
    assert opened.text(".play") == "Stop"
    opened.until("return document.querySelector('.play').innerText === 'Play'")
    assert opened.run("return songMap.listening.player.heard.has(5)")
    assert opened.requests()[0] == page.as_uri() and not [url for url in opened.requests() if url.startswith("http")]


def test_a_click_plays_the_middle_of_the_songs_own_file_and_another_click_stops_it(opened, page):
    opened.click(6)
    opened.until("return songMap.listening.player.voice.audio.currentTime > 3.4")
    assert opened.run("return songMap.listening.player.voice.audio.currentTime") < 6
    assert opened.run("return songMap.listening.player.voice.audio.src") == (page.parent / "clicks6.wav").as_uri()
    opened.click(6)
    assert opened.playing() is None and opened.text(".play") == "Play"
    opened.key(Keys.SPACE)
    assert opened.playing() == 6


def test_a_page_that_is_served_plays_a_file_that_lies_elsewhere(person, make_embeddings, tmp_path, served):
    for folder in ("run", "my songs"):
        (tmp_path / folder).mkdir()
    song = tmp_path / "my songs" / "é #1.wav"
    soundfile.write(song, 0.5 * np.sin(np.arange(8000) / 3), 8000)
    write_page(MapView(make_embeddings([Track(song, "tones")]), [], "a song", "run"), tmp_path / "run" / "map.html")
    person.open(f"{served}/run/map.html")
    person.click(0)
    person.until(SOUNDS)
    assert person.complaints() == []


def test_a_file_that_is_gone_is_told_of_and_excerpts_are_not_advised_where_there_are_some(opened):
    opened.click(9)
    told = opened.until("return document.querySelector('.trouble').innerText")
    assert told.startswith("Your browser cannot play clicks9.wav") and "audio=true" not in told
    opened.click(5)
    opened.until(SOUNDS)
    assert opened.text(".trouble") == ""


@pytest.mark.slow
def test_one_key_goes_on_to_songs_that_were_not_heard(opened):
    opened.click(5)
    nearest = opened.run("return Array.from(songMap.contents.songs.nearest.slice(50, 60))")
    opened.key("n")
    assert opened.run("return songMap.chosen") == nearest[0]
    opened.press(".controls button", "Next")
    assert opened.run("return document.activeElement.textContent") == "Next"  # which can be pressed again
    for _ in range(50):
        opened.key("n")
    visited = opened.run("return songMap.listening.player.heard.size")
    assert visited == 46 and opened.text("#asked") == "You have heard all songs that are shown."


def test_a_line_from_one_song_to_another_plays_the_songs_along_it(opened):
    (left, top), (right, bottom) = opened.position(0), opened.position(30)
    plane = opened.driver.find_element("css selector", "#plane")
    x, y, width, height = (plane.rect[name] for name in ("x", "y", "width", "height"))
    chain = ActionChains(opened.driver, duration=0).key_down(Keys.SHIFT)
    chain.move_to_element_with_offset(plane, left - x - width / 2, top - y - height / 2).click_and_hold()
    chain.move_by_offset(right - left, bottom - top).release().key_up(Keys.SHIFT).perform()
    opened.settle()
    songs = opened.texts("#card .entry .name")
    assert opened.text("#card h2") == "From clicks song 00 by Ärtist 0 of clicks to tones song 00 by Ärtist 0 of tones"
    assert (songs[0], songs[-1]) == ("clicks song 00", "tones song 00") and 2 < len(songs) <= 10
    assert opened.run("return songMap.listening.journey.length") == len(songs)


@pytest.mark.slow
def test_a_path_is_asked_for_with_keys_and_its_songs_follow_each_other(opened):
    opened.click(5)
    opened.key("p")
    assert "ends" in opened.text("#asked")
    opened.click(8)
    assert (
        opened.text("#card h2") == "From clicks song 05 by Ärtist 2 of clicks to clicks song 08 by Ärtist 2 of clicks"
    )
    assert opened.text("#asked") == ""
    assert opened.playing() == 5
    opened.run("songMap.listening.player.playAll([5, 11, 8])")
    for row in (11, 8):
        opened.until(f"return songMap.listening.player.row === {row}")
    opened.press("#card .entry", "clicks song 05")
    assert opened.playing() == 5 and opened.text("#card h2").startswith("From")
    opened.key(Keys.ESCAPE)
    assert opened.playing() is None and "Click on a song" in opened.text("#card")


def test_the_keyboard_alone_draws_a_path(opened):
    opened.click(5)
    opened.key("p", Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    end = opened.run("return songMap.chosen")
    assert end != 5 and opened.text("#asked")
    opened.key(Keys.ENTER)
    assert opened.run("return [songMap.listening.journey[0], songMap.listening.journey.at(-1)]") == [5, end]


def test_the_next_song_fades_in_while_the_one_before_fades_out(opened):
    opened.click(5)
    opened.until(SOUNDS)
    opened.run("songMap.visit('songs', 8)")
    opened.until("return songMap.listening.player.voices.every((voice) => voice.isOn)")
    opened.until("return !songMap.listening.player.voices[1].isOn")
    assert opened.playing() == 8


@pytest.mark.slow
def test_of_a_path_songs_that_cannot_be_played_are_told_of_and_passed_by(opened):
    opened.click(5)
    opened.run("songMap.listening.travel(9, 8)")
    opened.until("return songMap.listening.player.heard.has(8)")
    assert opened.text(".trouble").startswith("Your browser cannot play clicks")


def test_a_path_has_no_copy_of_its_ends_and_none_leads_from_a_copy_to_another(opened_with, make_embeddings, tmp_path):
    embeddings = make_embeddings([Track(tmp_path / f"{row}.mp3", "tones", "", f"Song {row}") for row in range(9)])
    embeddings.digests[3] = embeddings.digests[0]
    person = opened_with(embeddings)
    person.run("songMap.listening.travel(3, 7)")
    assert 0 not in person.run("return songMap.listening.journey")
    person.run("songMap.listening.travel(3, 0)")
    assert person.text("#asked") == "Both are the same recording: choose another song."
    assert "The same recording: Song 3" in person.click(0)
