import os
import threading

import pytest

from genre_lightning.command_line.ending import end_quickly, run_command


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """What the environment was before, afterwards; the tests themselves can be stopped, and go on."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("gc.freeze", lambda: None)


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
    assert ended(KeyboardInterrupt(told)) == 130 and capsys.readouterr().err == ""


def test_a_thread_that_reads_a_long_song_is_not_waited_for(monkeypatch):
    read, statuses = threading.Event(), []
    monkeypatch.setattr(os, "_exit", statuses.append)
    threading.Thread(target=read.wait).start()
    with pytest.raises(SystemExit):
        end_quickly(130)
    read.set()
    assert statuses == [130]
