import pytest

from genre_lightning.errors import UserError
from genre_lightning.fetch.settings import Mode, check_address, check_disjoint, checked_settings


class Anywhere:
    url = "https://example.org/"


def test_what_the_file_says_is_read_with_its_types(configure):
    settings = checked_settings(configure(Anywhere, "genres=[Hip-Hop,rock,hip hop]", "pace.workers=3", "mode=full"))
    assert settings.genres == ["hiphop", "rock"] and settings.mode is Mode.full
    assert settings.pace.workers == 3 and settings.pace.requests_per_second is None
    assert settings.api.base_url == "https://example.org" and "rusrock" in settings.album_genres["rock"]


def test_the_defaults_are_gentle(defaults):
    settings = checked_settings(defaults)
    assert (settings.pace.requests_per_second, settings.pace.workers) == (1.0, 2)
    assert (settings.genres, settings.per_genre) == (["rock", "jazz", "hiphop"], 50)
    assert settings.api.base_url == "https://api.music.yandex.net"


FAULTS = {
    "per_genre=many": "per_genre: ",
    "per_genre=0": "per_genre must be at least 1, not 0",
    "mode=whole": "mode: Invalid value 'whole', expected one of",
    "genres=[]": "genres: names no genre",
    "genres=[../up]": "genres: '../up' cannot name a folder",
    "genres=rock": "genres: ",
    "pace.workers=5": "pace.workers must be 1 to 4, not 5",
    "pace.requests_per_second=0": "pace.requests_per_second must be above 0",
    "pace.timeout_seconds=0": "pace.timeout_seconds must be above 0",
    "pace.cooldowns_seconds=[1,-1]": "pace: retries, backoff_seconds and cooldowns_seconds",
}


@pytest.mark.parametrize("override", FAULTS)
def test_a_setting_at_fault_is_named_in_one_line(override, configure):
    with pytest.raises(UserError) as caught:
        checked_settings(configure(Anywhere, override))
    assert str(caught.value).startswith(FAULTS[override]) and "\n" not in str(caught.value)


def test_albums_cannot_be_of_two_genres():
    check_disjoint({"rock": ["rock", "prog"], "jazz": ["jazz"]})
    with pytest.raises(UserError, match="prog stands under rock and under progressive"):
        check_disjoint({"rock": ["rock", "prog"], "progressive": ["prog"]})


@pytest.mark.parametrize("url", ["ftp://a.b", "api.music.yandex.net", "", "https://"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UserError, match="is no address"):
        check_address(url, with_token=False)


def test_a_token_does_not_travel_in_the_open():
    for url in ("http://127.0.0.1:80", "http://localhost", "https://mirror.example"):
        check_address(url, with_token=True)
    check_address("http://mirror.example", with_token=False)
    with pytest.raises(UserError, match=r"in the open to mirror\.example"):
        check_address("http://mirror.example", with_token=True)
