import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre_lightning import Predictor
from genre_lightning.__main__ import main
from genre_lightning.data.catalogue import linked
from genre_lightning.predict.abstain import UNFAMILIAR, UNSURE
from genre_lightning.runs.known import known_songs, write_known
from genre_lightning.runs.run import Run


@pytest.fixture(scope="module")
def folded(run, tmp_path_factory):
    """The run as if networks of folds had got two songs in three right, and been less sure than it can be; which nobody
    may change.
    """
    folder = Path(shutil.copytree(run, tmp_path_factory.mktemp("folded") / "run"))
    judge(folder, 0.3)
    tracks, cache = [*Run(run).catalogue], Run(run).cache
    found = filter(None, [cache.find(track.path) for track in tracks])
    stats = cache.stats_of(np.array([song.number for song in found]))
    write_known(known_songs(stats.reshape(len(tracks), -1), linked(track.links for track in tracks)), folder)
    return folder


def judge(run, probability):
    """Have each song of a run be judged out of fold, as sure as this, every third one wrong."""
    head, *rows = csv.reader((run / "predictions.csv").read_text().splitlines())
    for number, row in enumerate(rows):
        row[2] = "test"
        row[4:] = [str(probability if (genre == row[1]) == (number % 3 > 0) else 0.0) for genre in head[4:]]
    with (run / "predictions.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


@pytest.fixture
def predict(folded, capsys, survive_the_end):
    """Predict songs; returns the status and what is on stdout and stderr."""

    def run(*arguments, run=folded):
        with pytest.raises(SystemExit) as ended:
            main(["predict", *map(str, (run, *arguments))])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def songs(tmp_path, write_song):
    """A song as the run knows them, and a sound that is unlike all of them, though the network gives it a genre."""
    write_song(tmp_path / "music" / "a.wav", "noise", 77)
    ramp = np.linspace(0, 1, 8000) ** 4
    soundfile.write(tmp_path / "music" / "b.wav", 0.9 * np.sign(np.sin(5e3 * ramp)) * ramp, 8000)
    return tmp_path / "music"


def test_what_is_unlike_all_songs_gets_no_genre_in_any_format_and_keeps_its_probabilities(predict, songs, tmp_path):
    asked = songs, "--precision", "0.6"
    known, odd = json.loads(predict(*asked, "--json")[1])
    assert known["genre"] and known["none_because"] is None and 0 < known["distance"] <= 1 < odd["distance"]
    assert odd["genre"] is None and odd["none_because"] == UNFAMILIAR and sum(odd["probabilities"].values()) > 0.99
    rows = [*csv.DictReader(io.StringIO(predict(*asked, "--csv", "--m3u", tmp_path / "lists")[1]))]
    assert [(row["genre"], row["none_because"]) for row in rows] == [(known["genre"], ""), ("", UNFAMILIAR)]
    assert float(rows[1]["tones"]) == odd["probabilities"]["tones"] and float(rows[1]["distance"]) == odd["distance"]
    assert (tmp_path / "lists" / "none.m3u8").read_text().endswith("\n../music/b.wav\n")
    _, told, why = predict(*asked)
    assert re.search(r"\| none of these \(unfamiliar\) \| \d+\.\d\d +\|", told)
    assert len({len(line) for line in told.splitlines()}) == 1
    assert why.startswith("No genre below a confidence of") and "knew no song of its artists" in why
    alone = predict(songs / "b.wav", "--precision", "0.6")[1]
    assert re.search(r": none of these \(unfamiliar\); .* %; distance \d", alone)


def test_who_is_not_asked_to_abstain_never_does(folded, predict, songs):
    assert all(song["genre"] and "none_because" not in song for song in json.loads(predict(songs, "--json")[1]))
    asked, usual = Predictor(folded, precision=0.6), Predictor(folded)
    found, plain = (one.predict(songs / "b.wav").probabilities for one in (asked, usual))
    assert found == pytest.approx(plain, abs=1e-5)


def test_a_library_has_a_table_for_each_precision(predict, songs, tmp_path):
    for options in ((), ("--precision", "0.6")):
        predict(songs, "--into", tmp_path / "into", "--m3u", tmp_path / "lists", *options)
    found = sorted((table.name, "none_because" in table.read_text()) for table in (tmp_path / "into").iterdir())
    assert [has_reasons for _, has_reasons in found] == [True, False] and found[0][0].endswith("-none0.6.csv")
    assert "../music/b.wav" in (tmp_path / "lists" / "none.m3u8").read_text()


def test_a_song_below_the_confidence_that_was_right_out_of_fold_gets_no_genre(folded, predict, songs, tmp_path):
    copied = shutil.copytree(folded, tmp_path / "run")
    judge(copied, 1.0)
    told = json.loads(predict(songs / "a.wav", "--precision", "0.6", "--json", run=copied)[1])
    assert [song["none_because"] for song in told] == [UNSURE]
    error = predict(songs, "--precision", "0.9", run=copied)[0]
    assert error.startswith("error: --precision 0.9: no confidence keeps that") and error.endswith("reached is 0.645")


def test_what_cannot_abstain_is_one_line(folded, run, exported, predict, songs, tmp_path):
    asked = songs, "--precision", "0.6"
    assert "has no folds; train as it was trained, and with folds=5" in predict(*asked, run=run)[0]
    assert "name the run's folder" in predict(*asked, run=exported)[0]
    assert "leave out --timeline" in predict(*asked, "--timeline")[0]
    copied = shutil.copytree(folded, tmp_path / "run")
    (copied / "checkpoints" / "known_songs.pt").write_bytes(b"nonsense")
    assert "known_songs.pt is damaged" in predict(*asked, run=copied)[0]
    (copied / "checkpoints" / "known_songs.pt").unlink()
    assert "last.ckpt refit=true" in predict(*asked, run=copied)[0]
