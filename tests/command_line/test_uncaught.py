import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from genre_lightning.command_line.uncaught import tell, tell_of_thread

ROOT = Path(__file__).parents[2]


def test_ctrl_c_while_libraries_are_imported_is_a_line(tmp_path):
    (tmp_path / "hydra.py").write_text("raise KeyboardInterrupt")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    for command in ([str(ROOT / f"{name}.py")] for name in ("train", "embed", "fetch")):
        done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode and done.stderr == "\nstopped; nothing was done yet\n"


def test_only_the_first_process_of_a_run_speaks(monkeypatch, capsys):
    monkeypatch.setenv("LOCAL_RANK", "1")
    tell(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""
    tell(ValueError, ValueError("a mistake"), None)
    assert "ValueError: a mistake" in capsys.readouterr().err


def test_ctrl_c_that_is_lost_in_a_callback_comes_again():
    code = "import signal, time, genre_lightning.command_line.uncaught\n"
    code += (
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a program in the background may not have
    )
    code += "class Gone:\n    def __del__(self):\n"
    code += "        raise KeyboardInterrupt\nGone()\ntime.sleep(20)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == "\nstopped; nothing was done yet\n"


@pytest.mark.parametrize(
    ("error", "told"), [(OSError(errno.ENOSPC, "full"), ""), (ValueError("a mistake"), "ValueError: a mistake")]
)
def test_what_ends_a_thread_is_left_to_who_waits_for_it_if_it_has_a_line(capsys, error, told):
    tell_of_thread(threading.ExceptHookArgs((type(error), error, None, threading.current_thread())))
    found = capsys.readouterr().err
    assert told in found and (found == "") == (told == "")
