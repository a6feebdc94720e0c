from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.errors import UserError
from genre_lightning.fetch.tracks import as_shared, read_tracks


@pytest.fixture
def read(tmp_path):
    """Read a list with these lines."""

    def written(*lines):
        path = tmp_path / "THEIRS.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
        return read_tracks(path)

    return written


def test_ids_and_genres_are_enough(read):
    shared = read("Track_ID,genre", " 7 ,Hip-Hop", "8,rock")
    assert {number: track.genre for number, track in shared.items()} == {"7": "hiphop", "8": "rock"}


def test_a_manifest_with_paths_is_a_list_too(read):
    shared = read("path;genre;artist;title;split;track_id;mood", "C:\\a\\7.mp3;rock;A; T ;test;7;sad", "")
    assert (shared["7"].artist, shared["7"].title, shared["7"].split) == ("A", "T", "test")
    assert shared["7"].extra == {"track_id": "7", "mood": "sad"}


def test_what_was_heard_wins_and_what_is_dropped_or_unlabelled_is_not_asked_for(read):
    shared = read("track_id,genre,genre_checked", "1,rock,jazz", "2,rock,drop", "3,,", "4,rock,")
    assert {number: track.genre for number, track in shared.items()} == {"1": "jazz", "4": "rock"}


def test_a_song_may_be_named_twice_if_the_same_is_said_of_it(read):
    assert list(read("track_id,genre,split", "7,rock,test", "8,rock,val", "7,Rock,test")) == ["7", "8"]


FAULTS = {
    "must name the column track_id": ["id,genre", "7,rock"],
    "must name the column genre": ["track_id,style", "7,rock"],
    "line 3: the track_id is empty": ["track_id,genre", "7,rock", " ,rock"],
    "line 3: the genre is empty": ["track_id,genre", "7,rock", "8,"],
    "line 2: '../7' is no track id": ["track_id,genre", "../7,rock"],
    "line 2: '1.2E+08' is no track id": ["track_id,genre", "1.2E+08,rock"],
    "line 2: the split 'dev' is none of": ["track_id,genre,split", "7,rock,dev"],
    "line 4: 7 has another genre or split than in line 2": ["track_id,genre", "7,rock", "8,rock", "7,jazz"],
    "line 3: 7 has another genre or split than in line 2; keep": ["track_id,genre,split", "7,rock,val", "7,rock,test"],
    "names no song with a genre": ["track_id,genre"],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_list_that_cannot_be_used_is_refused_with_its_line(fault, read):
    with pytest.raises(UserError) as caught:
        read(*FAULTS[fault])
    assert fault in str(caught.value) and "THEIRS.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"tracks: there is no file .*nowhere\.csv"):
        read_tracks(tmp_path / "nowhere.csv")


def test_a_list_says_what_a_song_is_and_not_what_its_file_is():
    facts = {"track_id": "7", "artist_ids": "5", "mode": "full", "seconds": "40.00", "sha256": "ours"}
    ours = Track(Path("rock/7.mp3"), "rock", "Kino", "Title", "", facts)
    said = {"track_id": "7", "artist_ids": "", "mode": "preview", "sha256": "theirs", "mood": "", "key": "Am"}
    both = as_shared(ours, Track(Path("7"), "jazz", "Кино", "", "test", said))
    assert (both.path, both.genre, both.artist, both.title, both.split) == (ours.path, "jazz", "Кино", "Title", "test")
    assert both.extra == facts | {"mood": "", "key": "Am"}


@pytest.mark.parametrize(("heard", "genre"), [("blues", "blues"), ("drop", ""), ("", "jazz")])
def test_what_somebody_has_heard_here_stays(heard, genre):
    ours = Track(Path("7.mp3"), "rock", extra={"genre_checked": heard})
    both = as_shared(ours, Track(Path("7"), "jazz"))
    assert (both.genre, both.extra["genre_checked"]) == (genre, heard)
