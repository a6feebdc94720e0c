import csv
from pathlib import Path

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
    [table] = folder.iterdir()  # the parts are gone
    with table.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return {row["path"]: row["genre"] for row in csv.DictReader(file)}


def test_a_library_becomes_one_table(predict, songs, tmp_path):
    status, told = predict()
    assert status == 0 and [*rows(tmp_path / "found")] == [str(song) for song in songs]
    assert f"wrote {next((tmp_path / 'found').iterdir())}" in told


@pytest.fixture
def heard(monkeypatch):
    """The songs that were predicted."""
    heard, one = [], Predictor.predict
    monkeypatch.setattr(Predictor, "predict", lambda self, path, **how: heard.append(path) or one(self, path, **how))
    return heard


def test_only_new_songs_are_predicted_and_the_table_keeps_those_that_are_gone(
    predict, songs, heard, tmp_path, write_song
):
    predict()
    heard.clear()
    songs[0].unlink()
    new = write_song(tmp_path / "music" / "new\r\nnew.wav", "tones", 9)
    assert predict()[0] == 0 and heard == [new]
    assert [*rows(tmp_path / "found")] == [*map(str, songs), str(new)]


def test_a_part_that_was_removed_is_predicted_again_and_no_other_is_lost(predict, songs, heard, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("genre_lightning.predict.cli.join_parts", lambda *_: 0)
        predict()
    heard.clear()
    first = min((tmp_path / "found").iterdir())
    first.unlink()
    assert predict()[0] == 0 and heard == songs[:2]
    assert sorted(rows(tmp_path / "found")) == [str(song) for song in songs]


def test_a_kill_while_parts_are_joined_costs_nothing(predict, songs, heard, tmp_path, monkeypatch):
    removed, unlink = [], Path.unlink

    def killed(path, missing_ok=False):
        if len(removed) == 1:
            raise KeyboardInterrupt
        removed.append(path)
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        assert predict()[0] == 130
    heard.clear()
    assert predict()[0] == 0 and heard == []
    assert [*rows(tmp_path / "found")] == [str(song) for song in songs]


def test_songs_that_cannot_be_read_leave_a_table_of_none(predict, tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "no.wav").write_bytes(b"no song")
    assert predict()[0] == 1 and rows(tmp_path / "found") == {}
    assert next((tmp_path / "found").iterdir()).read_text().startswith("path,from_seconds,to_seconds,genre,")


def test_two_commands_do_not_write_into_one_folder(predict, songs, tmp_path):
    with library.alone_in(tmp_path / "found"):
        status, told = predict()
    assert "another command writes to" in f"{status}{told}" and not [*(tmp_path / "found").iterdir()]


def test_what_was_stopped_goes_on_behind_the_parts_that_are_there(predict, songs, heard, tmp_path, monkeypatch):
    one = Predictor.predict

    def stopping(self, path, every_seconds=None):
        if len(heard) == 3:
            raise KeyboardInterrupt
        return one(self, path, every_seconds=every_seconds)

    with monkeypatch.context() as patch:
        patch.setattr(Predictor, "predict", stopping)
        assert predict("--num-workers", "1")[0] == 130
    assert len([*(tmp_path / "found").glob("predictions-*-00000?.csv")]) == 2
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
