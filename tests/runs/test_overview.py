import json
import os
from dataclasses import replace

import pytest
from made_up import made_up

from genre_lightning.errors import UserError
from genre_lightning.runs.overview import results
from genre_lightning.runs.results import SplitFigures


@pytest.fixture
def finish(tmp_path):
    """Make a folder as a finished run leaves it."""

    def make(name, accuracy, *typed, refitted=False):
        hydra = tmp_path / "logs" / name / ".hydra"
        hydra.mkdir(parents=True)
        (hydra / "overrides.yaml").write_text("".join(f"- {one}\n" for one in typed) or "[]")
        figures = {split: [1.0, accuracy + more, 0.5, 0.5, 0.1] for split, more in SPLITS.items()}
        more = (1.2, 0.2, (0.0, 0.2), (0.0, 1.0), (0.0, 1.0), 9, 9, 0, 0)
        splits = {split: SplitFigures(*known, *more) for split, known in figures.items()}
        replace(made_up(baseline=0.4, refitted=refitted), splits=splits).write(hydra.parent)
        return hydra.parent

    return make


SPLITS = {"learnt_from": 0.2, "val": 0.1, "test": 0.0}


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def test_runs_that_differ_in_their_seed_only_are_one_line_with_mean_and_range(finish, tmp_path):
    for seed, accuracy in enumerate((0.6, 0.5, 0.7)):
        finish(f"cnn{seed}", accuracy, "model=cnn", f"seed={seed}", f"data.seed={seed}", "data=folder")
    finish("resumed", 0.6, "data=folder", "ckpt_path=last.ckpt", "model=cnn")
    finish("lstm", 0.3, "model=lstm", "seed=0", "data=folder")
    head, _, cnn, lstm = cells(results([tmp_path / "logs"]))
    assert head == [
        "settings", "runs", "learnt from", "validation", "test", "test, macro F1", "baseline on test"
    ]  # fmt: skip
    assert cnn[:2] == ["model=cnn", "4"]  # data=folder is the same for all
    assert cnn[2:] == [
        "80.0 % (70.0 to 90.0)", "70.0 % (60.0 to 80.0)", "60.0 % (50.0 to 70.0)", "50.0 %", "40.0 %"
    ]  # fmt: skip
    assert lstm == ["model=lstm", "1", "50.0 %", "40.0 %", "30.0 %", "50.0 %", "40.0 %"]


def test_the_validation_of_refitted_runs_is_that_of_their_first_fit(finish):
    run = finish("one", 0.6, refitted=True)
    assert cells(results([run]))[0][3] == "validation (first fit)"


def test_of_runs_that_repeat_a_seed_the_last_one_counts_typed_or_not(finish):
    for time, name, accuracy, typed in ((9, "a", 0.7, []), (5, "b", 0.5, ["seed=0"]), (7, "c", 0.6, ["++seed=0"])):
        run = finish(name, accuracy, "model=cnn", *typed)
        settings = "seed: 0\ndata: {seed: 1}\nmodel: {}\nfeatures: {}\ncache: {}\nloader: {}\n"
        (run / ".hydra" / "config.yaml").write_text(settings)
        os.utime(run / "metrics.json", (time, time))
    for folders in ([run.parent], [run, run.parent / "a", run.parent / "b"]):
        line = cells(results(folders))[2]
        assert (line[1], line[4]) == ("1", "70.0 %")


def test_a_run_for_which_nothing_of_its_own_was_typed_is_named_too(finish, tmp_path):
    finish("one", 0.6, "data=folder")
    finish("two", 0.5, "data=folder", "model=lstm")
    assert [line[0] for line in cells(results([tmp_path]))[2:]] == ["the defaults", "model=lstm"]


def test_a_finished_run_is_read_as_training_wrote_it(run):
    figures = json.loads((run / "metrics.json").read_text())
    line = cells(results([run]))[2]
    assert line[0] == f"run={run.name}" and line[4] == f"{100 * figures['test']['accuracy']:.1f} %"


@pytest.mark.parametrize("damage", [b"x: [", b"- 3", b"\xff"])
def test_damaged_overrides_are_named(finish, damage):
    run = finish("one", 0.5, "model=cnn")
    (run / ".hydra" / "overrides.yaml").write_bytes(damage)
    with pytest.raises(UserError, match=r"overrides\.yaml is damaged"):
        results([run])


def test_a_run_of_version_0_1_is_named(finish):
    run = finish("old", 0.5)
    (run / "metrics.json").write_text("{}")
    with pytest.raises(UserError, match=r"old was made by version 0\.1; train again"):
        results([run])


def test_a_refit_that_was_left_off_is_told_until_it_is_done(finish, tmp_path):
    finish("swept", 0.6, "model=cnn", "refit=false")
    finish("best", 0.7, "model=cnn", "refit=false", refitted=True)  # by ckpt_path=... refit=true
    names = [row[0] for row in cells(results([tmp_path / "logs"]))[2:]]
    assert sorted(names) == ["refit=false", "the defaults"]
