import errno

import pytest

from genre_lightning.command_line.quoting import override
from genre_lightning.errors import UserError
from genre_lightning.runs.alone import alone_in
from genre_lightning.runs.records import differing, read_record, read_records, unfinished_runs


def test_a_setting_is_known_typed_or_not(finish):
    config = {"seed": 3, "model": {"width": [8, 16], "bias": True, "rate": 1e-5, "kept": None}, "points": "${gone}"}
    run = finish("one", 0.5, "model=cnn", "+more.name=x", "~callbacks", "data.root=SONGS", config=config)
    (run / ".hydra" / "hydra.yaml").write_text("hydra: {runtime: {choices: {model: cnn, features: mfcc, none: null}}}")
    record = read_record(run)
    known = ("model", "features", "none", "seed", "model.width", "model.bias", "model.rate", "model.kept", "more.name")
    assert [record.setting(name) for name in known] == [
        "cnn", "mfcc", "null", "3", "[8,16]", "true", "1e-05", "null", "x"
    ]  # fmt: skip
    assert [record.setting(name) for name in ("~callbacks", "data.root", "points", "a=b[", "unknown")] == [
        "", "SONGS", "", "", ""
    ]  # fmt: skip


def test_what_was_typed_is_told_from_what_differs(finish, tmp_path):
    finish("one", 0.5, "model=cnn", "seed=0", "refit=false", config={"learning": {"rate": 0.003}})
    finish("two", 0.5, "model=cnn", "ckpt_path=x", "learning.rate=3e-3", config={"learning": {"rate": 0.003}})
    records, unread = read_records([tmp_path])
    assert unread == [] and differing(records) == ["seed"]  # the rate is the same, typed or not


@pytest.mark.parametrize("damage", [b"x: [", b"- 3", b"\xff", b"3"])
def test_damaged_overrides_are_named(finish, damage):
    run = finish("one", 0.5, "model=cnn")
    (run / ".hydra" / "overrides.yaml").write_bytes(damage)
    with pytest.raises(UserError, match=r"overrides\.yaml is damaged"):
        read_record(run)


def test_a_run_without_its_songs_is_named(finish):
    run = finish("one", 0.5)
    (run / "manifest.csv").unlink()
    with pytest.raises(UserError, match=r"one is not a finished run: it has no manifest\.csv"):
        read_record(run)


def test_a_finished_run_is_not_unfinished_whatever_lies_in_it(finish, tmp_path):
    (finish("one", 0.5) / "failed.txt").write_text("before it was tried again")
    (tmp_path / "two" / ".hydra").mkdir(parents=True)
    (tmp_path / "two" / "failed.txt").write_bytes(b"\xff")
    assert unfinished_runs([tmp_path]) == {tmp_path / "two": "stopped before anything was learnt"}


def test_a_run_that_is_at_work_is_told_from_one_that_stopped_and_how_that_goes_on(tmp_path, monkeypatch):
    for name in ("at work", "stopped", "sweep/0"):
        (tmp_path / name / "checkpoints").mkdir(parents=True)
        (tmp_path / name / "checkpoints" / "last.ckpt").touch()
        (tmp_path / name / ".hydra").mkdir()
        (tmp_path / name / ".hydra" / "lock").touch()
    (tmp_path / "sweep" / "multirun.yaml").touch()
    with alone_in(tmp_path / "at work"):
        told = {folder.name: why for folder, why in unfinished_runs([tmp_path]).items()}
    last = (tmp_path / "stopped" / "checkpoints" / "last.ckpt").as_posix()
    goes_on = f"stopped; goes on with python train.py {override('ckpt_path', last)}"
    assert told == {"0": "stopped; the sweep's command goes on with it", "at work": "still running", "stopped": goes_on}
    monkeypatch.setattr("genre_lightning.runs.alone.FileLock", no_locks)
    assert set(unfinished_runs([tmp_path]).values()) == {"still running, or stopped"}


def no_locks(*_, **__):
    raise OSError(errno.ENOLCK, "no locks on this disk")
