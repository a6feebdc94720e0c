from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Track
from genre_lightning.embed.artists import artists_of, song_name, with_shown_names


def made(*texts):
    """The rows of each artist's songs, of songs with these artists, or pairs of artists and titles."""
    pairs = [(text, "") if isinstance(text, str) else text for text in texts]
    tracks = [Track(Path(f"{row}.mp3"), "jazz", artist, title) for row, (artist, title) in enumerate(pairs)]
    artists = artists_of(tracks)
    for row, numbers in enumerate(artists.of_songs):
        assert sorted(numbers) == [number for number, songs in enumerate(artists.songs) if row in songs]
    return dict(zip(artists.names, artists.songs, strict=True))


def test_a_collaboration_counts_for_each_of_its_artists():
    songs = made("Anna", "Anna; Boris", "Boris feat. Anna", "Anna & Carla", ("Carla", "Song (feat. Anna) [Live]"), "")
    assert songs == {"Anna": [0, 1, 2, 3, 4], "Boris": [1, 2], "Carla": [3, 4]}


@pytest.mark.parametrize("text", ["Anna & Boris", "Anna, Boris", "Anna x Boris", "Boris/Anna", "Boris und Anna"])
def test_what_may_be_two_artists_is_two_if_one_of_them_has_songs_alone(text):
    assert [*made(text)] == [text]
    assert made(text, "Anna").keys() == made("Boris", text).keys() == {"Anna", "Boris"}


def test_a_band_of_many_names_stays_one():
    band = "Earth, Wind & Fire"
    assert made(band, "Fire", "earth, wind and fire", band) == {band: [0, 2, 3], "Fire": [1]}
    assert made("AC/DC", "AC/DC & Anna", "Anna") == {"AC/DC": [0, 1], "Anna": [1, 2]}
    assert [*made("</Anna>"), *made("Anna &")] == ["</Anna>", "Anna &"]
    assert [*made("Anna & Friends", "Boris")] == ["Anna & Friends", "Boris"]
    assert made("Anna & Friends", "Anna") == {"Anna": [0, 1]}


def test_an_artist_is_called_as_on_most_of_their_songs():
    assert made("BOHRK", "Böhrk", "Bo\u0308hrk ", "The Böhrk") == {"Böhrk": [0, 1, 2, 3]}
    assert made("Queen (feat. David Bowie) [Live]") == {"Queen": [0], "David Bowie": [0]}


def test_artists_in_the_order_of_the_text():
    artists = artists_of([Track(Path("a"), "", "Zoe; Anna; zoe"), Track(Path("b"), "", "Anna; Zoe")])
    assert (artists.names, artists.of_songs) == (["zoe", "Anna"], [[0, 1], [1, 0]])


def test_it_is_said_where_artists_are_known_from(make_embeddings):
    named = [Track(Path(f"Artist {row} - Song {row}.mp3"), "tones") for row in range(5)]
    tagged = [Track(Path(f"{row}.mp3"), "tones", "Anna", "Song") for row in range(2)]
    for tracks, expected in ((named, "names"), (tagged, "tags"), (named + tagged, "both")):
        shown, source = with_shown_names(make_embeddings(tracks))
        assert source == expected and [track.path for track in shown.tracks] == [track.path for track in tracks]
    assert song_name(with_shown_names(make_embeddings(named))[0].tracks.tracks[2]) == "Song 2 by Artist 2"
