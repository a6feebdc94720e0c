import errno
import os
import subprocess
import sys

import pytest
from filelock import FileLock
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from genre_lightning.errors import UserError
from genre_lightning.runs import alone
from genre_lightning.runs.alone import alone_in, write_settings

LOCKED = """
import sys, time
from pathlib import Path
from genre_lightning.runs.alone import alone_in
with alone_in(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def at_work(tmp_path):
    """A process with a run in a folder."""
    process = subprocess.Popen([sys.executable, "-c", LOCKED, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"locked"
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_in_a_folder_is_refused_in_a_line_until_the_first_is_killed(at_work, tmp_path):
    (tmp_path / ".hydra" / "config.yaml").write_text("seed: 1")
    with pytest.raises(UserError, match="another run is at work in this folder; wait for its end, or choose another"):
        alone_in(tmp_path).__enter__()
    assert (tmp_path / ".hydra" / "config.yaml").read_text() == "seed: 1" and (tmp_path / ".hydra" / "lock").exists()
    at_work.kill()
    at_work.wait()
    with alone_in(tmp_path):
        pass


def test_one_that_may_wait_begins_at_the_end_of_the_first(at_work, tmp_path, monkeypatch):
    monkeypatch.setattr(alone, "remove_unfinished", lambda _: at_work.poll() is not None or pytest.fail("not alone"))
    killed = []
    monkeypatch.setattr("time.sleep", lambda _: killed or killed.append(at_work.kill()) or at_work.wait())
    with alone_in(tmp_path, wait=True):
        assert killed


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "SLURM_PROCID"])
def test_the_other_processes_of_a_run_need_no_lock_and_write_no_settings(at_work, tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with alone_in(tmp_path):
        write_settings(OmegaConf.create({"seed": 2}), tmp_path)
    assert not (tmp_path / ".hydra" / "config.yaml").exists()


@pytest.mark.parametrize("error", [NotImplementedError("flock"), OSError(errno.ENOLCK, "No locks available")])
def test_on_a_disk_without_locks_a_run_goes_on_and_says_so(tmp_path, monkeypatch, caplog, error):
    monkeypatch.setattr(FileLock, "acquire", lambda *_, **__: (_ for _ in ()).throw(error))
    with alone_in(tmp_path):
        assert "this disk knows no locks; start nothing else in this folder" in caplog.text


def test_a_folder_that_cannot_be_locked_for_another_reason_is_no_folder_to_train_in(tmp_path, monkeypatch):
    error = OSError(errno.EROFS, "Read-only file system", str(tmp_path))
    monkeypatch.setattr(FileLock, "acquire", lambda *_, **__: (_ for _ in ()).throw(error))
    with pytest.raises(OSError, match="Read-only"):
        alone_in(tmp_path).__enter__()


def test_nothing_is_left_of_a_run_that_has_done_nothing(tmp_path):
    with alone_in(tmp_path / "logs" / "run"):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "logs"] and not list((tmp_path / "logs").iterdir())


def test_what_a_killed_run_has_left_half_written_goes_when_it_goes_on(tmp_path):
    half = "last.ckpt.0123abcd.tmp"
    kept = ["checkpoints/last.ckpt", "song.tmp", "folds/1/judged.pt", f"another run/{half}"]
    for name in (half, f"checkpoints/{half}", f"folds/1/{half}", *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with alone_in(tmp_path):
        found = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(found) == sorted([".hydra/lock", *kept])


SETTINGS = ("config", "hydra", "overrides")
NAME = "mlp_logmel_seed0_2026-11-28_12-00-00"


FOUND = [
    (NAME, (), 2, False),
    (f"{NAME}_2", (".hydra/config.yaml", ".hydra/lock", "train.log"), 2, False),
    (NAME, (), 0.5, True),
    (NAME, ("checkpoints/last.ckpt",), 2, True),
    (NAME, (".hydra/notes.txt",), 2, True),
    ("my notes", (), 2, True),
]


@pytest.mark.parametrize(("name", "more", "age", "stays"), FOUND)
def test_folders_of_runs_that_were_killed_before_any_work_are_removed_by_the_next_one(tmp_path, name, more, age, stays):
    (folder := tmp_path / name).mkdir()
    for path in more:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).touch()
    then = folder.stat().st_mtime - 3600 * age
    os.utime(folder, (then, then))
    with alone_in(tmp_path / "cnn_logmel_seed1_2026-11-29_12-00-00"):
        assert folder.exists() == stays
        assert all((folder / path).exists() == stays for path in more)


def test_a_folder_of_a_run_that_computes_features_for_hours_stays(at_work, tmp_path):
    folder = tmp_path.rename(tmp_path.with_name(NAME))
    os.utime(folder, (0, 0))
    with alone_in(folder.with_name("cnn_logmel_seed1_2026-11-29_12-00-00")):
        assert (folder / ".hydra" / "lock").exists()


@pytest.fixture
def typed(monkeypatch):
    """What Hydra knows of the command."""
    hydra = OmegaConf.create({"hydra": {"overrides": {"task": ["seed=2"]}, "runtime": {"cwd": "/here"}}})
    monkeypatch.setattr(HydraConfig.instance(), "cfg", hydra)


def test_the_settings_of_a_new_run_are_written_as_they_were_typed(typed, tmp_path):
    (tmp_path / ".hydra").mkdir()
    (tmp_path / "history.csv").write_text("the curves of a run that came to nothing")
    write_settings(OmegaConf.create({"seed": 2, "loader": {"seed": "${seed}"}}), tmp_path)
    config, hydra, overrides = (OmegaConf.load(tmp_path / ".hydra" / f"{name}.yaml") for name in SETTINGS)
    assert OmegaConf.to_container(config) == {"seed": 2, "loader": {"seed": "${seed}"}}
    assert hydra.hydra.runtime.cwd == "/here" and overrides == ["seed=2"] and not (tmp_path / "history.csv").exists()


@pytest.mark.parametrize("kept", ["checkpoints/last.ckpt", "metrics.json"])
def test_a_run_that_is_there_keeps_its_settings_and_curves(typed, tmp_path, kept):
    for name in (kept, "history.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    write_settings(OmegaConf.create({"seed": 2}), tmp_path)
    assert not (tmp_path / ".hydra").exists() and (tmp_path / "history.csv").exists()
