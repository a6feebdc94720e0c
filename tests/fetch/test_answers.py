"""What the service says in wrong kinds of values, of whole answers and of each value in them."""

import json
from dataclasses import asdict

import pytest
import service as fake
from yandex_music import Client, Track

from genre_lightning.fetch.answers import asked, legible
from genre_lightning.fetch.candidates import RejectedError, accept
from genre_lightning.fetch.failures import PassingError

ODD = ["x", 7, -1.5, True, None, [], {}, [["x"]], {"id": []}, 10**400, float("inf"), float("nan"), "\ud83d", "a/../b"]


def test_names_fit_into_a_line_and_a_list():
    assert legible("a\x00b\r\n c\u2028d\ud83d") == "a b c d?"
    assert legible("Ñandú 🎸") == "Ñandú 🎸"


def read(row):
    """A track as a run reads it."""
    return asked(lambda: [Track.de_json(row, Client())])[0]


def test_what_is_of_its_kind_stays_and_a_number_may_be_a_name():
    track = read(fake.track_row(7, [fake.artist_row(5, 311)], title="T"))
    assert (track.id, track.title, track.duration_ms, track.available) == ("7", "T", 40_000, True)
    assert accept(track, "rock", {"rock": ["rock"]}, "search").artists == {"5": "311"}


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_whatever_stands_in_place_of_a_value_a_track_is_taken_or_rejected(odd):
    row = fake.track_row(7, [fake.artist_row(5)])
    for path in fake.places(row):
        if (track := read(fake.put(row, path, odd))) is not None:
            try:
                candidate = accept(track, "rock", {"rock": ["rock"]}, "search")
            except RejectedError:
                continue
            json.dumps(asdict(candidate), allow_nan=False).encode()
            assert 30 <= candidate.seconds <= 3 * 3600 and candidate.preview_seconds <= candidate.seconds
            assert {type(text) for pair in candidate.artists.items() for text in pair} == {str}


@pytest.mark.parametrize("length", [29_999, 3 * 3_600_000 + 1, 10**400, float("nan"), "40000", -1])
def test_a_length_that_no_song_has_is_rejected(length):
    with pytest.raises(RejectedError, match=r"shorter than 30 s|longer than 3 h"):
        accept(read(fake.track_row(7, [fake.artist_row(5)]) | {"durationMs": length}), "rock", {"rock": ["rock"]}, "a")


def test_an_answer_that_is_nested_too_deep_makes_no_sense():
    row = fake.track_row(7, [])
    for _ in range(900):
        row = fake.track_row(7, []) | {"substituted": row}
    with pytest.raises(PassingError, match="makes no sense"):
        read(row)


ROUTES = ["/artists$", "^/search", "^/rotor", "^/metatags/[^/]*$"]  # and all others in tests/campaigns


@pytest.mark.parametrize("route", ROUTES)
def test_a_run_takes_every_answer_of_any_shape(route, service, fetch, told):
    service.shelves = {(way, genre): ids for way in ("artists", "albums", "playlists", "search", "station")
                       for (_, genre), ids in service.shelves.items()}  # fmt: skip
    answers = 0

    def odd(handler, normal):
        nonlocal answers
        answers += 1
        whole = json.loads(normal or b"{}")
        every = list(fake.places(whole))
        path = every[7 * answers % len(every)]
        handler.reply(200, json.dumps(fake.put(whole, path, ODD[answers % len(ODD)])).encode("utf-8", "surrogatepass"))

    service.misbehave(route, odd)
    try:
        fetch(service, "genres=[hiphop]", "per_genre=18", "pace.retries=0")  # whose tag is sought by its station
    except Exception as error:
        assert type(error).__name__ == "UserError", error
    assert answers and told("hiphop")["wanted"] == 18
