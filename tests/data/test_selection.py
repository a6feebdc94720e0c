import logging
import os
from dataclasses import replace
from functools import partial

import pytest

from genre_lightning.data import selection as module
from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.selection import report_others, report_skipped, report_unjudged
from genre_lightning.data.splits import split_catalogue
from genre_lightning.errors import UserError

SIDES = ("train", "train", "val", "test")
published = partial(split_catalogue, method="published")
by_artist = partial(split_catalogue, method="artist", val_fraction=0.25, test_fraction=0.25)


@pytest.fixture
def cache(tmp_path, features):
    return FeatureCache(tmp_path / "cache", features)


@pytest.fixture
def catalogue(tmp_path, write_song):
    """Two genres of four songs each, with published sides."""
    folder, numbered = tmp_path / "songs", [(genre, n) for genre in ("noise", "tones") for n in range(len(SIDES))]
    paths = [write_song(folder / f"{genre}{n}.wav", genre, n) for genre, n in numbered]
    pairs = zip(paths, numbered, strict=True)
    return Catalogue([Track(path, genre, f"{genre} {n}", split=SIDES[n]) for path, (genre, n) in pairs])


def select_songs(catalogue, cache, split):
    """Compute the features and select, as the data module does."""
    broken = cache.build([track.path for track in catalogue])
    selection = module.select_songs(catalogue, module.known_songs(catalogue, cache), cache, split, broken)
    report_skipped(selection.skipped)
    return selection


def plus(catalogue, *tracks):
    return Catalogue([*catalogue.tracks, *tracks])


def names(tracks):
    return [track.path.name for track in tracks]


def test_good_songs_all_take_part_in_their_order(catalogue, cache):
    selection = select_songs(catalogue, cache, published)
    assert selection.catalogue.tracks == catalogue.tracks and selection.skipped == []
    assert len({track.path.stat().st_size for track in catalogue}) == 1, "songs of the same length are no copies"


def test_broken_songs_are_left_out_with_their_reasons(catalogue, cache, tmp_path, caplog):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no sound")
    broken = [Track(tmp_path / name, "tones", split="train") for name in ("empty.wav", "text.wav", "missing.wav")]
    with caplog.at_level(logging.WARNING):
        selection = select_songs(plus(catalogue, *broken), cache, published)
    assert selection.catalogue.tracks == catalogue.tracks
    reasons = {skip.track.path.name: skip.reason for skip in selection.skipped}
    assert list(reasons) == ["empty.wav", "text.wav", "missing.wav"]
    assert "0 bytes" in reasons["empty.wav"] and "not audio" in reasons["text.wav"]
    assert f"{tmp_path / 'missing.wav'} does not exist" in caplog.text


def test_a_song_that_changes_while_it_is_read_is_left_out(catalogue, cache, monkeypatch):
    build = cache.build

    def touched(*arguments):
        broken = build(*arguments)
        os.utime(catalogue.tracks[0].path, (0, 0))
        return broken

    monkeypatch.setattr(cache, "build", touched)
    selection = select_songs(catalogue, cache, published)
    (skipped,) = selection.skipped
    assert (skipped.track, skipped.reason) == (catalogue.tracks[0], "has changed while it was read")


def test_the_log_names_the_first_broken_songs_and_counts_the_others(catalogue, cache, tmp_path, caplog):
    broken = [Track(tmp_path / f"missing{n}.wav", "tones", split="train") for n in range(25)]
    with caplog.at_level(logging.WARNING):
        selection = select_songs(plus(catalogue, *broken), cache, published)
    assert len(selection.skipped) == 25
    assert caplog.text.count("does not exist") == 10 and "15 more" in caplog.text


@pytest.mark.parametrize(
    ("side", "copy_side", "kept"), [("train", "test", "copy"), ("val", "train", "song"), ("val", "test", "copy")]
)
def test_of_two_copies_the_one_on_the_test_side_stays(catalogue, cache, tmp_path, write_song, side, copy_side, kept):
    song = Track(write_song(tmp_path / "song.wav", "tones", 50), "tones", split=side)
    copy = Track(write_song(tmp_path / "copy.flac", "tones", 50, artist="Who"), "noise", split=copy_side)
    selection = select_songs(plus(catalogue, song, copy), cache, published)
    (skipped,) = selection.skipped
    stays, goes = (song, copy) if kept == "song" else (copy, song)
    assert names(selection.catalogue) == [*names(catalogue), stays.path.name]
    assert skipped.track.path == goes.path
    assert f"same recording as {stays.path} ({stays.genre}, {stays.split})" in skipped.reason


def test_of_three_copies_one_stays(catalogue, cache, tmp_path, write_song):
    copies = [Track(write_song(tmp_path / f"{n}.wav", "tones", 50), "tones", split="train") for n in range(3)]
    selection = select_songs(plus(catalogue, *copies), cache, published)
    assert names(selection.catalogue) == [*names(catalogue), "0.wav"] and len(selection.skipped) == 2


def test_a_genre_whose_songs_are_all_broken_is_named(catalogue, cache, tmp_path):
    broken = [Track(tmp_path / f"missing{n}.wav", "polka", split=side) for n, side in enumerate(SIDES)]
    with pytest.raises(UserError, match=r"no usable song of polka is left for train"):
        select_songs(plus(catalogue, *broken), cache, published)


def test_a_genre_that_a_split_lacks_is_named_and_trained(catalogue, cache, caplog):
    lacking = Catalogue([track for track in catalogue if (track.genre, track.split) != ("tones", "val")])
    report_unjudged(select_songs(catalogue, cache, published).catalogue)
    assert "cannot be judged" not in caplog.text
    selection = select_songs(lacking, cache, published)
    report_unjudged(selection.catalogue)
    assert len(selection.catalogue) == 7
    assert "no song of tones is on validation, so it cannot be judged there" in caplog.text


def test_it_is_known_whether_the_source_says_the_splits(catalogue, cache):
    assert select_songs(catalogue, cache, published).published
    unsplit = Catalogue([Track(track.path, track.genre, track.artist) for track in catalogue])
    assert not select_songs(unsplit, cache, by_artist).published


def test_songs_of_no_genre_are_left_out_and_counted(catalogue, cache, caplog):
    stray = [Track(track.path.with_name(f"{number}.wav"), "") for number, track in enumerate(catalogue)]
    selection = select_songs(plus(catalogue, *stray), cache, published)
    assert len(selection.catalogue) == 8 and not selection.skipped and selection.catalogue.genres == ["noise", "tones"]
    report_others(selection.catalogue)
    assert "not among the songs: 8, since each is in no genre's folder, or not labelled yet" in caplog.text


def test_songs_none_of_which_has_a_genre_are_said(catalogue, cache):
    nameless = Catalogue([Track(track.path, "") for track in catalogue])
    with pytest.raises(UserError, match="none of the 8 songs has a genre; put them in a folder for each genre"):
        select_songs(nameless, cache, published)


def test_songs_that_somebody_has_dropped_are_left_out_and_named(catalogue, cache, caplog):
    first, *others = catalogue
    heard = replace(first, genre="", extra={"genre_checked": "drop"})
    selection = select_songs(Catalogue([heard, *others]), cache, published)
    assert names(selection.catalogue) == names(others)
    assert f"left out: {first.path} is dropped by its genre_checked" in caplog.text
    assert "unknown genre" not in caplog.text


def test_recordings_in_several_files_genres_and_splits_are_told_of(catalogue, cache, caplog, tmp_path, write_song):
    copy = Track(write_song(tmp_path / "copy.flac", "noise", 0), "tones", "noise 0", split="test")
    with caplog.at_level(logging.WARNING):
        selection = select_songs(plus(catalogue, copy), cache, published)
        module.report_recordings(selection)
    (twins,) = selection.recordings.twins
    assert names(Catalogue(twins)) == ["noise0.wav", "copy.flac"]
    assert "recordings in several files, by their sound: 1, see the report" in caplog.text
    assert "recordings under several genres: 1" in caplog.text
    assert "several splits" not in caplog.text  # since one of the two is left out
