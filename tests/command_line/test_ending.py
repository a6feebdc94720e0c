import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from genre_lightning.command_line import ending
from genre_lightning.command_line.ending import end_quickly, run_command, tell_that_it_stopped
from genre_lightning.errors import UserError


@pytest.fixture(autouse=True)
def here_still(survive_the_end):
    """All tests here end a command."""


ROOT = Path(__file__).parents[2]


def fail(error):
    raise error


def ended(error):
    """Raise an error in a command; returns the status that the program ends with."""
    with pytest.raises(SystemExit) as caught:
        run_command(fail, error)
    return caught.value.code


@pytest.mark.parametrize("status", [None, 0, 1])
def test_without_a_mistake_the_program_ends_with_the_command_s_status(status, capsys):
    with pytest.raises(SystemExit) as caught:
        run_command(lambda *given: status, 1, 2)
    assert caught.value.code == status and ended(SystemExit(status)) == status and capsys.readouterr() == ("", "")


@pytest.mark.parametrize("told", ["", "it goes on with python train.py"])
def test_ctrl_c_ends_with_status_130_and_a_line_that_says_what_to_do(capsys, monkeypatch, told):
    assert ended(KeyboardInterrupt(told) if told else KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == f"\nstopped; {told or 'what was done so far is kept'}\n"
    monkeypatch.setenv("LOCAL_RANK", "1")  # another process of the same run
    monkeypatch.setattr(ending, "told", threading.Event())
    assert ended(KeyboardInterrupt(told)) == 130 and capsys.readouterr().err == ""


def test_ctrl_c_is_told_of_once(capsys):
    tell_that_it_stopped("it goes on")
    assert ended(KeyboardInterrupt("it goes on, too")) == 130
    assert capsys.readouterr().err == "\nstopped; it goes on\n"


def test_another_process_than_the_first_tells_of_a_mistake_only_if_it_is_its_own(monkeypatch, capsys):
    waited, statuses, parents = [], [], [7]
    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr(os, "_exit", statuses.append)
    monkeypatch.setattr(os, "getppid", lambda: parents[0])
    assert ended(UserError("a mistake")) == "error: a mistake" and waited == []
    monkeypatch.setenv("RANK", "1")
    assert ended(UserError("a mistake")) == ended(SystemExit("error: a mistake")) == "error: a mistake"
    assert len(waited) == 2 and statuses == []
    monkeypatch.setattr("time.sleep", lambda _: parents.insert(0, 1))  # the first one has told of it, and has ended
    ended(UserError("a mistake"))
    assert statuses == [1]


@pytest.mark.parametrize("daemon", [False, True])
def test_a_thread_that_reads_a_long_song_is_neither_waited_for_nor_there_when_python_ends(monkeypatch, daemon):
    read, done = threading.Event(), []
    monkeypatch.setattr("atexit._run_exitfuncs", lambda: done.append("tidied"))
    monkeypatch.setattr(os, "_exit", done.append)
    thread = threading.Thread(target=read.wait, daemon=daemon)
    thread.start()
    with pytest.raises(SystemExit):
        end_quickly(130)
    read.set()
    thread.join()
    assert done == ["tidied", 130]


PRINTING = """
import logging, sys
from genre_lightning.command_line.ending import run_command
logging.basicConfig(stream=sys.stdout, level=logging.INFO)

def command():
    logging.info("a line of the log")
    print("the result", flush=True)

run_command(command)
"""


def printing(stdout):
    """A command that logs and prints, and what it complains of."""
    return subprocess.Popen(
        [sys.executable, "-c", PRINTING], cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="closes pipes otherwise")
def test_a_reader_that_goes_away_ends_the_program_without_a_word():
    with printing(subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait() == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_what_is_printed_to_a_full_disk_is_one_line_and_no_traceback_of_the_log():
    with Path("/dev/full").open("w") as full, printing(full) as process:
        told = process.stderr.read()
    assert (
        process.returncode == 1 and told.startswith("error: what is printed: no space left") and told.count("\n") == 1
    )


def test_another_pipe_that_is_closed_is_a_mistake_of_the_program():
    with pytest.raises(BrokenPipeError):
        run_command(fail, BrokenPipeError())


def test_after_ctrl_c_nothing_is_logged_any_more(monkeypatch):
    done = []
    monkeypatch.setattr("logging.disable", lambda: done.append("quiet"))
    assert ended(KeyboardInterrupt()) == 130 and done == ["quiet"]
