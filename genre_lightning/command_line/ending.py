"""How a command ends: with its status, with one line about a mistake, or at once after Ctrl-C."""

import atexit
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from genre_lightning.errors import TRACEBACK, explain, has_a_line

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
    except Exception as error:
        if not has_a_line(error):
            raise
        sys.exit(f"error: {explain(error)}")


def tell_that_it_stopped(what_now: str) -> None:
    """Say what Ctrl-C means for the work, once; of the processes of a run the first one speaks."""
    if os.environ.get("LOCAL_RANK", "0") == "0" and not told.is_set():
        told.set()
        print(f"\nstopped; {what_now}", file=sys.stderr, flush=True)


def nobody_reads() -> bool:
    """Whether the reader of what is printed has gone away, and not that of another pipe."""
    try:
        print(flush=True)
    except BrokenPipeError:
        return True
    return False


def end_quickly(status: int) -> NoReturn:
    """End the program without looking through all that libraries have made, or waiting for threads that read songs.

    Nor does Python end while they are at work: one that is within a library in C then brings the program down.
    """
    if threading.active_count() > 1:
        atexit._run_exitfuncs()
        os._exit(status)
    gc.freeze()
    sys.exit(status)
