import csv
import shutil
from pathlib import Path

import pytest
import torch

from genre_lightning.data.catalogue import Catalogue, Track, read_manifest
from genre_lightning.errors import UserError
from genre_lightning.metrics import ScoredSongs
from genre_lightning.runs.predictions import PredictedSong, read_predictions, write_predictions
from genre_lightning.runs.results import SCORED, read_results
from genre_lightning.train.evaluation import parts

HEAD = "path,genre,split,predicted,jazz\n"


def test_every_song_of_a_run_is_there_with_what_the_model_says(run):
    songs = read_predictions(run)
    manifest = {track.path: track for track in read_manifest(run / "manifest.csv")}
    results = read_results(run)
    for part in SCORED:
        of_part = [song for song in songs if song.split == part]
        assert len(of_part) == results.splits[part].songs
        assert sum(song.correct for song in of_part) / len(of_part) == pytest.approx(results.splits[part].accuracy)
        allowed = {"learnt_from": {"train", "val"}}.get(part, {part})
        assert {manifest[song.path].split for song in of_part} == allowed
    assert all(song.genre == manifest[song.path].genre for song in songs)
    for song in songs:
        assert sum(song.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert song.probabilities[song.predicted] == max(song.probabilities.values())


def test_probabilities_are_those_that_the_report_judges(run):
    songs = [song for song in read_predictions(run) if song.split == "val"]
    losses = [-torch.tensor(song.probabilities[song.genre]).log() for song in songs]
    assert float(torch.stack(losses).mean()) == pytest.approx(read_results(run).splits["val"].loss, abs=1e-3)


@pytest.fixture
def written(tmp_path):
    """A run of four songs, whose folder holds one of them and whose genres are named like columns."""
    tracks = [
        Track(tmp_path / "run" / "own" / "ä, b.wav", "path", split="test"),
        Track(tmp_path / "a.wav", "split", split="train"),
        Track(tmp_path / "b.wav", "path", split="val"),
        Track(tmp_path / "c.wav", "split", split="train"),
    ]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").touch()
    likely = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]).log()
    scored = {
        "learnt_from": ScoredSongs(torch.tensor([0, 1, 2]), likely, torch.tensor([1, 1, 0])),
        "val": ScoredSongs(torch.tensor([0]), likely[:1], torch.tensor([0])),
        "test": ScoredSongs(torch.tensor([0]), likely[1:2], torch.tensor([0])),
    }
    write_predictions(tmp_path / "run", Catalogue(tracks), scored, parts(("train", "val")))
    return tmp_path / "run"


def test_paths_are_written_as_in_the_manifest_and_read_back(written):
    with (written / "predictions.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert head == ["path", "genre", "split", "predicted", "path", "split"]
    assert rows[-1] == ["own/ä, b.wav", "path", "test", "split", "0.200000", "0.800000"]
    assert rows[0][0] == (written.parent / "a.wav").as_posix()
    songs = read_predictions(written)
    assert [song.path.name for song in songs] == ["a.wav", "c.wav", "b.wav", "b.wav", "ä, b.wav"]
    assert [song.split for song in songs] == ["learnt_from"] * 3 + ["val", "test"]
    known = {"path": pytest.approx(0.2), "split": pytest.approx(0.8)}
    assert songs[-1] == PredictedSong(written / "own" / "ä, b.wav", "path", "test", "split", known)


def test_a_run_without_predictions_has_to_be_made_again(run, tmp_path):
    old = Path(shutil.copytree(run, tmp_path / "old"))
    (old / "predictions.csv").unlink()
    with pytest.raises(UserError, match=r"old has no predictions\.csv, which .*; train again"):
        read_predictions(old)
    with pytest.raises(UserError, match=r"is not a finished run: it has no metrics\.json"):
        read_predictions(tmp_path)


@pytest.mark.parametrize(
    "damage", ["", "path\n", "\xff", HEAD + "a,jazz,train,jazz,1\n", HEAD + "a,jazz,test,jazz,x\n", HEAD + "a,jazz,te"]
)
def test_a_damaged_file_is_named(tmp_path, damage):
    (tmp_path / "metrics.json").touch()
    (tmp_path / "predictions.csv").write_text(damage, encoding="latin-1")
    with pytest.raises(UserError, match=r"predictions\.csv is damaged"):
        read_predictions(tmp_path)
