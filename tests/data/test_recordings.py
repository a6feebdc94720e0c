from dataclasses import replace

import numpy as np
import pytest
import soundfile

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.recordings import with_recordings
from genre_lightning.data.splits import split_catalogue
from genre_lightning.features.chroma import Chroma
from genre_lightning.features.mel import LogMel

RATE = 22050


def melody(seed, seconds=6):
    """Decaying tones at random times, with some noise."""
    rng, time = np.random.default_rng(seed), np.arange(RATE // 2) / RATE
    song = 1e-3 * rng.standard_normal(seconds * RATE)
    for begin in rng.integers(0, len(song) - RATE // 2, 8 * seconds):
        pitch = 200 * 2 ** rng.uniform(0, 2.5)
        song[begin : begin + len(time)] += 0.1 * np.sin(2 * np.pi * pitch * time) * np.exp(-6 * time)
    return song


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """Four songs of each of two genres; of the first, an MP3 that begins later, under the other genre, and an Ogg."""
    root = tmp_path_factory.mktemp("songs")
    written = {f"{seed}.flac": melody(seed) for seed in range(8)}
    written |= {"later.mp3": 0.3 * written["0.flac"][RATE:], "0.ogg": written["0.flac"], "copy.wav": written["1.flac"]}
    for name, sound in written.items():
        soundfile.write(root / name, sound, RATE)
    return Catalogue([Track(root / name, "ab"[n % 2 or name == "later.mp3"]) for n, name in enumerate(written)])


@pytest.fixture(scope="module", params=[LogMel(n_mels=16), Chroma()], ids=["logmel", "chroma"])
def cache(request, catalogue, tmp_path_factory):
    cache = FeatureCache(tmp_path_factory.mktemp("cache"), request.param)
    assert cache.build([track.path for track in catalogue]) == {}
    return cache


def names(groups):
    return [sorted(track.path.name for track in group) for group in groups]


def test_copies_in_other_formats_and_cuts_are_found_whatever_the_features(catalogue, cache):
    songs, recordings = with_recordings(catalogue, cache)
    assert names(recordings.twins) == [["0.flac", "0.ogg", "later.mp3"], ["1.flac", "copy.wav"]]
    assert names(recordings.conflicts) == [["0.flac", "0.ogg", "later.mp3"], ["1.flac", "copy.wav"]]
    named = {track.path.name: track.extra.get("recording_of", "") for track in songs}
    assert named["later.mp3"] == named["0.ogg"] == named["0.flac"] == "0.flac" and named["2.flac"] == ""


def test_more_songs_than_can_be_numbered_are_told_of(catalogue, cache, monkeypatch, caplog):
    monkeypatch.setattr("genre_lightning.data.recordings.MOST_SONGS", 9)
    assert names(with_recordings(catalogue, cache)[1].twins) == [["0.flac", "later.mp3"]]
    assert "songs: 11; only 9 of them are compared with each other by their sound" in caplog.text


def test_copies_stay_on_one_side(catalogue, cache):
    songs, _ = with_recordings(catalogue, cache)
    for seed in range(5):
        sides = {track.path.name: track.split for track in split_catalogue(songs, "artist", seed=seed)}
        assert sides["0.flac"] == sides["0.ogg"] == sides["later.mp3"] and sides["1.flac"] == sides["copy.wav"]


def test_a_name_that_is_there_already_links_as_well(tmp_path):
    songs = [Track(tmp_path / f"{letter}.mp3", "rock", extra={"recording_of": "mine"}) for letter in "ab"]
    parts = [Track(tmp_path / f"x_{number}.mp3", "rock") for number in range(3)]
    others = [Track(tmp_path / f"{letter}.mp3", "rock") for letter in "cdefg"]
    songs[0] = replace(songs[0], path=tmp_path / "z.mp3")
    named, recordings = with_recordings(Catalogue([*songs, *parts, *others]), FeatureCache(tmp_path, LogMel()))
    assert recordings.twins == [] and names(recordings.parts) == [["x_0.mp3", "x_1.mp3", "x_2.mp3"]]
    linked = [track.extra.get("recording_of") for track in named]
    assert linked[0] == linked[1] == "b.mp3" != linked[2] == linked[3] == linked[4] and linked[5:] == [None] * 5
