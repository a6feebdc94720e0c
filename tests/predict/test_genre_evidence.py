import shutil
from statistics import fmean

import pytest

from genre_lightning.errors import UserError
from genre_lightning.predict.evidence import Listener
from genre_lightning.predict.genre_evidence import explain_genres, means
from genre_lightning.runs.predictions import PREDICTIONS, read_predictions
from genre_lightning.runs.run import Run


@pytest.fixture
def own_run(run, tmp_path):
    """A copy of the finished run."""
    return shutil.copytree(run, tmp_path / "run")


def have_learnt_from_tested(run):
    """Have a run look as if each of its test songs had been judged by a fold, and learnt from in the end."""
    lines = (run / PREDICTIONS).read_text(encoding="utf-8").splitlines(keepends=True)
    lines += [line.replace(",test,", ",learnt_from,") for line in lines if ",test," in line]
    (run / PREDICTIONS).write_text("".join(lines), encoding="utf-8")


def test_a_genre_is_the_mean_over_its_test_songs(own_run):
    run = Run(own_run)
    listener = Listener(run)
    songs = [song for song in read_predictions(own_run) if song.split == "test" and song.genre == "noise"]
    bands = [listener.evidence_of_bands(listener.read(song.path).frames, "noise") for song in songs]
    found = means({"noise": bands})["noise"]
    assert found == pytest.approx([fmean(one.evidence for one in band) for band in zip(*bands, strict=True)], abs=1e-5)
    text, name, picture = explain_genres(run, listener, ["noise"], as_json=False)
    assert f"| {bands[0][0].name}" in text and f"| {found[0]:+.2f}" in text and name == "run"
    assert len(picture.axes) == 1


def test_of_a_cross_validated_run_it_says_that_the_model_knows_the_songs(own_run):
    have_learnt_from_tested(own_run)
    run = Run(own_run)
    text, *_ = explain_genres(run, Listener(run), ["noise"], as_json=False)
    assert "the final one, which has learnt from all of them" in text and "noise (2 songs)" in text


def test_songs_that_are_gone_are_named_and_without_any_it_is_refused(own_run):
    lines = (own_run / PREDICTIONS).read_text(encoding="utf-8").splitlines(keepends=True)
    gone = [line for line in lines if ",test," in line and ",noise," in line]
    moved = [("gone_" + line) if line == gone[0] else line for line in lines]
    (own_run / PREDICTIONS).write_text("".join(moved), encoding="utf-8")
    run = Run(own_run)
    text, *_ = explain_genres(run, Listener(run), ["noise"], as_json=False)
    assert "noise (1 songs)" in text and "Left out: " in text and "gone_" in text
    (own_run / PREDICTIONS).write_text("".join("gone_" + line if line in gone else line for line in lines))
    with pytest.raises(UserError, match="of the 2 test songs of noise, none can be read"):
        explain_genres(run, Listener(run), ["noise"], as_json=False)
