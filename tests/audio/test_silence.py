import os
import subprocess
import sys
import threading

import pytest

from genre_lightning.audio import silence
from genre_lightning.audio.silence import SilentLibraries

READ = """
import os, sys
from pathlib import Path
from genre_lightning.devices import prepare_process
prepare_process()
from genre_lightning.audio.reading import AudioError, read_audio
for path in sys.argv[1:]:
    try:
        read_audio(path, 22050)
        print("read", file=sys.stderr)
    except AudioError as error:
        print("refused", file=sys.stderr)
os.write(2, b"C prints again\\n")
print(sys.stderr.fileno() != 2, sys.stderr.isatty())
"""


def test_what_libraries_print_of_a_file_never_reaches_the_terminal(sine, joined, tmp_path):
    broken_comment = b"ID3\x03\0\0\0\0\0\x0fCOMM\0\0\0\x05\0\0\1eng"
    xing = joined("xing.mp3", sine("a.mp3", 2), sine("b.mp3", 6))
    text = joined("text.mp3", b"no music at all. " * 500)
    tag = joined("tag.mp3", broken_comment, sine("c.mp3", 2))
    command = [sys.executable, "-c", READ, xing, text, tag]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stderr == "read\nrefused\nread\nC prints again\n" and ended.stdout == "True False\n"


@pytest.fixture
def printed(capfd):
    """Print to C's stderr; returns what has appeared there."""

    def write(text):
        os.write(2, text.encode())
        return capfd.readouterr().err

    return write


def test_silence_lasts_until_the_last_file_is_read(printed):
    silent, inside, leave = SilentLibraries(), threading.Event(), threading.Event()

    def read():
        with silent:
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=read)
    thread.start()
    inside.wait(20)
    with silent:
        assert printed("two read") == ""
    assert printed("one reads") == ""
    leave.set()
    thread.join()
    assert printed("none does") == "none does"


def test_nothing_is_silenced_where_python_prints_there_too(printed, monkeypatch):
    monkeypatch.setattr(silence, "python_prints_elsewhere", lambda: False)
    with SilentLibraries():
        assert printed("a warning") == "a warning"


@pytest.mark.parametrize("stderr", [None, object()])
def test_a_program_without_stderr_reads_as_well(stderr, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stderr)
    assert not silence.python_prints_elsewhere()
