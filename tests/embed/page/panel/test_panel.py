"""What stands beside the map, in headless Chromium: card, search, legend, confusions and figures."""

from dataclasses import replace

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.descriptors import DESCRIPTORS
from genre_lightning.embed.nearest import nearest

GENRES = ("clicks", "noise", "tones")


def test_the_card_lists_the_ten_nearest_songs_which_can_be_followed(opened, embeddings):
    card = opened.click(7).split("\n")
    rows, similarities = (each[7] for each in nearest(embeddings.vectors, 10))
    assert card[:2] == ["clicks song 07", "Ärtist 1 of clicks"]
    assert opened.texts("#card .entry .name") == [f"clicks song {row:02}" for row in rows]
    assert opened.texts("#card .entry small") == [f"{similarity:.2f}" for similarity in similarities]
    second = opened.texts("#card .entry .name")[1]
    opened.press("#card .entry", second)
    assert opened.text("#card h2") == second


def test_search_finds_a_song_whatever_its_case_and_centres_it_or_says_that_there_is_none(opened):
    opened.type("ARTIST song  12 tones")
    assert opened.texts("#found .songs .name") == ["tones song 12"]
    opened.key(Keys.ENTER)
    opened.settle()
    assert opened.text("#card h2") == "tones song 12" and not opened.text("#found")
    left, right, top, bottom = opened.edges("#map")
    assert opened.position(42) == pytest.approx([(right - left) / 2, (bottom - top) / 2], abs=2)
    assert opened.run("return songMap.camera.zoom") == pytest.approx((46 / 20) ** 0.5)
    opened.type("polka")
    assert opened.text("#found") == "No song or artist with that name"


def test_search_finds_an_artist_and_shows_all_of_their_songs_and_the_nearest_artists(opened, embeddings):
    opened.type("artist 2")
    assert opened.texts("#found .artists .name") == [f"Ärtist 2 of {genre}" for genre in GENRES]
    opened.key(Keys.ARROW_DOWN, Keys.ENTER)
    assert opened.text("#card h2") == "Ärtist 2 of noise"
    assert opened.texts("#card .entry .name")[:5] == [f"noise song {song:02}" for song in range(2, 15, 3)]
    means = np.stack(
        [embeddings.vectors[start + by : start + 15 : 3].mean(axis=0) for start in (0, 15, 30) for by in range(3)]
    )
    rows, similarities = (each[5] for each in nearest(means, 10))
    names = [f"Ärtist {row % 3} of {GENRES[row // 3]}" for row in rows]
    assert opened.texts("#card .entry .name")[5:] == names
    assert opened.texts("#card .entry small") == [f"{similarity:.2f}" for similarity in similarities]
    opened.press("#card .entry", names[0])
    assert opened.text("#card h2") == names[0]


def test_genres_and_splits_are_switched_off_and_on_and_search_switches_on_what_it_finds(opened):
    opened.press("#genres button", "noise")
    assert len(opened.shown()) == 31 and opened.point(16) == ""
    assert [words for words, *_ in opened.names("genre")] == ["tones", "clicks"]
    opened.press("#fills button", "train")
    assert len(opened.shown()) == 21 and opened.point(0) == ""
    opened.press("#genres button", "none")
    assert opened.shown() == []
    opened.type("noise song 04", Keys.ENTER)
    assert opened.text("#card h2") == "noise song 04" and len(opened.shown()) == 10
    opened.press("#genres button", "all")
    assert len(opened.shown()) == 31
    keys = ["train 15", "validation 15", "test 16", "wrongly classified"]
    assert opened.text("#fills").replace("\n", " ").endswith(" ".join(keys))


def test_a_cell_of_the_confusions_shows_its_songs_alone(opened):
    opened.press("#confusion summary")
    assert opened.text("#confusion .hint").startswith("16 songs (test)")
    assert opened.texts("#confusion .cell") == ["5", "4", "1", "6"]
    opened.press("#views button", "Artists")
    opened.press('#confusion .cell[title="noise, predicted tones: 1 song"]')
    assert opened.shown() == [20] and [words for words, *_ in opened.names("genre")] == ["noise"]
    assert opened.text("#confusion .told").startswith("noise, predicted tones: 1 song.")
    opened.click(20)
    assert opened.lines_to() == []  # as all its neighbours are hidden
    opened.press("#confusion .told button")
    assert len(opened.shown()) == 46


def test_thirty_genres_leave_room_for_the_card(opened_with, make_embeddings, tmp_path):
    names = [f"species number {row}" for row in range(48)]
    tracks = [
        Track(tmp_path / f"{row}.mp3", names[row % 48], f"Bird {row}", f"Song {row}", "test") for row in range(96)
    ]
    person = opened_with(make_embeddings(tracks, names))
    person.click(3)
    _, _, top, bottom = person.edges("#card")
    assert bottom - top >= 190 and len(person.texts("#genres .switches button")) == 48
    fits = "const {scrollHeight, clientHeight} = arguments[0]; return scrollHeight <= clientHeight"
    for whole in ("html", "aside"):  # so that nothing scrolls away
        assert person.run(fits, person.driver.find_element("css selector", whole))


def test_a_figure_is_explained_on_demand(opened):
    assert opened.texts("#metrics summary") == ["silhouette, 16 test songs 0.31"]
    opened.press("#metrics summary")
    assert opened.texts("#metrics p") == ["How near songs are to their genre."]


def test_the_ends_of_an_axis_say_what_there_is_more_of_and_how_strongly(opened_with, make_embeddings, tmp_path):
    embeddings = make_embeddings([Track(tmp_path / f"{row}.mp3", GENRES[row % 3]) for row in range(60)])
    brighter = np.full((60, len(DESCRIPTORS)), np.nan, np.float32)
    brighter[:, 1] = embeddings.positions[:, 0]
    person = opened_with(replace(embeddings, descriptors=brighter))
    assert person.text("#axis-right") == "more highs (1.00)" and person.text("#axis-left") == "fewer highs"
    assert person.text("#axis-top") == person.text("#axis-bottom") == ""
    left, _, top, _ = person.edges("#plane")
    words = [
        (one + left, other + left, above + top, below + top) for _, one, other, above, below in person.names("detail")
    ]
    for a, b, c, d in (person.edges(each) for each in ("#camera", "#axis-right", "#axis-left")):
        assert all(other <= a or b <= one or below <= c or d <= above for one, other, above, below in words)
