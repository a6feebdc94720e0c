import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.results import read_results


@pytest.fixture
def metrics(run, tmp_path):
    """A run's metrics.json that a test may change."""
    return Path(shutil.copy(run / "metrics.json", tmp_path))


def test_results_are_read_back_as_they_were_written(run, tmp_path):
    results = read_results(run)
    results.write(tmp_path)
    assert read_results(tmp_path) == results
    assert (tmp_path / "metrics.json").read_bytes() == (run / "metrics.json").read_bytes()


def test_what_cannot_be_told_is_null_for_other_programs(run, tmp_path):
    results = read_results(run)
    single = replace(results.splits["val"], auroc_macro=math.nan)
    replace(results, splits={**results.splits, "val": single}).write(tmp_path)
    strict = json.loads((tmp_path / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert strict["val"]["auroc_macro"] is None and math.isnan(read_results(tmp_path).splits["val"].auroc_macro)


def test_an_interval_that_cannot_be_given_is_none(run, tmp_path):
    results = read_results(run)
    few = replace(results.splits["val"], accuracy_interval=None, f1_macro_interval=None)
    none = {name: getattr(results, name)._replace(accuracy_interval=None) for name in ("gap", "val_gap", "ahead")}
    changed = replace(results, splits={**results.splits, "val": few}, **none)
    changed.write(tmp_path)
    assert read_results(tmp_path) == changed


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 5}', '{"format": 5, "learnt_from": {}}'])
def test_damaged_results_are_one_line(metrics, text):
    values = json.loads(text or "null")
    metrics.write_text(text)
    told = r"metrics\.json is damaged|was made by version 0\.1" if values == {} else r"metrics\.json is damaged"
    with pytest.raises(UserError, match=told):
        read_results(metrics.parent)


VERSIONS = [(None, "version 0.1; train again"), (1, "version 0.1"), (2, "an earlier version"), (99, "a newer")]


@pytest.mark.parametrize(("found", "told"), VERSIONS)
def test_results_of_another_version_say_of_which(metrics, found, told):
    values = json.loads(metrics.read_text()) | {"format": found}
    metrics.write_text(json.dumps(values))
    with pytest.raises(UserError, match=f"was made by {told}"):
        read_results(metrics.parent)


NO_FIGURES = [
    (["test", "accuracy"], "high"),
    (["test", "songs"], 10**400),
    (["test", "accuracy_interval"], [1]),
    (["test"], None),
    (["baseline", "test"], {}),
    (["by_genre"], {"test": [3]}),
    (["run", "seconds"], "long"),
    (["folds"], -0.5),
    (["refitted"], "no"),
    (["unjudged"], []),
    (["advice"], ["\\ud800"]),
    (["left_out"], 3),
]


@pytest.mark.parametrize(("keys", "value"), NO_FIGURES)
def test_figures_that_are_none_are_a_line(run, tmp_path, keys, value):
    held = node = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    (tmp_path / "metrics.json").write_text(json.dumps(held), encoding="utf-8")
    with pytest.raises(UserError, match=r"metrics\.json is damaged"):
        read_results(tmp_path)
