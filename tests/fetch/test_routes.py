import shlex
import sys
from pathlib import Path

import pytest
import service as fake
from hydra import compose, initialize_config_dir
from service import Service, artist_row, track_row

from genre_lightning.command_line.rewriting import rewritten
from genre_lightning.errors import UserError
from genre_lightning.fetch.client import connect
from genre_lightning.fetch.journal import Journal
from genre_lightning.fetch.pace import Pace
from genre_lightning.fetch.routes import Routes, paged
from genre_lightning.fetch.settings import PaceSettings, checked_settings

CONF = Path(__file__).parents[2] / "conf"
ALBUM_GENRES = {"rock": ["rock", "hardrock"], "jazz": ["jazz"], "hiphop": ["rap"]}


@pytest.fixture
def bare():
    """A service with tags and genres, and no track."""
    with Service(artists=0) as running:
        yield running


@pytest.fixture
def routes(tmp_path):
    """The routes of a service."""

    def made(service, album_genres=ALBUM_GENRES):
        journal = Journal(tmp_path / "answers.txt")
        client = connect(service.url, None, Pace(PaceSettings(None, 2, 0, 0.0, [], 20)), journal)
        return Routes(client, album_genres, journal)

    return made


@pytest.fixture
def walk(routes):
    return lambda service, genre: [(route, str(track.id)) for route, track in routes(service).walk(genre)]


def add(service, genre, route, count, begin=1):
    rows = [
        track_row(number, [artist_row(number)], fake.ALBUM_GENRES.get(genre, genre))
        for number in range(begin, begin + count)
    ]
    return [(route, service.add(genre, row, route)) for row in rows]


@pytest.mark.parametrize("count", [1, 25, 26, 60])
def test_artists_come_page_by_page(count, bare, walk):
    expected = add(bare, "rock", "artists", count)
    assert walk(bare, "rock") == expected


def test_albums_are_opened_and_lend_their_name_to_their_tracks(bare, walk):
    expected = add(bare, "jazz", "albums", 30)
    add(bare, "other", "albums", 3, begin=900)
    bare.shelves["albums", "jazz"] += bare.shelves.pop(("albums", "other"))
    assert walk(bare, "jazz") == expected
    assert not [hit for hit in bare.hits if "500900" in hit.path], "an album of another genre is opened"


def test_playlists_give_tracks_whole_or_by_their_ids(bare, walk):
    expected = add(bare, "jazz", "playlists", 5)
    assert sorted(walk(bare, "jazz")) == sorted(expected)
    assert [hit.query["track-ids"] for hit in bare.hits if hit.method == "POST"] == [["1", "3", "5"]]


def test_search_goes_on_to_its_last_page(bare, walk):
    assert walk(bare, "hiphop") == add(bare, "hiphop", "search", 0)
    expected = add(bare, "hiphop", "search", 23)
    assert walk(bare, "hiphop") == expected


def test_the_station_is_asked_until_it_repeats_itself(bare, walk):
    expected = add(bare, "jazz", "station", 12)
    assert walk(bare, "jazz") == expected


def test_routes_are_walked_in_order(bare, walk):
    places = ("artists", "albums", "playlists", "search", "station")
    expected = [add(bare, "jazz", route, 1, begin=10 * n + 1)[0] for n, route in enumerate(places)]
    assert walk(bare, "jazz") == expected


def test_a_tag_is_known_by_its_title_or_else_by_its_station(bare, walk):
    expected = add(bare, "hiphop", "artists", 1)  # its tag is called Хип-хоп, its albums' genre Рэп
    assert walk(bare, "hiphop") == expected
    assert "/metatags/tag-2" in [hit.path for hit in bare.hits]
    hits = len(bare.hits)
    walk(bare, "jazz")
    assert "/metatags/tag-1" not in [hit.path for hit in bare.hits[hits:]]


@pytest.mark.skipif(sys.platform == "win32", reason="its shells have other quotes")
def test_what_is_shown_for_a_genre_that_the_service_does_not_know_can_be_typed(bare, routes):
    with pytest.raises(UserError, match=r"no genre r&b; say which of its genres make it up, for example ") as told:
        routes(bare).album_genres("r&b")
    (typed,) = rewritten(shlex.split(str(told.value).rpartition("for example ")[2]))
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("fetch", ["genres=['r&b',rock]", typed])
    settings = checked_settings(config)
    assert routes(bare, settings.album_genres).album_genres("r&b") == [routes(bare).taxonomy[0].id]


def test_a_genre_that_is_not_configured_is_the_service_s_with_those_below(bare, routes):
    known = routes(bare)
    assert known.album_genres("metal") == ["metal", "numetal"] and known.album_genres("rock") == ["rock", "hardrock"]


@pytest.mark.parametrize("gone", ["^/metatags/", "^/landing3", "^/genres", "^/tags/", "^/search", "^/rotor"])
def test_a_route_that_is_not_there_is_passed_over(gone, bare, walk):
    for number, route in enumerate(("playlists", "search", "station")):
        add(bare, "jazz", route, 1, begin=number + 1)
    bare.misbehave(gone, fake.status(404))
    assert len(walk(bare, "jazz")) >= 2


def test_pages_that_repeat_themselves_end():
    class Thing:
        def __init__(self, number):
            self.id = number

    asked = []

    def ask(page):
        asked.append(page)
        return [Thing(1), Thing(2)]

    assert [thing.id for thing in paged(ask)] == [1, 2] and asked == [0, 1]
    asked.clear()
    assert [thing.id for thing in paged(ask, barren=3)] == [1, 2] and asked == [0, 1, 2, 3]
