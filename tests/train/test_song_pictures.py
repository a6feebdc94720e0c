import pytest

from genre_lightning.data.catalogue import TESTED_IN, Catalogue, Track
from genre_lightning.features import picture
from genre_lightning.train import song_pictures
from genre_lightning.train.song_pictures import draw_songs


@pytest.fixture
def titles(monkeypatch):
    """The titles of pictures by their names, which are neither drawn nor written."""
    drawn = {}

    def keep(title, path, few_colours):
        assert few_colours, "files would be four times as large"
        drawn[path.name] = title

    monkeypatch.setattr(picture, "sound_picture", lambda _waveform, _rate, title, _start: title)
    monkeypatch.setattr(song_pictures, "save_picture", keep)
    monkeypatch.setattr(song_pictures, "SHOWN_GENRES", 5)
    return drawn


@pytest.fixture
def track(write_song, tmp_path):
    """Write a song of a genre and a split; returns what is known of it."""

    def make(name, genre, split, seconds=1.0, **extra):
        return Track(write_song(tmp_path / name, seconds=seconds), genre, split=split, extra=extra)

    return make


def test_a_test_song_of_each_genre_is_shown_and_said_to_be_one(track, titles, tmp_path):
    songs = [track("a.wav", "jazz", "train"), track("b.wav", "jazz", "test"), track("c.wav", "jazz", "test")]
    songs += [track("d$.wav", "r&b", "train"), track("e.wav", "r&b", "val", seconds=2)]
    jazz, other = draw_songs(Catalogue(songs), False, tmp_path)
    assert jazz == f"**jazz**: `{songs[1].path}`, test\n\n![Song 1](song_1.png)"
    assert other == f"**r&b**: `{songs[4].path}`, validation\n\n![Song 2](song_2.png)"
    assert titles == {
        "song_1.png": "b.wav (jazz, test), 1.00 s",
        "song_2.png": "e.wav (r&b, validation), 2.00 s",
    }


def test_the_middle_of_a_song_is_shown(track, titles, tmp_path, monkeypatch):
    monkeypatch.setattr(song_pictures, "SHOWN_SECONDS", 0.5)
    [*draw_songs(Catalogue([track("a.wav", "jazz", "test", seconds=3)]), False, tmp_path)]
    assert titles == {"song_1.png": "a.wav (jazz, test), 1.00 to 1.50 s of 3.00 s"}


def test_a_song_that_is_gone_or_damaged_since_is_told_of(track, titles, tmp_path):
    songs = [track("a.wav", "jazz", "test"), track("b.wav", "pop", "test"), track("c.wav", "rock", "test")]
    songs[0].path.unlink()
    songs[1].path.write_bytes(b"no sound")
    gone, damaged, whole = draw_songs(Catalogue(songs), False, tmp_path)
    assert gone == f"**jazz**: `{songs[0].path}` does not exist, so it is not drawn."
    assert "not audio" in damaged and damaged.endswith(", so it is not drawn.") and whole.endswith("(song_3.png)")
    assert [*titles] == ["song_3.png"]


def test_with_folds_the_fold_is_named(track, titles, tmp_path):
    song = track("a.wav", "jazz", "train", **{TESTED_IN: "3 1"})
    (told,) = draw_songs(Catalogue([song]), True, tmp_path)
    assert f"`{song.path}`, tested in fold 3, 1\n" in told and "(jazz, tested in fold 3, 1)" in titles["song_1.png"]
    (told,) = draw_songs(Catalogue([song]), False, tmp_path)
    assert f"`{song.path}`, train\n" in told, "the column is of an earlier run"


def test_of_many_genres_the_first_are_shown(track, titles, tmp_path, monkeypatch):
    monkeypatch.setattr(song_pictures, "SHOWN_GENRES", 2)
    told, *shown = draw_songs(Catalogue([track(f"{n}.wav", f"bird {n}", "test") for n in range(3)]), False, tmp_path)
    assert told == "The first 2 of 3 genres." and len(shown) == len(titles) == 2
