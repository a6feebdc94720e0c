import shutil
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.embeddings import Embeddings, read_embeddings
from genre_lightning.embed.neighbours import (
    ask,
    file_called,
    find,
    nearest,
    neighbours,
    similar_artists,
    similar_songs,
)  # fmt: skip
from genre_lightning.errors import UserError

SONGS = [  # title, artist, angle in degrees
    ("Blue Train", "John Coltrane", 0),
    ("Naima", "John  coltrane", 10),
    ("So What", "Miles Davis", 20),
    ("Blue in Green", "Miles Davis", 30),
    ("Train Kept A-Rollin'", "Aerosmith", 120),
    ("", "", 90),
    ("Aerosmith", "Someone", 180),
]


@pytest.fixture
def embeddings():
    tracks = [Track(Path(f"/music/{n:02} {t}.mp3"), "jazz", artist, t) for n, (t, artist, _) in enumerate(SONGS)]
    angles = np.radians([angle for *_, angle in SONGS])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    vectors *= np.arange(1, len(SONGS) + 1)[:, None]  # lengths that must not matter
    return Embeddings(Catalogue(tracks), ["jazz"], np.ones((7, 1), np.float32), vectors, vectors)


def titles(found):
    return [track.title for track, _ in found]


def test_the_nearest_come_first_with_cosines_and_without_the_song_itself(embeddings):
    found = similar_songs(embeddings, find(embeddings, "so what")[0], 3)
    assert titles(found) in (["Naima", "Blue in Green", "Blue Train"], ["Blue in Green", "Naima", "Blue Train"])
    assert [similarity for _, similarity in found] == pytest.approx(np.cos(np.radians([10, 10, 20])), abs=1e-5)


def test_more_neighbours_than_songs_are_all_other_songs(embeddings):
    assert len(similar_songs(embeddings, find(embeddings, "naima")[0], 100)) == 6
    assert len(similar_songs(embeddings, find(embeddings, "john coltrane")[0], 100)) == 5
    alone = embeddings.only([0])
    assert nearest(alone.vectors, 10).rows.shape == (1, 0) and similar_songs(alone, find(alone, "train")[0]) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("NAIMA", "Naima by John  coltrane"), ("john   COLTRANE", "John Coltrane (songs: 2)"), ("05 .mp3", "05  "),
     ("aerosmith", "Aerosmith (songs: 1)"), ("miles green", "Blue in Green by Miles Davis"),
     ("blue", "Blue Train by John Coltrane"), ("kept a-rollin'", "Train Kept A-Rollin' by Aerosmith")],
)  # fmt: skip
def test_a_title_an_artist_or_words_of_both_are_found_however_written(embeddings, text, name):
    assert find(embeddings, text)[0].name.strip() == name.strip()


def test_all_that_a_word_can_mean_is_listed_the_best_first(embeddings):
    names = [query.name.split(" by")[0] for query in find(embeddings, "train")]
    assert names == ["Train Kept A-Rollin'", "Blue Train"]
    assert [query.name for query in find(embeddings, "aerosmith")][1] == "Aerosmith by Someone"


def test_parts_of_words_are_not_meant(embeddings):
    with pytest.raises(UserError, match="no song, artist or file is called 'ain'"):
        find(embeddings, "ain")


def test_a_name_with_a_slip_brings_up_the_closest_names(embeddings):
    with pytest.raises(UserError, match=r"'jon coltrain'; did you mean .*john coltrane"):
        find(embeddings, "jon coltrain")
    with pytest.raises(UserError, match=r"is called 'zzzz'$"):
        find(embeddings, "zzzz")


def test_an_artist_is_the_mean_of_their_songs(embeddings):
    query = find(embeddings, "miles davis")[0]
    assert np.allclose(query.vector, embeddings.vectors[2:4].mean(axis=0)) and list(query.rows) == [2, 3]
    assert not {"So What", "Blue in Green"} & set(titles(similar_songs(embeddings, query)))


def test_artists_are_listed_once_and_never_the_one_that_was_asked_for(embeddings):
    found = similar_artists(embeddings, find(embeddings, "naima")[0])
    artists = [(tracks[0].artist, len(tracks)) for tracks, _ in found]
    assert artists == [("Miles Davis", 2), ("Aerosmith", 1), ("Someone", 1)]
    assert [similarity for _, similarity in found] == sorted((similarity for _, similarity in found), reverse=True)


def test_songs_without_artists_have_no_nearest_artists(embeddings):
    nameless = Embeddings(
        Catalogue([Track(track.path, "") for track in embeddings.tracks]), ["jazz"], embeddings.probabilities,
        embeddings.vectors, embeddings.positions,
    )  # fmt: skip
    with pytest.raises(UserError, match="no other artist is known"):
        similar_artists(nameless, find(nameless, "05 ")[0])


def test_every_song_s_neighbours_at_once(embeddings):
    rows, similarities = nearest(embeddings.vectors, 3)
    assert rows.shape == similarities.shape == (7, 3) and all(row not in rows[row] for row in range(7))
    for row in range(7):
        one = similar_songs(embeddings, find(embeddings, embeddings.tracks.tracks[row].path.stem)[0], 3)
        assert [similarity for _, similarity in one] == pytest.approx(similarities[row].tolist(), abs=1e-5)


def test_a_file_of_the_set_is_found_by_its_path(embedded, library):
    songs = read_embeddings(embedded)
    (query,) = ask(embedded, songs, str(library / "noise" / "3.wav"))
    (row,) = query.rows
    assert songs.tracks.tracks[row].path.name == "3.wav" and songs.tracks.tracks[row].genre == "noise"


def test_a_new_file_is_embedded_as_the_others_were_and_leaves_nothing_behind(embedded, library, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(embedded.rglob("*"))
    copy = tmp_path / "new.wav"
    copy.write_bytes((library / "tones" / "4.wav").read_bytes())
    songs = read_embeddings(embedded)
    (query,) = ask(embedded, songs, "new.wav")
    (track, similarity), *_ = similar_songs(songs, query, 3)
    assert (track.genre, track.path.name) == ("tones", "4.wav") and similarity == pytest.approx(1, abs=1e-4)
    assert sorted(embedded.rglob("*")) == before and [path.name for path in tmp_path.iterdir()] == ["new.wav"]


@pytest.mark.parametrize("text", ["~nobody-of-that-name", "x" * 400, "a\0b"])
def test_a_text_that_cannot_be_a_path_is_no_file(text):
    assert file_called(text) is None


def test_a_new_file_that_is_no_audio_is_said(embedded, tmp_path):
    (tmp_path / "text.mp3").write_text("no sound")
    with pytest.raises(UserError, match=r"text\.mp3 is damaged, cut off or not audio"):
        ask(embedded, read_embeddings(embedded), str(tmp_path / "text.mp3"))


def test_songs_or_artists_are_listed_below_what_was_found(embedded):
    told = neighbours(embedded, "noise artist 3", 2, artists=False, trust=False)
    assert told.startswith("Nearest to noise artist 3 (songs: 1)") and told.count("| noise") == 2
    told = neighbours(embedded, "3.wav", 4, artists=True, trust=False)
    assert "also found: 3" in told and told.count(" artist ") >= 4


def test_a_run_that_was_trained_further_has_to_be_embedded_again(embedded, tmp_path):
    folder = Path(shutil.copytree(embedded, tmp_path / "run"))
    with (folder / "checkpoints" / "model.ckpt").open("ab") as file:
        file.write(b"more")
    with pytest.raises(UserError, match=r"were embedded by an older model; run embed\.py again"):
        neighbours(folder, "noise artist 3", 10, artists=False, trust=False)
