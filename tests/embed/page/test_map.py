"""The page as a person meets it, in headless Chromium: what the map shows, and what clicks and keys do."""

from html import escape

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.style import BACKGROUND, Figure

GENRES = ("clicks", "noise", "tones")
EVIL = (
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "</style><iframe src=javascript:alert(1)>",
    '"><svg onload=alert(1)>', "' onerror='alert(1)", "<!--<script>", "-->", "]]>", "&lt;b&gt; &amp; &#60;",
    "<b>bold</b>", """"quoted" 'twice' \\ &amp; `${1}`""", "${script} $title $$", "{{ 7 * 7 }}", "%s %(a)s {0}",
    "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "\\u003cscript\\u003e", "\\", '\\"',
    "\x00\x07\x1b[31m",
    "line\nbreak\ttab\r",
    "\u2028\u2029", "\ufeff\u200b\u200d", "\u202egnp.exe", "\udce9", "\ufffe", "z\u0351\u0312\u034b" * 20,
    "\N{PARTY POPPER} fête", "\N{WOMAN}\u200d\N{MICROSCOPE}", "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}",
    "\N{ARABIC LETTER ALEF}\N{ARABIC LETTER BEH} (live)", "乐队", "Long " * 60, "W" * 300, " ", ".", "..", "/",
    "NaN", "null", "__proto__", "constructor",
)  # fmt: skip
READ_ALL = """
const read = (selector) => document.querySelector(selector).textContent;
return Array.from(songMap.contents.songs.name.keys(), (row) => {
  songMap.choose(row);
  songMap.hover.show(songMap.columns, row, [300, 300], [], [900, 600]);
  const [card, hover] = [read("#card h2"), read("#hover strong")];
  songMap.search.input.value = songMap.contents.songs.name[row].replace(/\\s+/g, " ").slice(0, 40);
  songMap.search.look();
  return [card, hover, songMap.search.found.some((found) => found.row === row)];
});
"""


def test_the_page_opens_offline_and_asks_for_nothing(opened, page):
    assert opened.requests() == [page.as_uri()] and opened.complaints() == []
    assert opened.text("h1") == "map of run" and opened.text("#counts") == "46 songs, 3 genres, 9 artists"


def test_pointing_at_a_song_tells_what_it_is(opened):
    first = ["clicks song 00", "Ärtist 0 of clicks", "clicks", "train", "predicted clicks, 80 %"]
    assert opened.point(0).split("\n") == first
    assert opened.point(20).split("\n")[2:] == ["noise", "test", "predicted tones, 80 %"]
    assert opened.point(45).split("\n") == ["nameless", "tones", "test", "predicted tones, 80 %"]
    assert opened.point(45, away=60) == ""


def test_songs_of_unknown_genre_show_what_they_are_taken_for(opened_with, make_embeddings, tmp_path):
    embeddings = make_embeddings([Track(tmp_path / f"{row}.mp3", "") for row in range(4)], taken_for={1: "tones"})
    person = opened_with(embeddings)
    assert person.point(1).split("\n") == ["1", "unknown genre", "predicted tones, 80 %"]
    assert person.texts("#fills button") == ["unknown genre, colour as predicted\n4"]
    assert person.texts("#confusion summary") == []


def test_the_run_s_own_songs_lie_in_the_background_and_are_counted_apart(opened_with, make_embeddings, tmp_path):
    splits = ("", "", BACKGROUND, BACKGROUND, BACKGROUND)
    tracks = [Track(tmp_path / f"{row}.mp3", "tones" if split else "", split=split) for row, split in enumerate(splits)]
    person = opened_with(make_embeddings(tracks))
    assert person.text("#counts") == "2 songs, 3 songs of the run in the background, 3 genres"
    assert person.shown() == [2, 3, 4, 0, 1]  # the last are on top
    assert person.point(3).split("\n") == ["3", "tones", "song of the run", "predicted tones, 80 %"]


def test_a_click_draws_lines_to_the_nearest_songs_and_escape_undoes_the_choice(opened, embeddings):
    opened.click(7)
    nearest = opened.run("return Array.from(songMap.contents.songs.nearest.slice(70, 80))")
    assert np.array(opened.lines_to()) == pytest.approx(embeddings.positions[nearest], abs=1e-4)
    opened.key(Keys.ESCAPE)
    assert "Click on a song" in opened.text("#card") and opened.lines_to() == []


def test_the_map_is_dragged_and_zoomed_and_nothing_is_chosen_by_it(opened):
    left, top = opened.position(7)
    opened.drag(7, along=100)
    assert opened.position(7) == pytest.approx([left + 100, top], abs=2)
    opened.scroll(7, pixels=-300)
    assert opened.run("return songMap.camera.zoom") > 1.2
    assert opened.position(7) == pytest.approx([left + 100, top], abs=2)
    opened.press("#fit")
    assert opened.position(7) == pytest.approx([left, top], abs=2)
    assert "Click on a song" in opened.text("#card")


def test_artists_are_a_view_of_their_own_and_a_song_leads_to_its_artist_and_back(opened):
    opened.press("#views button", "Artists")
    assert len(opened.shown()) == 9 and opened.text("#fills") == ""
    assert opened.point(4).split("\n") == ["Ärtist 1 of noise", "noise", "5 songs"]
    opened.press("#views button", "Songs")
    assert len(opened.shown()) == 46
    opened.click(22)
    opened.press("#card .artist")
    assert opened.text("#card h2") == "Ärtist 1 of noise"
    opened.press("#card .entry", "noise song 04")
    assert opened.text("#card").split("\n")[:2] == ["noise song 04", "Ärtist 1 of noise"]


def test_what_is_switched_off_is_gone_from_the_picture_and_chosen_no_more(opened, tmp_path):
    def seen(colour):
        opened.driver.save_screenshot(str(tmp_path / "page.png"))
        pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB"))[:, :900].astype(int)
        return (abs(pixels - colour).sum(axis=2) < 12).sum()

    orange = (0xD5, 0x5E, 0x00)
    opened.click(22)
    assert seen(orange) > 100
    opened.press("#genres button", "tones")
    assert opened.text("#card h2") == "noise song 07"
    opened.press("#genres button", "noise")
    assert seen(orange) == 0 and "Click on a song" in opened.text("#card")


def test_names_stand_where_they_lie_and_touch_nothing(opened):
    genres, songs = opened.names("genre"), opened.names("detail")
    centres = opened.run("return songMap.contents.genres.map(({centre}) => songMap.camera.toScreen(...centre))")
    middles = {words: [(left + right) / 2, (top + bottom) / 2] for words, left, right, top, bottom in genres}
    assert middles == {genre: pytest.approx(centre, abs=1) for genre, centre in zip(GENRES, centres, strict=True)}
    assert len(songs) > 15
    boxes = [each[1:] for each in (*genres, *songs)]
    for row, (left, right, top, bottom) in enumerate(boxes):
        assert all(right <= a or b <= left or bottom <= c or d <= top for a, b, c, d in boxes[row + 1 :])


def test_text_from_tags_is_shown_and_never_run(opened_with, make_embeddings, tmp_path):
    tracks = [Track(tmp_path / f"{text[:40]}.mp3", text, text, text) for text in EVIL]
    embeddings = make_embeddings(tracks, genres=EVIL)
    person = opened_with(embeddings, figures=[Figure(EVIL[0], 1.0, EVIL[1], EVIL[2])], title=EVIL[0])
    shown = [text.replace("\udce9", "?") for text in EVIL]
    for text, (card, hover, found) in zip(shown, person.run(READ_ALL), strict=True):
        assert card == hover and card.strip() == (text.strip() or card.strip())
        assert found or not any(letter.isalnum() for letter in text), text
    assert person.click(1).split("\n")[0] == EVIL[1] and len(EVIL) == 42
    assert set(shown) <= set(
        person.run("return [...document.querySelectorAll('#genres bdi')].map((e) => e.textContent)")
    )
    assert person.text("h1") == person.driver.title == EVIL[0] and EVIL[0] in person.text("#metrics")
    assert person.run("return document.querySelectorAll('img, iframe, #card script, #found script').length") == 0
    assert person.complaints() == []


@pytest.mark.parametrize(("songs", "genres"), [(1, 1), (24, 12)])
def test_few_songs_without_names_and_many_genres_are_no_trouble(opened_with, make_embeddings, tmp_path, songs, genres):
    names = [f"genre {letter}" for letter in "abcdefghijkl"][:genres]
    embeddings = make_embeddings([Track(tmp_path / f"{row}.mp3", names[row % genres]) for row in range(songs)], names)
    person = opened_with(embeddings, figures=[Figure("silhouette", float("nan"), "1 test song", "")])
    assert person.point(0).split("\n")[0] == "0" and person.texts("#views button") == []
    assert len(person.texts("#genres .switches button")) == genres
    assert person.click(songs - 1).split("\n")[0] == f"{songs - 1}"
    assert len(person.texts("#card .entry")) == min(10, songs - 1) and person.complaints() == []


def test_a_link_leads_to_its_song_also_in_a_page_that_is_open(opened, page):
    opened.click(7)
    link = opened.driver.current_url
    assert link == f"{page.as_uri()}#song=clicks%20song%2007%20by%20%C3%84rtist%201%20of%20clicks"
    opened.open("about:blank", opened="document")
    opened.open(link)
    assert opened.text("#card h2") == "clicks song 07"
    opened.run("location.hash = '#song=' + encodeURIComponent('noise song 04 by Ärtist 1 of noise')")
    assert opened.until("return document.querySelector('#card h2').innerText") == "noise song 04"
    opened.open("about:blank", opened="document")
    opened.open(f"{page.as_uri()}#song=Nobody")
    assert "Click on a song" in opened.text("#card")


def test_in_a_frame_without_an_address_a_click_leaves_the_page_where_it_is(person, page, tmp_path):
    frame = (
        f'<iframe id="frame" width="1200" height="800" srcdoc="{escape(page.read_text(encoding="utf-8"))}"></iframe>'
    )
    (tmp_path / "notebook.html").write_text(frame, encoding="utf-8")
    person.open((tmp_path / "notebook.html").as_uri(), opened="frame")
    person.driver.switch_to.frame("frame")
    try:
        person.until("return !!window.songMap")
        person.run("songMap.choose(7)")
        person.settle()
        assert person.text("#card h2") == "clicks song 07"
    finally:
        person.driver.switch_to.default_content()


def test_songs_of_one_name_have_links_of_their_own(opened_with, make_embeddings, tmp_path):
    names = ("song", "song", "song (2)")
    person = opened_with(
        make_embeddings([Track(tmp_path / f"{row}.mp3", "tones", "", n) for row, n in enumerate(names)])
    )
    for row in range(3):
        person.run("songMap.choose(arguments[0])", row)
        person.settle()
        assert person.run("return songMap.chosen") == row
        assert person.run("songMap.follow(location.hash); return songMap.chosen") == row


def test_what_waits_for_the_end_of_a_path_is_forgotten_in_the_other_view(opened):
    opened.click(5)
    opened.key("p", "a", Keys.ENTER)
    assert opened.text("#asked") == "" and opened.complaints() == []
    opened.press("#card .entry")
    assert opened.text("#card h2").endswith(("song 02", "song 05", "song 08", "song 11", "song 14"))


def test_a_click_on_a_name_is_a_click_on_its_song(opened):
    words, left, right, top, bottom = opened.names("detail")[0]
    plane = opened.driver.find_element("css selector", "#plane")
    away = (left + right - plane.size["width"]) / 2, (top + bottom - plane.size["height"]) / 2
    ActionChains(opened.driver, duration=0).move_to_element_with_offset(plane, *away).click().perform()
    opened.settle()
    assert opened.text("#card h2") == words


def test_the_keyboard_goes_from_song_to_song_and_lists_its_keys(opened, embeddings):
    opened.key(Keys.ARROW_RIGHT)
    first = opened.run("return songMap.chosen")
    opened.key(Keys.ARROW_RIGHT)
    second = opened.run("return songMap.chosen")
    assert embeddings.positions[second, 0] > embeddings.positions[first, 0]
    opened.key("a")
    assert opened.text("#card h2").startswith("Ärtist")
    opened.key("+")
    assert opened.run("return songMap.camera.zoom") == pytest.approx(2)
    opened.key("?")
    assert "list" in opened.text("#help") and len(opened.texts("#help dt")) == 9
    opened.key(Keys.ESCAPE)
    opened.key("/")
    assert opened.run("return document.activeElement === songMap.search.input")


def test_light_and_dark_are_switched_and_names_stay_readable(opened):
    def brightness(name):
        channels = opened.run(f"return getComputedStyle(document.body).{name}.match(/[0-9.]+/g).map(Number)")
        return sum(channels[:3])

    try:
        assert brightness("backgroundColor") > 600 > 300 > brightness("color")
        opened.press("#theme")
        assert brightness("backgroundColor") < 300 < 600 < brightness("color")
        assert opened.run("return songMap.canvases.overlay.colours.paper") == "#16181b"
        opened.driver.refresh()
        opened.until("return !!window.songMap")
        assert brightness("backgroundColor") < 300
    finally:
        opened.run("localStorage.clear()")


def test_a_phone_shows_the_map_above_the_controls_and_a_finger_needs_no_aim(opened, page, embeddings):
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    opened.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        opened.open(page.as_uri())
        assert opened.run("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
        tops = [opened.edges(each)[2] for each in ("h1", "#search", "#map", "#card", "#genres", "#metrics")]
        assert tops == sorted(tops) and opened.edges("#map")[3] <= tops[3]
        leftmost = int(embeddings.positions[:, 0].argmin())
        opened.click(leftmost, away=15, kind="touch")
        assert opened.run("return songMap.chosen") == leftmost and opened.text("#hover") == ""
    finally:
        opened.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
