"""Sweeps of runs that take no time: what trains is replaced by something that writes a finished run's files."""

import json
import logging
import os
import pickle
import runpy
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from filelock import FileLock
from omegaconf import OmegaConf

from genre_lightning.errors import UserError, install
from genre_lightning.train.sweep import Sweep, check_one_device, take_gpu

ROOT = Path(__file__).parents[2]
FOLDERS = ("hydra.sweep.dir=sweep", "hydra.sweep.subdir=${job_name:}")
PROGRAM = """
import json, os, sys
from pathlib import Path
from types import ModuleType

import hydra
from hydra.core.hydra_config import HydraConfig

from genre_lightning.command_line.ending import run_command
from genre_lightning.errors import UserError, one_line_errors
from genre_lightning.runs.folders import run_folder
from genre_lightning.train.sweep import run_job

def train(cfg, folder):
    assert (folder / ".hydra" / "config.yaml").is_file()
    with Path("trained.txt").open("a") as file:
        file.write(json.dumps([folder.name, cfg.ckpt_path, cfg.refit]) + "\\n")
    print("a page")
    if cfg.data.root == "nowhere":
        raise UserError("data.root: there is no folder nowhere")
    if cfg.data.root == "broken":
        raise ZeroDivisionError("division by zero")
    (folder / "checkpoints").mkdir(exist_ok=True)
    (folder / "checkpoints" / "last.ckpt").touch()
    if cfg.data.root == "stopped":
        raise KeyboardInterrupt
    loss = 1 + abs(cfg.seed - 1) + cfg.model.get("dropout", 0)
    values = json.loads(Path(RUN, "metrics.json").read_text(encoding="utf-8"))
    if cfg.folds:
        del values["val"], values["gap"]["val"], values["first_fit"]["train"]
    values["test" if cfg.folds else "val"]["uncalibrated_loss"], values["refitted"] = loss, cfg.refit
    values["folds"] = cfg.folds or 0
    (folder / "manifest.csv").write_bytes(Path(RUN, "manifest.csv").read_bytes())
    (folder / "metrics.json").write_text(json.dumps(values), encoding="utf-8")
    return loss

@hydra.main(version_base="1.3", config_path=CONF, config_name="train")
@one_line_errors
def main(cfg):
    sys.modules["genre_lightning.train.train"] = module = ModuleType("fake")
    module.train = train
    return run_job(cfg, HydraConfig.get(), Path(HydraConfig.get().runtime.output_dir))

if __name__ == "__main__":
    run_command(main)
"""


@pytest.fixture
def program(run, tmp_path, monkeypatch):
    """A program that does sweeps as train.py does, but trains nothing; it is started in the folder it lies in."""
    settings = f"RUN, CONF = {str(run)!r}, {str(ROOT / 'conf')!r}\n"
    (tmp_path / "program.py").write_text(settings + PROGRAM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "program.py"


@pytest.fixture
def sweep(program, monkeypatch, capsys):
    """Do a sweep in this process; returns the status, what was printed and what was complained of."""
    main = runpy.run_path(str(program), run_name="program")["main"]
    for drawing in ("sweep_picture", "save_picture"):  # which takes longer than the sweep
        monkeypatch.setattr(f"genre_lightning.runs.overview.{drawing}", lambda *_: None)
    handlers, kept = logging.root.handlers[:], sys.modules.get("genre_lightning.train.train")

    def swept(*overrides):
        monkeypatch.setattr("sys.argv", ["program.py", "-m", *FOLDERS, *overrides])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        printed, told = capsys.readouterr()
        return status, printed, told

    yield swept
    logging.root.handlers[:] = handlers
    monkeypatch.setitem(sys.modules, "genre_lightning.train.train", kept)


def trained():
    """The folders of the jobs that were trained since the last time, each with its checkpoint and its refit."""
    lines = Path("trained.txt").read_text().splitlines() if Path("trained.txt").is_file() else []
    Path("trained.txt").unlink(missing_ok=True)
    return [tuple(json.loads(line)) for line in lines]


def contents(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path(folder).rglob("*") if path.is_file()}


def test_each_run_is_a_line_and_the_best_by_validation_alone_learns_anew(sweep):
    status, printed, told = sweep("model=mlp", "seed=0,1")
    assert (status, told) == (0, "")
    assert trained() == [
        ("0", None, False),
        ("1", None, False),
        ("1", "sweep/1/checkpoints/last.ckpt", True),
    ]
    assert "a page" not in printed and "\n1: on validation " in printed
    assert "learning from train and validation, anew: 1" in printed and "| settings" in printed


@pytest.mark.slow
def test_a_callback_of_the_command_s_own_is_not_asked_about_when_the_best_run_learns_anew(sweep):
    mine = "+callbacks.mine._target_=lightning.pytorch.callbacks.ModelCheckpoint"
    status, _, told = sweep("model=mlp", "seed=0,1", mine)
    assert (status, told) == (0, "") and trained()[-1] == ("1", "sweep/1/checkpoints/last.ckpt", True)


@pytest.mark.slow
def test_with_folds_the_songs_out_of_fold_choose_the_run_whose_network_learns_from_all(sweep):
    _, printed, _ = sweep("model=mlp", "seed=0,1", "folds=5")
    assert [job[0] for job in trained()] == ["0", "1", "1"]
    assert "\n1: out of fold " in printed and "learning from all songs: 1" in printed


LEARNING_CURVE = pytest.param("learning_curve", 6, "\nlearning_curve: ", marks=pytest.mark.slow)


@pytest.mark.parametrize(("question", "jobs", "answer"), [("leak", 2, "The leak cannot be measured"), LEARNING_CURVE])
def test_a_question_is_a_sweep_that_one_command_does(sweep, question, jobs, answer):
    status, printed, _ = sweep(f"experiment={question}", "split.draw=0")
    assert status == 0 and len(trained()) == jobs and answer in printed


@pytest.mark.slow
@pytest.mark.parametrize("refit", [True, False])
def test_whether_runs_learn_anew_can_be_said(sweep, refit):
    sweep("model=mlp", "seed=0,1", f"refit={refit}")
    assert [job[2] for job in trained()] == [refit, refit]


def test_the_others_are_done_where_a_job_fails_and_the_reasons_stand_at_the_end(sweep):
    status, printed, told = sweep("model=mlp", "data.root=nowhere,broken,songs", "refit=false")
    assert len(trained()) == 3 and "\n2: on validation" in printed
    assert status == "error: jobs that failed: 2; the same command tries them anew, and only them"
    assert told == (
        "failed: 0: data.root: there is no folder nowhere\nfailed: 1: ZeroDivisionError: division by zero\n"
    )
    reasons = [Path("sweep", name, "failed.txt").read_text() for name in ("0", "1")]
    assert reasons == ["data.root: there is no folder nowhere", "ZeroDivisionError: division by zero"]
    assert "Traceback" in Path("sweep", "1", "program.log").read_text()


def test_the_same_sweep_again_does_only_what_is_not_done_yet(sweep):
    sweep("model=mlp", "seed=0,1,2", "refit=false")
    trained()
    done, half_done, failed = (Path("sweep", str(number)) for number in range(3))
    (half_done / "metrics.json").unlink()
    (failed / "metrics.json").unlink()
    (failed / "checkpoints" / "last.ckpt").unlink()
    (failed / "failed.txt").touch()
    before = contents(done)
    status, _, _ = sweep("model=mlp", "seed=0,1,2", "refit=false", "engine.num_workers=1")
    last = (half_done / "checkpoints" / "last.ckpt").absolute().as_posix()
    assert trained() == [(half_done.name, last, False), (failed.name, None, False)]
    assert status == 0 and contents(done) == before and not (failed / "failed.txt").exists()


@pytest.mark.slow
def test_a_refit_that_is_asked_for_later_is_done_for_the_runs_that_are_there(sweep):
    sweep("model=mlp", "refit=false")
    sweep("model=mlp", "refit=true")
    sweep("model=mlp")
    assert [job[2] for job in trained()] == [False, True]


@pytest.mark.parametrize("more", [("learning.optimizer.lr=0.1",), ("loader.batch_size=8,16",)])
def test_another_sweep_in_the_same_folder_is_refused_before_anything_is_touched(sweep, more):
    sweep("model=mlp", "seed=0,1")
    trained()
    before = contents("sweep")
    status, _, told = sweep("model=mlp", "seed=0,1", *more)
    assert re_line(status, "error: hydra.sweep.dir: sweep holds a sweep with ") and told == ""
    assert contents("sweep") == before and not trained()


@pytest.mark.slow
def test_a_sweep_is_done_by_one_command_at_a_time(sweep):
    Path("sweep").mkdir()
    with FileLock(Path("sweep", ".sweep.lock")):
        status, _, told = sweep("model=mlp")
        assert re_line(status, "error: sweep: another command is at work on this sweep; wait for its end") and not told
        assert [path.name for path in Path("sweep").iterdir()] == [".sweep.lock"] and not trained()
    assert sweep("model=mlp", "refit=false")[0] == sweep("model=mlp", "refit=false")[0] == 0


def re_line(text, beginning):
    return text.startswith(beginning) and "\n" not in text


@pytest.mark.slow
def test_a_job_that_finds_a_run_with_other_settings_leaves_all_its_files_as_they_are(sweep):
    sweep("model=mlp", "refit=false")
    Path("sweep", "multirun.yaml").unlink()
    before, _ = contents("sweep/0"), trained()
    status, _, told = sweep("model=mlp", "learning.optimizer.lr=0.1")
    assert "error: jobs that failed: 1" in status and not trained()
    assert "holds a run with learning.optimizer.lr=0.003, and not 0.1; choose another hydra.sweep.dir" in told
    assert contents("sweep/0") == before and Path("sweep/0_failed/failed.txt").is_file()


def test_ctrl_c_ends_the_whole_sweep_and_nothing_learns_anew(sweep, capsys):
    with pytest.raises(KeyboardInterrupt):
        sweep("model=mlp", "data.root=songs,stopped,others")
    assert len(trained()) == 2 and "| settings" not in capsys.readouterr().out


def test_a_damaged_multirun_file_is_named(sweep):
    Path("sweep").mkdir()
    Path("sweep", "multirun.yaml").write_text("x: [")
    assert re_line(sweep("model=mlp")[0], f"error: {Path('sweep', 'multirun.yaml')} is damaged")


def test_what_is_not_installed_is_named_with_what_installs_it(sweep, monkeypatch):
    monkeypatch.setitem(sys.modules, "hydra_plugins.hydra_joblib_launcher.joblib_launcher", None)
    told = f"error: hydra/launcher=joblib is not installed; it comes with {install('[sweep]')}"
    assert sweep("hydra/launcher=joblib")[0] == told and not Path("sweep").exists()


@pytest.mark.parametrize(("devices", "refused"), [(1, False), ("1", False), ([2], False), ("auto", True), (2, True)])
def test_each_run_of_a_sweep_is_trained_on_one_device(devices, refused, monkeypatch):
    monkeypatch.setattr("genre_lightning.launched.devices_here", lambda: 2)
    trainer = OmegaConf.create({"devices": devices})
    if refused:
        with pytest.raises(UserError, match=r"trainer\.devices: .* hydra/launcher=joblib"):
            check_one_device(trainer)
    else:
        check_one_device(trainer)


def test_each_process_takes_a_gpu_of_its_own_and_keeps_it(tmp_path, monkeypatch):
    taken = []
    for _ in range(3):  # as three processes would: each takes once
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
        locked = take_gpu.__wrapped__(tmp_path)
        taken.append((locked, os.environ["CUDA_VISIBLE_DEVICES"]))
    assert [gpus for _, gpus in taken] == ["4", "7", "4,7"] and taken[2][0] is None
    taken[0][0].release()
    taken[1][0].release()


def test_what_launchers_send_to_other_processes_is_without_the_lock(tmp_path):
    (callback := Sweep()).held = ExitStack()
    with callback.held:
        callback.held.enter_context(FileLock(tmp_path / "lock"))
        assert vars(pickle.loads(pickle.dumps(callback))) == {}


def start(program, *overrides):
    """Do a sweep in processes of its own."""
    line = [sys.executable, str(program), "-m", *FOLDERS, *overrides]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "0,1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


LAUNCHERS = [
    ("joblib", ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")),
    ("submitit", ("hydra/launcher=submitit_local",)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("launcher", "how"), LAUNCHERS)
def test_jobs_in_other_processes_keep_the_same_rules(program, sweep, launcher, how):
    pytest.importorskip(f"hydra_plugins.hydra_{launcher}_launcher")
    sweep("model=mlp", "refit=false")
    before, _ = contents("sweep/0"), trained()
    Path("sweep", "multirun.yaml").unlink()
    status, printed, told = start(program, "model=mlp", "data.root=songs,nowhere,others", *how)
    assert status == 1 and told.endswith(
        "error: jobs that failed: 2; the same command tries them anew, and only them\n"
    )
    assert sorted(job[0] for job in trained()) == ["1", "2"] and "| settings" in printed
    assert "holds a run with data.root=data/demo, and not songs" in Path("sweep/0_failed/failed.txt").read_text()
    assert Path("sweep/1/failed.txt").read_text() == "data.root: there is no folder nowhere"
    assert contents("sweep/0") == before
