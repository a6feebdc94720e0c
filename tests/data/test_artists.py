from pathlib import Path

import pytest

from genre_lightning.data.artists import artist_key, artist_name, is_no_artist, link_keys, split_artists
from genre_lightning.data.catalogue import Track, genre_name


def test_spellings_of_an_artist_are_one():
    assert artist_name("  The  BEATLES ") == artist_name("the beatles") != artist_name("the beat")
    assert artist_name("Beyonce\u0301") == artist_name("Beyoncé") and genre_name("mu\u0301sica") == "música"


GUESTS = [
    "Queen feat. David Bowie", "Queen (ft David Bowie)", "QUEEN [Featuring David Bowie]", "Queen / David Bowie",
    "Queen, feat David Bowie", "Queen - ft. David Bowie", "Queen (feat. David Bowie) [Live]",
]  # fmt: skip


@pytest.mark.parametrize("text", GUESTS)
def test_guests_are_artists_of_their_own(text):
    assert Track(Path("a"), "rock", text).artists == ["queen", "david bowie"]


@pytest.mark.parametrize(
    "text", ["AC/DC", "Ft. Worth Band", "6 Ft Under", "Feature", "Sunn O)))  (US)", "Simon & Garfunkel"]
)
def test_other_names_stay_whole(text):
    assert Track(Path("a"), "rock", text).artists == [artist_name(text)]


def test_semicolons_separate_artists():
    assert Track(Path("a"), "jazz", "Miles Davis; John  COLTRANE ;").artists == ["miles davis", "john coltrane"]
    assert Track(Path("a"), "rock", " ; ").artists == []


@pytest.mark.parametrize(
    "text",
    [
        "Anna ft. Boris",
        "Anna ft Boris",
        "Anna ft.Boris",
        "Anna feat.Boris",
        "Anna FEAT Boris",
        "Anna, ft Boris",
        "Anna (ft.Boris)",
    ],
)
def test_guests_are_found_with_and_without_a_dot_or_a_space(text):
    assert link_keys(text) == {"anna", "boris"}


def test_a_band_may_be_called_feat():
    assert not link_keys("Little Feat & Friends") & link_keys("Little")
    assert link_keys("Little Feat feat. Anna") == {"littlefeat", "anna"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Guns N\u2019 Roses", "Guns N' Roses"), ("Jay\u2010Z", "Jay-Z"), ("The Beatles", "Beatles"),
        ("Beatles, The", "BEATLES"),
        ("Beyoncé", "Beyonce"), ("Mø", "Mo"), ("Alpha & Beta", "Alpha and Beta"), ("A.B.C.", "ABC"),
        ("Ёлка", "елка"),
    ],
)  # fmt: skip
def test_spellings_are_linked(one, other):
    assert link_keys(one) & link_keys(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("!!!", "???!"),
        ("Кино", "Кина"),
        ("ガ", "カガ"),
        ("Anna", "Ann"),
    ],
)
def test_others_are_not(one, other):
    assert artist_key(one) != artist_key(other)


@pytest.mark.parametrize(
    "text", ["Anna/Boris", "Anna & Boris", "Anna, Boris", "Anna + Boris", "Anna vs. Boris", "Anna и Boris"]
)
def test_what_may_be_two_artists_is_shown_as_one_and_linked_as_both(text):
    assert split_artists(text) == [text]
    assert link_keys(text) >= {"anna", "boris"} and artist_key(text) in link_keys(text)


@pytest.mark.parametrize("text", ["AC/DC", "M/A/R/R/S", "Tyler and"])
def test_letters_beside_a_slash_are_no_names(text):
    assert split_artists(text) == [text] and link_keys(text) == {artist_key(text)}


def test_a_band_of_many_names_is_one_artist_in_all_spellings():
    assert split_artists("Earth, Wind & Fire") == ["Earth, Wind & Fire"]
    assert artist_key("Earth, Wind & Fire") == artist_key("Earth, Wind and Fire") == "earthwindfire"
    assert artist_key("Guns & Roses") == artist_key("Guns N\u2019 Roses") and artist_key("Simon und G") == "simong"


@pytest.mark.parametrize(
    "text",
    [
        "Anna (with Boris)", "Anna w/ Boris", "U2/Anna/Boris", "Anna/ Boris", "Anna \u00d7 Boris",
        "Anna\uff06Boris", "Anna\uff1bBoris",
        "Anna\uff0fBoris", "Anna\u3001Boris", "Anna Feat: Boris", "Anna, Carla & Boris",
    ],
)  # fmt: skip
def test_separators_of_all_scripts_link(text):
    assert link_keys(text) >= {"anna", "boris"}


def test_a_guest_stands_behind_a_script_without_spaces():
    assert split_artists("\u5468\u6770\u502bfeat.\u8521\u4f9d\u6797") == ["\u5468\u6770\u502b", "\u8521\u4f9d\u6797"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("\u0623\u0645", "\u0627\u0645"), ("\u0645\u064f\u062d", "\u0645\u062d"), ("\u05e9\u05b8\u05dc", "\u05e9\u05dc")],
)
def test_points_that_arabic_and_hebrew_leave_out_make_no_other_artist(one, other):
    assert artist_key(one) == artist_key(other)


def test_vowels_of_indic_scripts_and_kana_do():
    assert artist_key("\u0930\u093e\u092e") != artist_key("\u0930\u0940\u092e")
    assert artist_key("\u30ac\u30af") != artist_key("\u30ab\u30af")


def test_a_damaged_tag_of_any_length_takes_no_time():
    assert link_keys("(" * 1_000_000 + "Anna") and len(link_keys(" ," * 500_000)) < 3


def test_friends_and_orchestras_link_nobody():
    assert not link_keys("Anna & Friends") & link_keys("Boris & His Orchestra & Friends")


NOBODY = [
    "", " ", "-", "?????", "\ufffd\ufffd", "Unknown Artist", "[unknown]", "<Unknown>", "Various Artists", "VA",
    "V.A.", "V/A", "nan", "NaN", "None", "N/A", "Разные исполнители",
    "Неизвестный исполнитель", "Verschiedene Interpreten", "Artiste inconnu",
    "Varios artistas", "Artisti vari", "Różni wykonawcy", "群星", "未知艺术家", "不明なアーティスト",
]  # fmt: skip


@pytest.mark.parametrize("text", NOBODY)
def test_what_stands_for_no_artist_is_none(text):
    assert is_no_artist(text) and split_artists(text) == [] and link_keys(text) == frozenset()
    assert Track(Path("a"), "rock", text).artists == []


@pytest.mark.parametrize("text", ["!!!", "Nana", "Vanilla", "The Unknown Band", "Vašek", "Sonic Various"])
def test_names_that_resemble_it_are_artists(text):
    assert not is_no_artist(text)


def test_compilations_do_not_weld_their_artists():
    assert link_keys("Various Artists; Anna") == {"anna"}


def test_guests_in_a_title_are_linked():
    song = Track(Path("a"), "rock", "Anna", "One (feat. Boris & Carla) [Live]")
    assert song.links >= {"anna", "boris", "carla"} and song.artists == ["anna"]
    assert Track(Path("a"), "rock", "Anna", "Feature / Ft").links == {"anna"}


def test_spellings_of_stores_are_one():
    assert artist_key("Anna - Topic") == artist_key("AnnaVEVO") == "anna"
    assert link_keys("Bach, Johann Sebastian") & link_keys("Johann Sebastian Bach")
    assert link_keys("Unknown Artist 12") == frozenset() != link_keys("Artist 12")
