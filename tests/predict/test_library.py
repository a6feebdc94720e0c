import csv

import pytest

from genre_lightning.__main__ import main
from genre_lightning.data.engine import Dask
from genre_lightning.predict import library
from genre_lightning.predict.predictor import Predictor

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def songs(tmp_path, write_song):
    return [write_song(tmp_path / "music" / f"{number}.wav", "tones", number) for number in range(5)]


@pytest.fixture
def predict(exported, tmp_path, monkeypatch, capsys, survive_the_end):
    """Predict the songs into a folder, two a part; returns the status and what was complained of."""
    monkeypatch.setattr(library, "PART_SONGS", 2)

    def run(*more):
        with pytest.raises(SystemExit) as ended:
            main(["predict", str(exported), str(tmp_path / "music"), "--into", str(tmp_path / "found"), *more])
        return ended.value.code, capsys.readouterr().err

    return run


def rows(folder):
    with (folder / "predictions.csv").open(newline="", encoding="utf-8") as file:
        return {row["path"]: row["genre"] for row in csv.DictReader(file)}


def test_a_library_becomes_one_table(predict, songs, tmp_path):
    status, told = predict()
    assert status == 0 and f"wrote {tmp_path / 'found' / 'predictions.csv'}" in told
    assert [*rows(tmp_path / "found")] == [str(song) for song in songs]
    assert [path.name for path in (tmp_path / "found").iterdir()] == ["predictions.csv"]


def test_what_was_stopped_goes_on_behind_the_parts_that_are_there(predict, songs, tmp_path, monkeypatch):
    heard, one = [], Predictor.predict

    def stopping(self, path, every_seconds=None):
        if len(heard) == 3:
            raise KeyboardInterrupt
        heard.append(path)
        return one(self, path, every_seconds)

    monkeypatch.setattr(Predictor, "predict", stopping)
    assert predict("--num-workers", "1")[0] == 130
    assert len([*(tmp_path / "found").glob("predictions-*-00000?.csv")]) == 2
    monkeypatch.setattr(Predictor, "predict", lambda self, path, **how: heard.append(path) or one(self, path, **how))
    assert predict("--num-workers", "1")[0] == 0
    assert sorted(heard) == songs and sorted(rows(tmp_path / "found")) == [str(song) for song in songs]


def test_a_cluster_predicts_what_threads_do(exported, songs, threads_as_cluster):
    predictor = Predictor(exported)
    assert [*predictor.predict_all(songs, engine=Dask(threads_as_cluster))] == [*predictor.predict_all(songs)]


def test_an_address_goes_with_a_cluster_only(predict, songs):
    status, told = predict("--address", "tcp://127.0.0.1:1")
    assert "add --engine dask" in f"{status}{told}"


def test_a_part_that_is_none_is_named(predict, exported, songs, tmp_path):
    (tmp_path / "found").mkdir()
    part = tmp_path / "found" / f"predictions-{Predictor(exported).fingerprint}-000001.csv"
    part.write_text("no,table\n1,2\n")
    status, told = predict()
    assert f"{part} cannot be read; remove it" in f"{status}{told}"
