"""How a command ends: with its status, with one line about a mistake, or at once after Ctrl-C."""

import atexit
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from genre_lightning.errors import TRACEBACK, explain, has_a_line
from genre_lightning.launched import is_first_process

# For how long another process than the first waits with its mistake: shorter than the others wait for it in training.
PATIENCE_SECONDS = 2
STOPPED = 130  # what the shell says of a program that was stopped by Ctrl-C
CLOSED_PIPE = 141  # and of one whose reader went away
told = threading.Event()  # that the program was stopped


def run_command(command: Callable[..., object], *arguments: object) -> NoReturn:
    """Call a command and end the program with the status it returns.

    If the user made a mistake, the program ends with one line on stderr and status 1, and on Ctrl-C with STOPPED.
    If whoever reads its output has gone away, it ends with 141 and says nothing, as other programs do.
    HYDRA_FULL_ERROR=1 in the environment shows the traceback instead, as it does in every Hydra program.
    """
    logging.raiseExceptions = False  # a log without disk or reader ends nothing, and is no traceback for each line
    os.environ.setdefault(TRACEBACK, os.environ.get("HYDRA_FULL_ERROR", "0"))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # or Hydra prints a report of its own, several lines and a traceback
    try:
        with each_mistake_told_once():
            sys.exit(command(*arguments))  # pyright: ignore[reportArgumentType] (Hydra's functions return None)
    except KeyboardInterrupt as stop:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever types it twice gets no more than a line
        tell_that_it_stopped(str(stop) or "what was done so far is kept")
        logging.disable()  # some libraries have statistics to tell when Python ends
        end_quickly(STOPPED)
    except BrokenPipeError:
        if not nobody_reads():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at the end
        sys.exit(CLOSED_PIPE)


@contextmanager
def each_mistake_told_once() -> Iterator[None]:
    """End the program with a line about a mistake; if several processes make the same one, the first one tells."""
    try:
        yield
    except SystemExit as end:
        if isinstance(end.code, str):  # a line, which Python prints
            let_first_tell()
        raise
    except Exception as error:
        if not has_a_line(error):
            raise
        let_first_tell()
        sys.exit(f"error: {explain(error)}")


def tell_that_it_stopped(what_now: str) -> None:
    """Say what Ctrl-C means for the work, once; of the processes of a run the first one speaks."""
    if is_first_process() and not told.is_set():
        told.set()
        print(f"\nstopped; {what_now}", file=sys.stderr, flush=True)


def nobody_reads() -> bool:
    """Whether the reader of what is printed has gone away, and not that of another pipe."""
    try:
        print(flush=True)
    except BrokenPipeError:
        return True
    return False


def let_first_tell() -> None:
    """Wait until the first process of a run has taken this one along, or it is clear that the mistake is ours alone."""
    parent = os.getppid()
    if not is_first_process():
        time.sleep(PATIENCE_SECONDS)
    if os.getppid() != parent:  # the first process was it, and has told
        os._exit(1)


def end_quickly(status: int) -> NoReturn:
    """End the program without looking through all that libraries have made, or waiting for threads that read songs.

    Nor does Python end while they are at work: one that is within a library in C then brings the program down.
    """
    if threading.active_count() > 1:
        atexit._run_exitfuncs()
        os._exit(status)
    gc.freeze()
    sys.exit(status)
