import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.embed.embeddings import Embeddings, read_embeddings, read_mapped_songs, write_embeddings
from genre_lightning.embed.neighbours import (
    ask,
    file_called,
    neighbours,
    path_between,
    similar_artists,
    similar_songs,
    songs_between,
)  # fmt: skip
from genre_lightning.embed.search import find
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


def embedded_at(*songs):
    """The embeddings of songs with these titles, artists and angles, all on a circle but for their lengths."""
    tracks = [Track(Path(f"/music/{n:02} {t}.mp3"), "jazz", artist, t) for n, (t, artist, _) in enumerate(songs)]
    angles = np.radians([angle for *_, angle in songs])
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    vectors = circle * np.arange(1, len(songs) + 1)[:, None]  # lengths that must not matter
    arrays = np.ones((len(songs), 1), np.float32), vectors, circle, np.arange(len(songs)).astype(str), circle
    return Embeddings(Catalogue(tracks), ["jazz"], *arrays)


@pytest.fixture
def embeddings():
    return embedded_at(*SONGS)


def titles(found):
    return [track.title for track, _ in found]


def names(found):
    return [(artist.name, len(artist.tracks)) for artist in found]


def test_the_nearest_come_first_with_cosines_and_without_the_song_itself(embeddings):
    found = similar_songs(embeddings, find(embeddings, "so what")[0], 3)
    assert titles(found) in (["Naima", "Blue in Green", "Blue Train"], ["Blue in Green", "Naima", "Blue Train"])
    assert [similarity for _, similarity in found] == pytest.approx(np.cos(np.radians([10, 10, 20])), abs=1e-5)


def test_more_neighbours_than_songs_are_all_other_songs(embeddings):
    assert len(similar_songs(embeddings, find(embeddings, "naima")[0], 100)) == 6
    assert len(similar_songs(embeddings, find(embeddings, "john coltrane")[0], 100)) == 5
    alone = embeddings.only([0])
    assert similar_songs(alone, find(alone, "train")[0]) == []


def test_copies_of_one_song_do_not_fill_the_list():
    copies = [("One", "Böhrk", 10), ("ONE", "Bohrk", 10.5), ("two (copy)", "", 20), ("Two", "Böhrk", 20)]
    embeddings = embedded_at(("Zero", "Anna", 0), ("Zero", "anna", 0.1), *copies, ("Three", "Anna", 30))
    digests = np.array(["a", "b", "c", "d", "e", "e", "f"])
    found = similar_songs(replace(embeddings, digests=digests), find(embeddings, "zero")[0])
    assert titles(found) == ["One", "two (copy)", "Three"]


def test_of_an_artist_all_songs_count_and_partners_are_similar_but_no_duos():
    songs = [("Solo", "Anna", 0), ("Duet", "Anna & Boris", 10), ("Guest", "Carla feat. Anna", 20), ("Own", "Carla", 90)]
    embeddings = embedded_at(*songs, ("Alone", "Boris", 40))
    query = find(embeddings, "anna")[0]
    assert query.name == "Anna (songs: 3)" and list(query.rows) == [0, 1, 2]
    assert titles(similar_songs(embeddings, query)) == ["Alone", "Own"]
    assert names(similar_artists(embeddings, query)) == [("Boris", 2), ("Carla", 2)]
    assert names(similar_artists(embeddings, find(embeddings, "duet")[0])) == [("Carla", 2)]


def test_artists_are_listed_once_and_never_the_one_that_was_asked_for(embeddings):
    found = similar_artists(embeddings, find(embeddings, "naima")[0])
    assert names(found) == [("Miles Davis", 2), ("Aerosmith", 1), ("Someone", 1)]
    similarities = [artist.similarity for artist in found]
    assert similarities == sorted(similarities, reverse=True)


def test_a_way_has_each_recording_once():
    embeddings = embedded_at(*((f"Song {n}", "Anna", n) for n in (0, 10, 20, 20.01, 30, 40)))
    copied = replace(embeddings, digests=np.array(["a", "b", "c", "c", "d", "e"]))
    assert songs_between(copied, 0, 5, 6) == [0, 1, 2, 4, 5] and songs_between(copied, 3, 0, 10) == [3, 1, 0]
    with pytest.raises(UserError, match="--to: both ends of the path are Song 20 by Anna; name another"):
        songs_between(copied, 2, 3, 10)
    with pytest.raises(UserError, match="-k: a path has two ends"):
        songs_between(copied, 0, 5, 1)


def test_songs_without_artists_have_no_nearest_artists(embeddings):
    nameless = replace(embeddings, tracks=Catalogue([Track(track.path, "") for track in embeddings.tracks]))
    with pytest.raises(UserError, match="no other artist is known"):
        similar_artists(nameless, find(nameless, "05 ")[0])


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
    (row,) = query.rows
    assert songs.tracks.tracks[row].path.name == "4.wav" and query.vector == pytest.approx(songs.vectors[row], abs=1e-4)
    assert {track.genre for track, _ in similar_songs(songs, query, 3)} == {"tones"}
    assert sorted(embedded.rglob("*")) == before and [path.name for path in tmp_path.iterdir()] == ["new.wav"]


@pytest.mark.parametrize("text", ["~nobody-of-that-name", "x" * 400, "a\0b"])
def test_a_text_that_cannot_be_a_path_is_no_file(text):
    assert file_called(text) is None


def test_a_new_file_that_is_no_audio_is_said(embedded, tmp_path):
    (tmp_path / "text.mp3").write_text("no sound")
    with pytest.raises(UserError, match=r"text\.mp3 is damaged, cut off or not audio"):
        ask(embedded, read_embeddings(embedded), str(tmp_path / "text.mp3"))


def test_songs_or_artists_are_listed_below_what_was_found(embedded):
    told, tracks = neighbours(embedded, "noise artist 3", 2, artists=False, trust=False)
    assert told.startswith("Nearest to noise artist 3 (songs: 1)") and told.count("| noise") == 2 == len(tracks)
    told, tracks = neighbours(embedded, "3.wav", 4, artists=True, trust=False)
    assert "also found: 3" in told and told.count(" artist ") >= 4 == len(tracks)


def test_a_way_is_listed_below_its_ends(embedded, tmp_path, library):
    told, tracks = path_between(embedded, str(library / "noise" / "3.wav"), "noise artist 4", 2, trust=False)
    assert told.startswith("From 3 by noise artist 3\nto 4 by noise artist 4\n\n") and len(told.splitlines()) == 7
    assert [track.path.name for track in tracks] == ["3.wav", "4.wav"]
    (tmp_path / "text.wav").write_bytes((library / "noise" / "3.wav").read_bytes())
    with pytest.raises(UserError, match=r"text\.wav is no song on the map"):
        path_between(embedded, "noise artist 4", str(tmp_path / "text.wav"), 2, trust=False)


def test_without_a_map_there_is_no_way_over_it(embedded):
    songs = read_mapped_songs(embedded).embeddings
    with pytest.raises(UserError, match=r"--to: the map of these songs was not drawn to its end; run embed\.py again"):
        songs_between(replace(songs, positions=np.full_like(songs.positions, np.nan)), 0, 1, 3)


def test_it_is_said_if_artists_are_read_off_names(embedded, tmp_path):
    folder = Path(shutil.copytree(embedded, tmp_path / "run"))
    songs = read_mapped_songs(folder)
    names = [f"{n:02} - Artist {n} - Song.mp3" for n in range(len(songs.embeddings.tracks))]
    tracks = Catalogue([Track(Path("/music", name), "tones") for name in names])
    write_embeddings(replace(songs, embeddings=replace(songs.embeddings, tracks=tracks)), folder)
    told, _ = neighbours(folder, "artist 7", 3, artists=True, trust=False)
    assert "\nartists are read off the names of files and folders" in told and told.count("| Artist ") == 3


def test_a_run_that_was_trained_further_has_to_be_embedded_again(embedded, tmp_path):
    folder = Path(shutil.copytree(embedded, tmp_path / "run"))
    with (folder / "checkpoints" / "model.ckpt").open("ab") as file:
        file.write(b"more")
    with pytest.raises(UserError, match=r"were embedded by an older model; run embed\.py again"):
        neighbours(folder, "noise artist 3", 10, artists=False, trust=False)
