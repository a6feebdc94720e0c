import pytest

from genre_lightning.errors import UserError
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
    assert unfinished_runs([tmp_path]) == {tmp_path / "two": "still running, or stopped"}
