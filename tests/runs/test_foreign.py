import os
import sys

import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.foreign import (
    as_they_are_used,
    check_links,
    read_json,
    read_overrides,
    read_settings,
    read_yaml,
)

PARTS = "model: {}\nfeatures: {}\ncache: {root: kept}\nloader: {}\n"
BOMB = "a: &a [x, x]\n" + "".join(f"k{n + 1}: &k{n + 1} [*k{n}, *k{n}]\n" for n in range(40)).replace("k0", "a")


def write(folder, name, text):
    (folder / ".hydra").mkdir(exist_ok=True)
    (folder / ".hydra" / name).write_text(text, encoding="utf-8")


def test_what_was_typed_is_read_back_if_hydra_wrote_it_down(tmp_path):
    assert read_overrides(tmp_path) == []
    write(tmp_path, "overrides.yaml", "- seed=3\n- learning.optimizer.lr=0.01\n- data.root=${oc.env:HOME}\n")
    assert read_overrides(tmp_path) == ["seed=3", "learning.optimizer.lr=0.01", "data.root=${oc.env:HOME}"]


@pytest.mark.parametrize("text", [BOMB + PARTS, "x: " + "[" * 99 + "]" * 99, "x: 3\n" * 300_000, "!!python/tuple [1]"])
def test_settings_without_end_are_damaged(tmp_path, text):
    write(tmp_path, "config.yaml", text)
    with pytest.raises(UserError, match=r"config\.yaml is damaged"):
        read_settings(tmp_path)


def test_nothing_in_settings_is_looked_up_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "told")
    write(tmp_path, "config.yaml", PARTS + "seed: ${oc.env:SECRET}\nmixed: a${oc.env:SECRET}b\nsame: ${cache.root}\n")
    settings = read_settings(tmp_path)
    assert (settings.seed, settings.mixed, settings.same) == ("${oc.env:SECRET}", "a${oc.env:SECRET}b", "kept")
    assert read_settings(tmp_path, trust=True).seed == "told"


@pytest.mark.parametrize("group", ["data: songs", "split: [1]"])
def test_a_group_that_is_no_group_is_damaged(tmp_path, group):
    write(tmp_path, "config.yaml", f"{PARTS}{group}\n")
    with pytest.raises(UserError, match=r"config\.yaml is damaged"):
        read_settings(tmp_path)


@pytest.mark.parametrize("wrong", ["root: 3", "root: [1]"])
def test_settings_of_other_types_are_damaged(tmp_path, wrong):
    write(tmp_path, "config.yaml", PARTS.replace("root: kept", wrong))
    with pytest.raises(UserError, match=r"config\.yaml is damaged"):
        read_settings(tmp_path)


def test_settings_that_stand_for_one_another_come_to_an_end():
    assert as_they_are_used({"a": "${b.c}", "b": {"c": [1]}}) == {"a": [1], "b": {"c": [1]}}
    doubled = {f"k{n}": [f"${{k{n + 1}}}"] * 4 for n in range(12)} | {"k12": 1}
    for endless in (doubled, {"a": "${b}", "b": "${a}"}, {"a": ["${a}"]}, {"a": "${gone}"}, {"a.b": 1}):
        with pytest.raises(ValueError, match=r"."):
            as_they_are_used(endless)


@pytest.mark.parametrize("text", ["[" * 10**6, '"\\ud800"', "{", "nan"])
def test_json_without_end_and_halves_of_characters_are_no_values(tmp_path, text):
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "x.json")


NO_FILES = {
    "a pipe": lambda path: os.mkfifo(path),  # noqa: PLW0108 (Windows has none)
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "forty gigabytes": lambda path: (path.touch(), os.truncate(path, 40 * 2**30)),
}


@pytest.mark.skipif(sys.platform == "win32", reason="has no pipes among its files")
@pytest.mark.parametrize("kind", NO_FILES)
def test_what_has_no_end_is_not_read(tmp_path, kind):
    NO_FILES[kind](tmp_path / "metrics.json")
    (tmp_path / ".hydra").mkdir()
    NO_FILES[kind](tmp_path / ".hydra" / "hydra.yaml")
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "metrics.json")
    with pytest.raises(ValueError, match=r"."):
        read_yaml(tmp_path / ".hydra" / "hydra.yaml")


@pytest.mark.skipif(sys.platform == "win32", reason="makes links for administrators only")
def test_a_link_out_of_a_run_s_folder_is_refused_and_one_within_it_is_not(tmp_path):
    (run := tmp_path / "run").mkdir()
    (run / "log").touch()
    (run / "again").symlink_to(run / "log")
    check_links(run)
    for led_to in (tmp_path, tmp_path / "elsewhere", run / "circle", "/dev/zero"):
        (run / "circle").symlink_to(led_to)
        with pytest.raises(UserError, match=r"run/circle is a link that leads out of the run's folder, or no file"):
            check_links(run)
        (run / "circle").unlink()
