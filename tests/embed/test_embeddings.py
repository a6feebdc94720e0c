import csv
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.windows import RegularWindows, WindowDataset
from genre_lightning.embed.embedder import SongEmbedder
from genre_lightning.embed.embeddings import (
    Embeddings,
    embed_songs,
    predicting_trainer,
    read_embeddings,
    write_embeddings,
)
from genre_lightning.errors import UserError
from genre_lightning.runs.run import Run


@pytest.fixture
def trainer():
    return predicting_trainer(accelerator="cpu", devices=1)


@pytest.fixture(scope="module")
def finished(run):
    return Run(run)


def cached(run):
    """The run's songs as its cache knows them."""
    return [run.cache.find(track.path) for track in run.catalogue]


def test_a_song_is_the_mean_of_the_windows_that_validation_looks_at(finished, trainer):
    songs, loader = cached(finished)[:4], finished.config.loader
    means = embed_songs(finished, songs, trainer)
    n_frames = finished.spec.window_shape[0]
    assert min(song.n_frames for song in songs) < n_frames < max(song.n_frames for song in songs)
    for row, song in enumerate(songs):
        dataset = WindowDataset(finished.cache, [song], [0], n_frames, 1)
        (windows,) = RegularWindows(dataset, 1000, loader.overlap)
        with torch.inference_mode():
            features = dataset.__getitems__(windows).features.float()
            vector, probabilities = finished.model.embed(features), finished.model(features).softmax(dim=1)
        assert np.allclose(means.vectors[row], vector.mean(dim=0), atol=1e-5)
        assert np.allclose(means.probabilities[row], probabilities.mean(dim=0), atol=1e-6)


def test_windows_are_as_long_as_those_of_training_where_songs_are_short(short_clips, trainer):
    brief = Run(short_clips)
    figures = json.loads((short_clips / "metrics.json").read_text())
    means = embed_songs(brief, cached(brief), trainer)
    judged = zip(means.probabilities.argmax(axis=1), brief.catalogue, strict=True)
    right = [brief.genres[genre] == track.genre for genre, track in judged if track.split == "test"]
    assert np.mean(right) == pytest.approx(figures["test"]["accuracy"])


@pytest.mark.parametrize("batch_size", [1, 7])
def test_the_size_of_the_batches_changes_nothing(finished, trainer, batch_size):
    songs, other = cached(finished)[:5], Run(finished.folder)
    other.config.loader.batch_size = batch_size
    some, others = embed_songs(other, songs, trainer), embed_songs(finished, songs, trainer)
    assert np.allclose(some.vectors, others.vectors, atol=1e-5)
    assert some.vectors.dtype == some.probabilities.dtype == np.float32


@pytest.mark.parametrize("songs", [1, 2])
def test_a_song_or_two_are_enough(finished, trainer, songs):
    means = embed_songs(finished, cached(finished)[:songs], trainer)
    assert means.vectors.shape == (songs, 16) and means.probabilities.shape == (songs, 3)
    assert np.allclose(means.probabilities.sum(axis=1), 1, atol=1e-5)


def test_ctrl_c_is_ctrl_c_to_the_program(finished, trainer, monkeypatch):
    handler = signal.getsignal(signal.SIGINT)

    def stop(*step):
        raise KeyboardInterrupt

    monkeypatch.setattr(SongEmbedder, "predict_step", stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            embed_songs(finished, cached(finished)[:2], trainer)
    finally:
        signal.signal(signal.SIGINT, handler)


def test_mixed_precision_gives_about_the_same(finished, trainer):
    songs = cached(finished)[:3]
    mixed = embed_songs(finished, songs, predicting_trainer(accelerator="cpu", devices=1, precision="bf16-mixed"))
    full = embed_songs(finished, songs, trainer)
    assert np.allclose(mixed.vectors, full.vectors, atol=0.1) and mixed.vectors.dtype == np.float32


def test_nothing_is_written_while_it_is_embedded(finished, trainer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    embed_songs(finished, cached(finished)[:2], trainer)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def embeddings():
    """Three songs, one of which nobody knows a thing of, with names that no spreadsheet expects."""
    tracks = [
        Track(Path("/music/a, b.mp3"), "jazz", 'Björk "the" 乐队', "x\ty", "train"),
        Track(Path("/music/c.mp3"), "polka", "", "title", "test"),
        Track(Path("/music/d\udce9.mp3"), ""),
    ]
    rng = np.random.default_rng(0)
    probabilities = np.array([[0.75, 0.25], [0.1, 0.9], [0.5, 0.5]], np.float32)
    numbers = (rng.random((3, width)).astype(np.float32) for width in (5, 2))
    return Embeddings(Catalogue(tracks), ["jazz", "rock"], probabilities, *numbers)


def test_what_is_written_is_read_back(embeddings, tmp_path):
    write_embeddings(embeddings, tmp_path / "new")
    again = read_embeddings(str(tmp_path / "new"))
    assert list(again.tracks) == list(embeddings.tracks) and again.genres == embeddings.genres
    for name in ("probabilities", "vectors", "positions"):
        assert np.array_equal(getattr(again, name), getattr(embeddings, name))
        assert getattr(again, name).dtype == np.float32
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["embeddings.csv", "embeddings.npz"]


def test_the_table_has_a_line_for_each_song(embeddings, tmp_path):
    write_embeddings(embeddings, tmp_path)
    with (tmp_path / "embeddings.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.DictReader(file))
    first = {
        "path": str(Path("/music/a, b.mp3")), "genre": "jazz", "artist": 'Björk "the" 乐队', "title": "x\ty",
        "split": "train", "predicted_genre": "jazz", "confidence": "0.7500",
    }  # fmt: skip
    assert {name: rows[0][name] for name in first} == first
    assert [row["predicted_genre"] for row in rows[:2]] == ["jazz", "rock"] and rows[2]["genre"] == rows[2][
        "split"
    ] == ""
    assert [float(rows[1]["x"]), float(rows[1]["y"])] == pytest.approx(embeddings.positions[1].tolist(), abs=1e-4)


def test_the_arrays_are_plain(embeddings, tmp_path):
    write_embeddings(embeddings, tmp_path, more=np.array("a word"))
    with np.load(tmp_path / "embeddings.npz", allow_pickle=False) as file:
        assert {file[name].dtype.kind for name in file.files} == {"U", "f"} and str(file["more"]) == "a word"


def test_some_of_the_songs(embeddings):
    some = embeddings.only([2, 0])
    assert [track.genre for track in some.tracks] == ["", "jazz"] and some.predicted == ["jazz", "jazz"]
    assert some.confidence.tolist() == [0.5, 0.75] and np.array_equal(some.vectors, embeddings.vectors[[2, 0]])
    assert embeddings.only([]).vectors.shape == (0, 5)


def test_no_embeddings_are_said(tmp_path):
    with pytest.raises(UserError, match=r"there is no .*embeddings\.npz; run embed\.py first"):
        read_embeddings(tmp_path)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("run-by-embeddings",)


@pytest.mark.parametrize("content", ["text", "pickle", "half", "other"])
def test_damaged_embeddings_are_said_and_run_nothing(embeddings, tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    write_embeddings(embeddings, tmp_path)
    path = tmp_path / "embeddings.npz"
    with np.load(path) as file:
        arrays = dict(file)
    if content == "text":
        path.write_text("no arrays")
    elif content == "half":
        path.write_bytes(path.read_bytes()[:900])
    else:
        np.savez(path, **arrays | {"vectors": np.array([Evil()] if content == "pickle" else [1.0])})
    with pytest.raises(UserError, match=r"embeddings\.npz (is damaged|was not written by this program); run embed\.py"):
        read_embeddings(tmp_path)
    assert not Path("run-by-embeddings").exists()
