"""Starts train.py in a process that has its libraries already: a run is over in two seconds then, or killed sooner."""

import multiprocessing
import os
import re
import runpy
import signal
import sys
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
os.environ.setdefault("OMP_NUM_THREADS", "1")  # other processes are at work, too


def train(arguments, told, drawn, environment):
    """What the process does: train.py, whose output goes to a file."""
    if not drawn:
        patch("genre_lightning.train.evaluation.draw", return_value={}).start()
        patch("genre_lightning.train.song_pictures.SHOWN_GENRES", 0).start()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in (1, 2):
        os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    sys.argv = ["train.py", *arguments]
    try:
        runpy.run_path(str(ROOT / "train.py"), run_name="__main__")
    except KeyboardInterrupt:  # as Python does, where no other program has called this one
        sys.excepthook(*sys.exc_info())
        sys.exit(130)


def start(arguments, told, drawn=True, **environment):
    """Start it, with more variables in its environment, with the report's pictures or without; returns the process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["campaigns.started", "genre_lightning.train.train", "genre_lightning.train.sweep"])
    process = context.Process(target=train, args=(arguments, str(told), drawn, environment))
    process.start()
    return process


def lines(told):
    """What it has complained of: the lines that are not of the log, and not of the report."""
    text = told.read_text(encoding="utf-8") if told.exists() else ""
    return [line for line in text.splitlines() if re.match("error: |stopped; |Traceback|[A-Z]\\w*Error", line)]
