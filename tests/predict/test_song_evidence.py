import shutil

import numpy as np

from genre_lightning.errors import UserError
from genre_lightning.features.encoders import efficientat
from genre_lightning.features.mel import LogMel
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.predict.evidence import Listener, Part
from genre_lightning.predict.song_evidence import explain_song, own_tags, remarks_on, similar_songs, strongest
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.run import Run


def test_the_parts_that_are_named_are_the_two_strongest_for_and_against():
    parts = [Part(name, evidence, 0.5) for name, evidence in zip("abcdef", (0.1, -2, 3, 0, 0.2, -1), strict=True)]
    assert [part.name for part in strongest(parts)] == ["c", "e", "f", "b"]
    assert [part.name for part in strongest(parts[1:4])] == ["c", "b"]
    assert not strongest([Part("a", 0.004, 0.5), Part("b", -0.004, 0.5)])  # which are written as zero


def test_encoders_say_what_they_hear_themselves_and_one_that_cannot_is_told_of(encoder_weights, monkeypatch):
    features = Pretrained(["musicnn", "efficientat"])
    frames = np.random.default_rng(0).standard_normal((3, features.n_features)).astype(np.float16)
    tags, trouble = own_tags(features, frames)
    assert [len(tags[name]) for name in ("musicnn", "efficientat")] == [50, 527] and not trouble

    def offline():
        raise UserError("the names cannot be fetched: no connection")

    monkeypatch.setattr(efficientat, "audioset_classes", offline)
    tags, trouble = own_tags(features, frames)
    assert [*tags] == ["musicnn"]
    assert trouble == ["What efficientat itself hears cannot be said: the names cannot be fetched: no connection."]


def test_other_features_have_no_tags():
    assert own_tags(LogMel(), np.zeros((3, 64), np.float16)) == ({}, [])


def test_whether_the_model_knows_the_song_is_said_first(run):
    songs = {song.split: song for song in read_predictions(run)}
    (said,) = remarks_on(Run(run), songs["learnt_from"].path)
    assert said == f"The model has learnt from this song, as {songs['learnt_from'].genre}: it may know it by heart."
    other_way = songs["learnt_from"].path.parent / ".." / songs["learnt_from"].genre / songs["learnt_from"].path.name
    assert [*remarks_on(Run(run), other_way)] == [said]
    (said,) = remarks_on(Run(run), songs["test"].path)
    assert said == f"The model has not learnt from this song, which is in test as {songs['test'].genre}."
    assert not [*remarks_on(Run(run), run / "another.wav")]


def test_similar_songs_were_learnt_from_and_are_other_ones_whether_embedded_before_or_now(run, embedded):
    known = next(song.path for song in read_predictions(run) if song.split == "learnt_from")
    learnt = {song.path for song in read_predictions(run) if song.split == "learnt_from"} - {known}
    now, _ = similar_songs(Run(run), known.parent / ".." / known.parent.name / known.name)
    before, _ = similar_songs(Run(embedded), known)
    assert len(now) == 2 and {track.path for track, _ in now} <= learnt
    assert [(track.path, round(similarity, 4)) for track, similarity in now] == [
        (track.path, round(similarity, 4)) for track, similarity in before
    ]


def test_without_similar_songs_the_rest_is_told(run, tmp_path, write_song):
    other = shutil.copytree(run, tmp_path / "run")
    settings = (other / ".hydra" / "config.yaml").read_text(encoding="utf-8")
    kept = next(line for line in settings.splitlines() if line.startswith("  root:") and "caches" in line)
    moved = settings.replace(kept, f"  root: '{(tmp_path / 'cache').as_posix()}'")
    (other / ".hydra" / "config.yaml").write_text(moved, encoding="utf-8")
    song = write_song(tmp_path / "song.wav", "noise")
    text, name, _ = explain_song(Run(other), Listener(Run(other)), song, "noise", as_json=False)
    assert "No similar songs: none of the songs that" in text and "| speaks for noise |" in text
    assert name == "song.wav" and "With everything left out the model says " in text
