import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.embedder import SongMeans
from genre_lightning.labels.candidates import Heard, divided, others, songs_in, suggestions
from genre_lightning.runs.run import Run


@pytest.fixture
def new(tmp_path, write_song):
    """Three songs that no run knows, one of them in a genre's folder and one a copy."""
    for name, number in (("a.wav", 50), ("noise/b.wav", 51), ("live/c.wav", 50)):
        write_song(tmp_path / "new" / name, "noise", number)
    return tmp_path / "new"


def heard(confidence):
    """Songs of which a network says jazz, as sure as that, or rock."""
    first = np.array(confidence)
    probabilities = np.stack([first, 1 - first], axis=1)
    vectors = np.random.default_rng(0).standard_normal((len(first), 4))
    tracks = [Track(Path(f"{number}.wav"), "") for number in range(len(first))]
    means = SongMeans(probabilities=probabilities, vectors=vectors)
    return Heard(tracks, ["jazz", "rock"], means, [[]] * len(first))


def test_sure_songs_come_in_random_order_and_the_others_the_least_sure_first():
    confidence = np.random.default_rng(1).permutation([*np.linspace(0.92, 0.999, 40), *np.linspace(0.55, 0.85, 30)])
    batch, sure, unsure = divided(heard(confidence), 5, 0.9)
    assert len(batch.tracks) == 5 and len(sure.tracks) == 40 and len(unsure.tracks) == 25
    assert (sure.confidence >= 0.9).all() and (np.diff(unsure.margin) >= 0).all()
    numbers = [int(track.path.stem) for track in sure.tracks]
    assert numbers != sorted(numbers) and abs(np.corrcoef(sure.confidence, np.arange(40))[0, 1]) < 0.5
    again = divided(heard(confidence), 5, 0.9)[1]
    assert [track.path for track in again.tracks] == [track.path for track in sure.tracks]


def test_songs_in_a_genres_folder_have_that_genre(new):
    genres = {song.name: track.genre for song, track in songs_in(new, ["noise", "tones"]).items()}
    assert genres == {"a.wav": "", "b.wav": "noise", "c.wav": ""}


def test_copies_are_not_asked_about_and_what_a_list_knows_of_a_song_is_kept(new, run):
    listed = {
        (new / "a.wav").resolve(): Track(new / "a.wav", "", "Queen", "Jealousy", extra={"year": "1978"}),
        (new / "gone.wav").resolve(): Track(new / "gone.wav", "", "Blur"),
    }
    made = suggestions(Run(run), new, 5, None, listed)
    (line,) = made.batch.lines(is_automatic=False)
    assert (line.path, line.artist, line.title, line.extra["year"]) == (new / "a.wav", "Queen", "Jealousy", "1978")
    assert made.not_asked["that are copies of others"] == made.not_asked["with labels"] == 1
    assert [track.path.name for track in made.labelled.tracks] == ["b.wav"]
    assert Track(new / "gone.wav", "", "Blur") in made.rest


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_song_whose_name_is_no_text_is_counted_and_not_listed(new, run):
    (new / "a.wav").rename(new / os.fsdecode(b"caf\xe9.wav"))
    made = suggestions(Run(run), new, 5, None, {})
    assert made.not_asked["with names that are no UTF-8, which no table can hold"] == 1
    assert {track.path.name for track in made.lines} >= {"b.wav", "c.wav"}
    assert not any("caf" in track.path.name for track in made.lines)


def test_a_song_of_the_run_has_the_genre_it_was_learnt_with_unless_it_was_heard_since():
    track, place = Track(Path("a.wav"), "jazz", "Queen"), Path("a.wav").resolve()
    stale = replace(track, genre="rock", extra={"year": "1978"})
    heard_since = replace(stale, extra={"genre_checked": "rock"})
    assert others({place: track}, {place: stale}, []) == [replace(stale, genre="jazz")]
    assert others({place: track}, {place: heard_since}, []) == [heard_since]
    assert others({place: track}, {}, []) == [track]
