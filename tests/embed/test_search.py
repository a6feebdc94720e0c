import json
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.search import TYPED, find, fold
from genre_lightning.errors import UserError

FOLDED = json.loads(Path(__file__).with_name("folding.json").read_text(encoding="utf-8"))
SONGS = [  # title, artist
    ("Blue Train", "John Coltrane"),
    ("Naima", "John  coltrane"),
    ("So What", "Miles Davis"),
    ("Blue in Green", "Miles Davis"),
    ("Train Kept A-Rollin'", "Aerosmith"),
    ("", ""),
    ("Aerosmith", "Someone"),
    ("Überall", "Böhrk"),
    ("Duet", "Miles Davis & Böhrk"),
]


@pytest.fixture(scope="module")
def embeddings(make_embeddings):
    return make_embeddings([Track(Path(f"/{row:02} {t}.mp3"), "tones", a, t) for row, (t, a) in enumerate(SONGS)])


@pytest.mark.parametrize(("name", "folded"), FOLDED)
def test_names_are_compared_without_accents_and_case(name, folded):
    assert fold(name) == fold(folded) == folded


def test_every_letter_that_is_typed_otherwise_has_an_example():
    assert {chr(letter) for letter in TYPED} <= set("".join(name.lower() for name, _ in FOLDED))


@pytest.mark.parametrize(
    ("text", "name"),
    [("NAIMA", "Naima by John  coltrane"), ("john   COLTRANE", "John Coltrane (songs: 2)"), ("05 .mp3", "05  "),
     ("aerosmith", "Aerosmith (songs: 1)"), ("miles green", "Blue in Green by Miles Davis"),
     ("blue", "Blue Train by John Coltrane"), ("kept a-rollin'", "Train Kept A-Rollin' by Aerosmith"),
     ("a\u2010rollin\u2019", "Train Kept A-Rollin' by Aerosmith"), ("BOHRK", "Böhrk (songs: 2)"),
     ("ubérall", "Überall by Böhrk"), ("miles davis & bohrk", "Miles Davis & Böhrk (songs: 1)"),
     ("duet", "Duet by Miles Davis & Böhrk")],
)  # fmt: skip
def test_a_title_an_artist_or_words_of_both_are_found_however_written(embeddings, text, name):
    assert find(embeddings, text)[0].name.strip() == name.strip()


def test_all_that_a_word_can_mean_is_listed_the_best_first(embeddings):
    names = [query.name.split(" by")[0] for query in find(embeddings, "train")]
    assert names == ["Train Kept A-Rollin'", "Blue Train"]
    assert [query.name for query in find(embeddings, "aerosmith")][1] == "Aerosmith by Someone"


@pytest.mark.parametrize("text", ["ain", "", " \u0301 "])
def test_parts_of_words_and_nothing_are_not_meant(embeddings, text):
    with pytest.raises(UserError, match="no song, artist or file is called"):
        find(embeddings, text)


def test_a_name_with_a_slip_brings_up_the_closest_names(embeddings):
    with pytest.raises(UserError, match=r"'jon coltrain'; did you mean .*john coltrane"):
        find(embeddings, "jon coltrain")
    with pytest.raises(UserError, match=r"is called 'zzzz'$"):
        find(embeddings, "zzzz")


def test_an_artist_is_the_mean_of_all_of_their_songs_and_a_duo_that_of_its_own(embeddings):
    query, *others = find(embeddings, "miles davis")
    assert np.allclose(query.vector, embeddings.vectors[[2, 3, 8]].mean(axis=0)) and list(query.rows) == [2, 3, 8]
    assert (others[0].name, list(others[0].rows)) == ("Miles Davis & Böhrk (songs: 1)", [8])
    assert set(query.artists) < set(others[0].artists) and not query.is_song and others[1].is_song
