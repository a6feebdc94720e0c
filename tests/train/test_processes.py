import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from genre_lightning.command_line import ending
from genre_lightning.train import processes
from genre_lightning.train.processes import EndTogether

FOR_AGES = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def ended(monkeypatch):
    """Wait for the end of this process, which is not its end; returns the status."""
    called, statuses = threading.Event(), []

    def end(status):
        statuses.append(status)
        called.set()

    monkeypatch.setattr(processes.os, "_exit", end)
    monkeypatch.setattr(processes, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(processes, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(EndTogether, "watching", threading.Event())
    monkeypatch.setenv(processes.FIRST, "7")
    monkeypatch.setattr(EndTogether, "stopped", threading.Event())
    monkeypatch.setattr(ending, "told", threading.Event())
    before = threading.enumerate()
    yield lambda seconds=30: called.wait(seconds) and statuses[0]
    for thread in threading.enumerate():  # or they would notice ends while the next test is at work
        if thread not in before:
            thread.join(10)


@pytest.fixture
def trainer(tmp_path):
    """That of a process of three, by its rank, and the processes that it has started."""
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    started = []

    def of_rank(rank):
        launcher = SimpleNamespace(procs=started)
        how = {"strategy": SimpleNamespace(launcher=launcher), "local_rank": rank, "world_size": 3, "num_devices": 3}
        return SimpleNamespace(**how, default_root_dir=tmp_path)

    yield of_rank
    EndTogether.stopped.set()
    for process in started:
        process.kill()
        process.wait()


def start(first):
    """Start what the first process starts."""
    first.strategy.launcher.procs.extend(subprocess.Popen(FOR_AGES) for _ in range(first.num_devices - 1))
    return first.strategy.launcher.procs


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_if_a_process_is_killed_the_others_end_and_one_says_so_and_how_it_goes_on(ended, trainer, capsys):
    first = trainer(0)
    EndTogether.watch(first)  # before the Trainer has started any
    EndTogether.watch(first)  # and again for each fit
    one, other = start(first)
    one.kill()
    assert ended() == 1 and other.wait()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "error: process 2 of 3 was killed (signal 9), so the run has ended; what was learnt is kept,"
    )
    assert "python train.py" in line and line.endswith("checkpoints/last.ckpt")


@pytest.mark.skipif(os.name == "nt", reason="has another command")
def test_ctrl_c_that_the_first_process_does_not_hear_ends_it_with_the_other_ones_and_a_line(ended, trainer, capsys):
    EndTogether.watch(first := trainer(0))  # which waits for another one to be ready
    first.strategy.launcher.procs.extend(subprocess.Popen(["sh", "-c", f"exit {status}"]) for status in (130, 0))
    assert ended() == 130
    assert capsys.readouterr().err.startswith("\nstopped; what was learnt is kept, and goes on with python train.py")


def test_processes_that_ctrl_c_ends_are_not_told_of(ended, trainer, capsys):
    first = trainer(0)
    EndTogether.watch(first)
    EndTogether().on_exception(first, None, KeyboardInterrupt())
    for process in start(first):
        process.kill()
    assert not ended(0.2) and capsys.readouterr().err == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows gives nobody another parent")
@pytest.mark.parametrize(("rank", "lines"), [(1, 1), (2, 0)])
def test_if_the_first_process_is_killed_the_next_one_says_so(ended, trainer, monkeypatch, capsys, rank, lines):
    parents = [7]
    monkeypatch.setattr(processes.os, "getppid", lambda: parents[0])
    EndTogether.watch(trainer(rank))
    assert not ended(0.05)
    parents[0] = 1
    assert ended() == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == lines and all("error: process 1 of 3 was killed" in line for line in told)


@pytest.mark.skipif(os.name == "nt", reason="Windows gives nobody another parent")
def test_if_the_first_process_is_killed_while_another_one_loads_its_libraries_that_one_ends(ended, trainer, capsys):
    EndTogether.watch(trainer(1))  # whose parent is not the process that has started it: somebody has taken it over
    assert ended() == 1 and "error: process 1 of 3 was killed" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows ends the process at once")
def test_a_process_of_several_that_is_told_to_end_does_not_wait_for_the_others(trainer):
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(KeyboardInterrupt):
            EndTogether().on_train_start(trainer(0), None)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_first_process_tells_those_that_it_starts_its_number(ended, trainer):
    EndTogether.watch(first := trainer(0))
    start(first)
    assert os.environ[processes.FIRST] == str(os.getpid())


def test_who_has_lost_another_process_lets_whoever_watches_it_speak(ended, trainer, monkeypatch):
    waited = []
    monkeypatch.setattr(processes.time, "sleep", waited.append)
    EndTogether().on_exception(trainer(1), None, RuntimeError("Connection closed by peer"))
    EndTogether().on_exception(trainer(1), None, ValueError("a mistake"))
    assert waited == [2 * processes.PATIENCE_SECONDS]


def test_under_a_launcher_the_loss_of_another_process_is_a_line(ended, trainer, monkeypatch, capsys):
    monkeypatch.setattr(processes, "launcher", lambda: "torchrun")
    monkeypatch.setattr(processes.time, "sleep", lambda _: None)
    EndTogether().on_exception(trainer(1), None, RuntimeError("gloo/transport/tcp/pair.cc: Connection closed by peer"))
    assert ended() == 1
    told = capsys.readouterr().err
    assert told.startswith(
        "error: another process has ended or was killed, so the run has ended; what was learnt is kept"
    )
    EndTogether().on_exception(trainer(1), None, RuntimeError("shapes do not fit"))
    assert capsys.readouterr().err == ""
