import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

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
    monkeypatch.setattr(EndTogether, "watched", set())
    monkeypatch.setattr(EndTogether, "stopped", threading.Event())
    return lambda seconds=30: called.wait(seconds) and statuses[0]


@pytest.fixture
def trainer(tmp_path):
    """That of a process of three, by its rank, and the processes that it has started."""
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    started = []

    def of_rank(rank):
        started.extend(subprocess.Popen(FOR_AGES) for _ in range(0 if rank else 2))
        launcher = SimpleNamespace(procs=started)
        how = {"strategy": SimpleNamespace(launcher=launcher), "local_rank": rank, "world_size": 3}
        return SimpleNamespace(**how, default_root_dir=tmp_path)

    yield of_rank
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
def test_if_a_process_is_killed_the_others_end_and_one_says_so_and_how_it_goes_on(ended, trainer, capsys):
    first = trainer(0)
    EndTogether().setup(first, None, "fit")
    EndTogether().setup(first, None, "test")  # and again for each fit
    one, other = first.strategy.launcher.procs
    one.kill()
    assert ended() == 1 and other.wait()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "error: process 2 of 3 was killed (signal 9), so the run has ended; what was learnt is kept,"
    )
    assert "python train.py" in line and line.endswith("checkpoints/last.ckpt")


def test_processes_that_ctrl_c_ends_are_not_told_of(ended, trainer, capsys):
    first, together = trainer(0), EndTogether()
    together.setup(first, None, "fit")
    together.on_exception(first, None, KeyboardInterrupt())
    for process in first.strategy.launcher.procs:
        process.kill()
    assert not ended(0.2) and capsys.readouterr().err == ""


@pytest.mark.parametrize(("rank", "lines"), [(1, 1), (2, 0)])
def test_if_the_first_process_is_killed_the_next_one_says_so(ended, trainer, monkeypatch, capsys, rank, lines):
    parents = [7]
    monkeypatch.setattr(processes.os, "getppid", lambda: parents[0])
    EndTogether().setup(trainer(rank), None, "fit")
    assert not ended(0.05)
    parents[0] = 1
    assert ended() == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == lines and all("error: process 1 of 3 was killed" in line for line in told)


def test_who_has_lost_another_process_lets_whoever_watches_it_speak(ended, trainer, monkeypatch):
    waited = []
    monkeypatch.setattr(processes.time, "sleep", waited.append)
    EndTogether().on_exception(trainer(1), None, RuntimeError("Connection closed by peer"))
    EndTogether().on_exception(trainer(1), None, ValueError("a mistake"))
    assert waited == [2 * processes.PATIENCE_SECONDS]
