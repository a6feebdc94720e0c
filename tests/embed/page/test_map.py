"""The page as a person meets it, in headless Chromium."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest
import soundfile
from PIL import Image
from selenium.webdriver.common.keys import Keys

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.neighbours import nearest, songs_by_artist
from genre_lightning.embed.page.document import write_page
from genre_lightning.embed.page.excerpts import excerpt
from genre_lightning.embed.style import BACKGROUND, MapView

SPLITS = ("train", "val", "test")
GENRES = ("clicks", "noise", "tones")
EVIL = (
    '<script>alert(1)</script>', "</script><img src=x onerror=alert(1)>", """"quoted" 'twice' \\ &amp; `${1}`""",
    "\N{PARTY POPPER} fête", "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}\N{HEBREW LETTER FINAL MEM}", "Long " * 60,
)  # fmt: skip


class Silent(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_):
        pass


def artist_means(embeddings):
    return np.stack([embeddings.vectors[rows].mean(axis=0) for rows in songs_by_artist(embeddings).values()])


@pytest.fixture(scope="module")
def embeddings(make_embeddings, tmp_path_factory):
    """Fifteen songs a genre by three artists each, in all splits; the last song names neither artist nor title."""
    folder = tmp_path_factory.mktemp("page")

    def track(genre, song):
        names = f"Ärtist {song % 3} of {genre}", f"{genre} song {song:02}"
        return Track(folder / f"{genre}{song}.wav", genre, *names, SPLITS[song % 3])

    nameless = Track(folder / "nameless.wav", "tones", split="test")
    tracks = [*(track(genre, song) for genre in GENRES for song in range(15)), nameless]
    return make_embeddings(tracks, taken_for={3: "noise", 20: "tones"})


@pytest.fixture(scope="module")
def page(embeddings):
    """The page of all songs. Song 5 has an excerpt, the file of song 6 lies beside the page, all others are gone."""
    folder = embeddings.tracks.tracks[0].path.parent
    for name, seconds in (("short.wav", 1), ("clicks6.wav", 12)):
        soundfile.write(folder / name, 0.5 * np.sin(np.arange(seconds * 8000) / 3), 8000)
    excerpts = [excerpt(folder / "short.wav") if row == 5 else None for row in range(len(embeddings.tracks))]
    write_page(MapView(embeddings, {"silhouette, test": 0.31}, "map of run"), folder / "map.html", excerpts)
    return folder / "map.html"


@pytest.fixture
def served(tmp_path):
    """The address of a folder that is served over HTTP."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=tmp_path)) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def opened(person, page):
    """The page, as it is when it has just been opened."""
    person.open(page.as_uri())
    return person


def test_the_page_opens_offline_and_asks_for_nothing(opened, page):
    assert opened.requests() == [page.as_uri()] and opened.complaints() == []
    assert opened.text("h1") == "map of run" and opened.text("#counts") == "46 songs, 3 genres, 9 artists"
    assert opened.text("#metrics") == "silhouette, test: 0.31"


def test_pointing_at_a_song_tells_what_it_is(opened):
    first = ["clicks song 00", "Ärtist 0 of clicks", "clicks", "train", "predicted clicks, 80 %"]
    assert opened.point(0).split("\n") == first
    assert opened.point(20).split("\n")[2:] == ["noise", "test", "predicted tones, 80 %"]
    assert opened.point(45).split("\n") == ["nameless.wav", "tones", "test", "predicted tones, 80 %"]
    assert opened.point(45, away=60) == ""


def test_songs_of_unknown_genre_show_what_they_are_taken_for(person, make_embeddings, tmp_path):
    embeddings = make_embeddings([Track(tmp_path / f"{row}.mp3", "") for row in range(4)], taken_for={1: "tones"})
    write_page(MapView(embeddings, {}, "run"), tmp_path / "map.html")
    person.open((tmp_path / "map.html").as_uri())
    assert person.point(1).split("\n") == ["1.mp3", "unknown genre", "predicted tones, 80 %"]
    assert set(person.column("marks", "inside")) == {0} and person.column("rings", "x") == []
    assert person.texts("#fills button") == ["unknown genre, colour as predicted\n4"]


def test_the_run_s_own_songs_lie_in_the_background_and_are_counted_apart(person, make_embeddings, tmp_path):
    splits = ("", "", BACKGROUND, BACKGROUND, BACKGROUND)
    tracks = [Track(tmp_path / f"{row}.mp3", "tones" if split else "", split=split) for row, split in enumerate(splits)]
    embeddings = make_embeddings(tracks)
    write_page(MapView(embeddings, {}, "run"), tmp_path / "map.html")
    person.open((tmp_path / "map.html").as_uri())
    assert person.text("#counts") == "2 songs, 3 songs of the run in the background, 3 genres"
    assert person.column("marks", "edge") == [0, 0, 0, 1, 1]  # the last are on top
    assert person.point(3).split("\n") == ["3.mp3", "tones", "song of the run", "predicted tones, 80 %"]


def test_a_click_lists_the_ten_nearest_songs_and_draws_lines_to_them(opened, embeddings):
    card = opened.click(7).split("\n")
    rows, similarities = (each[7] for each in nearest(embeddings.vectors, 10))
    assert card[:2] == ["clicks song 07", "Ärtist 1 of clicks"]
    assert opened.texts("#card .entry .name") == [f"clicks song {row:02}" for row in rows]
    assert opened.texts("#card .entry small") == [f"{similarity:.2f}" for similarity in similarities]
    assert (opened.column("lines", "x1"), opened.column("lines", "y1")) == tuple(embeddings.positions[rows].T.tolist())
    assert set(opened.column("lines", "x0")) == set(opened.column("chosen", "x")) == {float(embeddings.positions[7, 0])}


def test_a_neighbour_can_be_followed_and_the_choice_undone(opened, embeddings):
    opened.click(7)
    second = opened.texts("#card .entry .name")[1]
    opened.press("#card .entry", second)
    assert opened.text("#card h2") == second
    opened.key(Keys.ESCAPE)
    assert "Click on a song" in opened.text("#card") and opened.column("lines", "x0") == []


def test_a_click_plays_the_excerpt_in_the_page_to_its_end(opened, page):
    opened.click(5)
    opened.until("return songMap.player.audio.currentTime > 0.1")
    assert opened.run("return songMap.player.audio.src.slice(0, 22)") == "data:audio/mpeg;base64"
    assert opened.text(".play") == "Stop"
    opened.until("return songMap.player.audio.ended")
    opened.until("return document.querySelector('.play').innerText === 'Play'")
    assert opened.requests()[0] == page.as_uri() and not [url for url in opened.requests() if url.startswith("http")]


def test_a_click_plays_the_middle_of_the_songs_own_file_and_another_click_stops_it(opened, page):
    opened.click(6)
    opened.until("return songMap.player.audio.currentTime > 0")
    assert 3.5 <= opened.until("return songMap.player.audio.currentTime") < 5
    assert opened.run("return songMap.player.audio.src") == (page.parent / "clicks6.wav").as_uri()
    opened.click(6)
    assert opened.run("return songMap.player.audio.paused") and opened.text(".play") == "Play"


def test_a_sound_that_is_stopped_before_it_was_loaded_stays_silent(opened):
    opened.click(7)  # a page makes no sound before it was clicked on
    opened.run("songMap.player.play(5); songMap.player.stop()")
    opened.until("return songMap.player.audio.readyState > 2")
    opened.settle()
    assert opened.run("return songMap.player.audio.paused")


def test_a_page_that_is_served_plays_a_file_that_lies_elsewhere(person, make_embeddings, tmp_path, served):
    for folder in ("run", "my songs"):
        (tmp_path / folder).mkdir()
    song = tmp_path / "my songs" / "é #1.wav"
    soundfile.write(song, 0.5 * np.sin(np.arange(8000) / 3), 8000)
    embeddings = make_embeddings([Track(song, "tones")])
    write_page(MapView(embeddings, {}, "run"), tmp_path / "run" / "map.html")
    person.open(f"{served}/run/map.html")
    person.click(0)
    person.until("return songMap.player.audio.currentTime > 0.1")
    assert person.complaints() == []


def test_a_file_that_is_gone_is_told_of(opened):
    opened.click(8)
    told = opened.until("return document.querySelector('.trouble').innerText")
    assert told.startswith("Your browser cannot play clicks8.wav")
    opened.click(5)
    opened.until("return songMap.player.audio.currentTime > 0.1")
    assert opened.text(".trouble") == ""


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


def test_search_finds_a_song_whatever_its_case_and_centres_it_or_says_that_there_is_none(opened):
    opened.type("ARTIST song  12 tones")
    assert opened.texts("#found .songs .name") == ["tones song 12"]
    opened.key(Keys.ENTER)
    opened.settle()
    assert opened.text("#card h2") == "tones song 12" and not opened.text("#found")
    left, right, top, bottom = opened.edges("#map")
    assert opened.position(42) == pytest.approx([(right - left) / 2, (bottom - top) / 2], abs=2)
    assert opened.run("return songMap.camera.zoom") == pytest.approx(4)
    opened.type("polka")
    assert opened.text("#found") == "No song or artist with that name"


def test_search_finds_an_artist_and_shows_all_of_their_songs(opened, embeddings):
    opened.type("artist 2")
    assert opened.texts("#found .artists .name") == [f"Ärtist 2 of {genre}" for genre in GENRES]
    opened.key(Keys.ARROW_DOWN, Keys.ENTER)
    assert opened.text("#card h2") == "Ärtist 2 of noise"
    assert opened.texts("#card .entry .name")[:5] == [f"noise song {song:02}" for song in range(2, 15, 3)]
    mean = embeddings.positions[17:30:3].mean(axis=0)
    assert opened.column("chosen", "x") + opened.column("chosen", "y") == pytest.approx(mean.tolist())


def test_artists_are_a_view_of_their_own(opened):
    opened.press("#views button", "Artists")
    assert len(opened.column("marks", "x")) == 9 and opened.text("#fills") == ""
    assert opened.point(4).split("\n") == ["Ärtist 1 of noise", "noise", "5 songs"]
    opened.press("#views button", "Songs")
    assert len(opened.column("marks", "x")) == 46


def test_the_nearest_artists_are_listed_and_lead_on(opened, embeddings):
    opened.press("#views button", "Artists")
    opened.click(4)
    rows, similarities = (each[4] for each in nearest(artist_means(embeddings), 10))
    names = [f"Ärtist {row % 3} of {GENRES[row // 3]}" for row in rows]
    assert opened.texts("#card .entry .name")[5:] == names
    assert opened.texts("#card .entry small") == [f"{similarity:.2f}" for similarity in similarities]
    assert len(opened.column("lines", "x1")) == 8
    opened.press("#card .entry", names[0])
    assert opened.text("#card h2") == names[0]


def test_a_song_leads_to_its_artist_and_back(opened):
    opened.click(22)
    opened.press("#card .artist")
    assert opened.text("#card h2") == "Ärtist 1 of noise"
    opened.press("#card .entry", "noise song 04")
    assert opened.text("#card").split("\n")[:2] == ["noise song 04", "Ärtist 1 of noise"]


def test_genres_and_splits_are_switched_off_and_on(opened):
    opened.press("#genres button", "noise")
    assert len(opened.column("marks", "x")) == 31 and opened.point(16) == ""
    assert opened.texts("#names .genre") == ["tones", "clicks"]
    opened.press("#fills button", "train")
    assert len(opened.column("marks", "x")) == 21 and opened.point(0) == ""
    opened.press("#genres button", "none")
    assert opened.column("marks", "x") == [] == opened.column("rings", "x")
    opened.press("#genres button", "all")
    assert len(opened.column("marks", "x")) == 31


def test_what_is_switched_off_is_chosen_no_more(opened):
    opened.click(22)
    opened.press("#genres button", "tones")
    assert opened.text("#card h2") == "noise song 07"
    opened.press("#genres button", "noise")
    assert "Click on a song" in opened.text("#card") and opened.column("chosen", "x") == []


def test_a_song_that_is_switched_off_is_found_and_switched_on(opened):
    opened.press("#genres button", "none")
    opened.type("noise song 04", Keys.ENTER)
    assert opened.text("#card h2") == "noise song 04" and len(opened.column("marks", "x")) == 15


def test_what_is_switched_off_is_gone_from_the_picture(opened, tmp_path):
    def seen(colour):
        opened.driver.save_screenshot(str(tmp_path / "page.png"))
        pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB"))[:, :900].astype(int)
        return (abs(pixels - colour).sum(axis=2) < 12).sum()

    orange = (0xD5, 0x5E, 0x00)
    opened.until("return songMap.layers.sources.marks.data.x.length")
    assert seen(orange) > 100
    opened.press("#genres button", "noise")
    assert seen(orange) == 0


def test_splits_and_mistakes_are_marked(opened, embeddings):
    looks = {*zip(opened.column("marks", "inside"), opened.column("marks", "edge"), strict=True)}
    assert looks == {(0.32, 0), (0.32, 1), (1, 0)}
    assert opened.column("rings", "x") == pytest.approx(embeddings.positions[[3, 20], 0].tolist())
    keys = ["train 15", "validation 15", "test 16", "wrongly classified"]
    assert opened.text("#fills").replace("\n", " ").endswith(" ".join(keys))


def test_genre_names_stand_at_the_centre_of_their_clouds(opened, embeddings):
    on_screen = "({name, centre}) => [name, songMap.camera.toScreen(...centre)]"
    centres = opened.run(f"return songMap.contents.genres.map({on_screen})")
    plane, names = opened.edges("#plane"), opened.driver.find_elements("css selector", "#names .genre")
    middle = {name.text: opened.middle(name) for name in names}
    assert middle == {name: pytest.approx([plane[0] + left, plane[2] + top], abs=2) for name, (left, top) in centres}
    centre = opened.run("return songMap.contents.genres[0].centre")
    assert centre == pytest.approx(np.median(embeddings.positions[:15], axis=0).tolist())


def test_text_from_tags_is_shown_and_never_run(person, make_embeddings, tmp_path):
    embeddings = make_embeddings([Track(tmp_path / "a.mp3", text, text, text) for text in EVIL], genres=EVIL)
    write_page(MapView(embeddings, {EVIL[0]: 1.0}, EVIL[0]), tmp_path / "map.html")
    person.open((tmp_path / "map.html").as_uri())
    for row, text in enumerate(EVIL):
        shown = " ".join(text.split())
        assert " ".join(person.point(row).split("\n")[0].split()) == shown
        assert person.click(row).split("\n")[0].strip() == shown
        person.type(text[:20])
        assert shown in [words.strip() for words in person.texts("#found .artists .name")]
        assert shown in [" ".join(words.split()) for words in person.texts("#genres bdi")]
    assert person.text("h1") == person.driver.title == EVIL[0] and EVIL[0] in person.text("#metrics")
    assert person.run("return document.querySelectorAll('img, iframe, #card script, #names script').length") == 0
    assert person.complaints() == []


@pytest.mark.parametrize(("songs", "genres"), [(1, 1), (24, 12)])
def test_few_songs_without_names_and_many_genres_are_no_trouble(person, make_embeddings, tmp_path, songs, genres):
    names = [f"genre {letter}" for letter in "abcdefghijkl"][:genres]
    embeddings = make_embeddings([Track(tmp_path / f"{row}.mp3", names[row % genres]) for row in range(songs)], names)
    write_page(MapView(embeddings, {"silhouette, test": float("nan")}, "run"), tmp_path / "map.html")
    person.open((tmp_path / "map.html").as_uri())
    assert person.point(0).split("\n")[0] == "0.mp3" and person.texts("#views button") == []
    assert len(person.texts("#genres .switches button")) == genres
    assert person.click(songs - 1).split("\n")[0] == f"{songs - 1}.mp3"
    assert len(person.texts("#card .entry")) == min(10, songs - 1) and person.complaints() == []


def test_a_phone_shows_the_map_above_the_controls_and_a_finger_needs_no_aim(opened, page, embeddings):
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    opened.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        opened.open(page.as_uri())
        assert opened.run("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
        tops = [opened.edges(each)[2] for each in ("h1", "#map", "#metrics", "#search", "#card", "#genres")]
        assert tops == sorted(tops) and opened.edges("#map")[3] <= tops[2]
        leftmost = int(embeddings.positions[:, 0].argmin())
        opened.click(leftmost, away=15, kind="touch")
        assert opened.run("return songMap.chosen") == leftmost and opened.text("#hover") == ""
    finally:
        opened.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
