import pytest
import service as fake
from yandex_music import Client, Track

from genre_lightning.fetch.candidates import RejectedError, accept

ALBUM_GENRES = {"rock": ["rock", "prog"], "jazz": ["jazz"]}


@pytest.fixture
def read():
    """A track as the package reads it from the service's answer."""
    client = Client()
    return lambda **facts: Track.de_json(fake.track_row(7, [fake.artist_row(5, "Who")]) | facts, client)


def album(**facts):
    return fake.track_row(7, [fake.artist_row(5)])["albums"][0] | facts


def test_what_is_known_of_a_track_is_kept(read):
    one = accept(read(title="T", isrc="GB-abc-12", realId="8"), "rock", ALBUM_GENRES, "search")
    assert (one.track_id, one.real_id, one.isrc, one.title, one.route) == ("7", "8", "GBABC12", "T", "search")
    assert (one.genre, one.album_genre, one.album_id, one.address) == ("rock", "rock", "500007", "7:500007")
    assert (one.artists, one.seconds, one.preview_seconds) == ({"5": "Who"}, 40.0, 30.0)


REJECTED = {
    "album of another genre": {"albums": [album(genre="metal")]},
    "albums of several genres": {"albums": [album(), album(genre="pop")]},
    "no album": {"albums": []},
    "compilation": {"albums": [album(), album(type="compilation")]},
    "various artists": {"artists": [fake.artist_row(5), fake.artist_row(6, "Various Artists")]},
    "various artists ": {"artists": [fake.artist_row(5, "X", various=True)]},
    "various artists  ": {"albums": [album(artists=[fake.artist_row(5, "сборник")])]},
    "no artist": {"artists": []},
    "not music": {"type": "podcast-episode"},
    "not music ": {"albums": [album(metaType="podcast")]},
    "not available": {"available": False},
    "shorter than 30 s": {"durationMs": 29_000},
    "shorter than 30 s ": {"durationMs": None},
    "odd id": {"id": "../7"},
}


@pytest.mark.parametrize("case", REJECTED)
def test_what_is_not_wanted_is_rejected_with_a_reason(case, read):
    with pytest.raises(RejectedError, match=f"^{case.strip()}$"):
        accept(read(**REJECTED[case]), "rock", ALBUM_GENRES, "artists")


def test_albums_may_be_of_several_kinds_of_one_genre(read):
    one = accept(read(albums=[album(genre="prog"), album(genre="rock")]), "rock", ALBUM_GENRES, "artists")
    assert one.album_genre == "prog"


def test_a_semicolon_in_a_name_does_not_make_two_artists(read):
    one = accept(read(artists=[fake.artist_row(5, "A; B"), fake.artist_row(6, " ")]), "rock", ALBUM_GENRES, "artists")
    assert one.artists == {"5": "A, B", "6": "artist 6"}
