import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.swept import runs_by_variant

ASKED = ("split.draw",)


def test_runs_that_differ_in_what_is_asked_about_are_one_variant(finish_run):
    for model in ("mlp", "cnn"):
        for draw in (0, 1):
            run = finish_run([True, False], {"draw": draw}, f"model={model}", "data=folder")
    variants = runs_by_variant(run.parent, ASKED)
    assert {name: len(runs) for name, runs in variants.items()} == {"model=cnn": 2, "model=mlp": 2}
    assert {run.setting("split.draw") for run in variants["model=mlp"]} == {0, 1}
    assert [*runs_by_variant(run, ASKED)] == [""]


def test_damaged_runs_are_left_out_unless_there_is_no_other(finish_run):
    broken, whole = (finish_run([True, False], {"draw": draw}) for draw in (0, 1))
    (broken / "metrics.json").write_text("[")
    assert [run.folder for run in runs_by_variant(whole.parent, ASKED)[""]] == [whole]
    with pytest.raises(UserError, match=r"metrics\.json is damaged"):
        runs_by_variant(broken, ASKED)


def test_an_empty_folder_is_one_line(tmp_path):
    with pytest.raises(UserError, match="there is no finished run in"):
        runs_by_variant(tmp_path, ASKED)
