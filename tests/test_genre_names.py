"""Genres may be called anything: one run with odd names goes through all commands."""

import csv
import json
import re

import pytest
import soundfile

from genre_lightning.__main__ import main
from genre_lightning.predict.onnx import export
from genre_lightning.predict.predictor import Predictor
from genre_lightning.runs.run import Run

TYPED = ["Hip-Hop/Rap", "R & B", "Rock | Live", "$x$", "yes", "\N{SAXOPHONE} <b>${seed}"]
CALLED = ["$x$", "hiphop/rap", "r&b", "rock|live", "yes", "\N{SAXOPHONE} <b>${seed}"]
SPLITS = ("train", "train", "val", "test")


@pytest.fixture(scope="module")
def odd_run(train_run, map_run, tmp_path_factory, request):
    """A mapped run on four songs of each genre."""
    compose = request.getfixturevalue("composed")
    root, rows = tmp_path_factory.mktemp("odd"), [("path", "genre", "artist", "split")]
    for number, (genre, split) in enumerate((genre, split) for genre in TYPED for split in SPLITS):
        soundfile.write(root / f"{number}.wav", compose(number), 8000)
        rows.append((f"{number}.wav", genre, f"artist {number}", split))
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    run = train_run(f"data.root='{root.as_posix()}'", "trainer.max_epochs=1", pictures=True)
    map_run(run)
    return run


@pytest.fixture(scope="module")
def composed():
    from conftest import compose_song

    return lambda number: compose_song("tones", number)


def test_the_report_has_a_row_for_each_and_the_map_and_tables_hold_them(odd_run):
    report = (odd_run / "report.md").read_text(encoding="utf-8")
    shown = [re.sub(r"[|<]", r"\\\g<0>", genre) for genre in CALLED]  # as Markdown has them that are no HTML
    assert all(f"\n| {genre} " in report for genre in shown)
    assert json.loads((odd_run / "metrics.json").read_text())["by_genre"]["test"].keys() == {*CALLED}
    assert {track.genre for track in Run(odd_run).catalogue} == {*CALLED}
    assert (odd_run / "confusion.png").is_file() and "<b>${seed}" not in (odd_run / "map.html").read_text(
        encoding="utf-8"
    )


def test_predictions_are_the_same_by_the_run_and_by_an_exported_file(odd_run, tmp_path, capsys):
    song = Run(odd_run).catalogue.tracks[0].path
    export(Run(odd_run), tmp_path / "model.onnx")
    for model in (odd_run, tmp_path / "model.onnx"):
        assert Predictor(model).predict(song).probabilities.keys() == {*CALLED}
        with pytest.raises(SystemExit, match="0"):
            main(["predict", str(model), str(song), "--csv"])
        assert next(csv.reader([capsys.readouterr().out.splitlines()[0]]))[4:] == CALLED
