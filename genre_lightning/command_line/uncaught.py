"""What ends a program where no command can catch it: only commands import this module, before all that takes time.

Ctrl-C while libraries are imported is a line, too; and an error that has a line, such as that of a full disk, is left
by its thread to the one that waits for it.
"""

import os
import signal
import sys
import threading
from _thread import interrupt_main
from types import TracebackType

from genre_lightning.errors import has_a_line


def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell of Ctrl-C in a line, once for all processes of a run."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    elif os.environ.get("LOCAL_RANK", "0") == "0":
        print("\nstopped; nothing was done yet", file=sys.stderr)


def tell_of_thread(ended: threading.ExceptHookArgs) -> None:
    """Tell of what has ended a thread, unless somebody else will."""
    if ended.exc_value is None or not has_a_line(ended.exc_value):
        threading.__excepthook__(ended)


def tell_again(ignored: "sys.UnraisableHookArgs") -> None:
    """Have Ctrl-C come again if it was lost in a destructor or a callback, from which Python raises nothing."""
    if not issubclass(ignored.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(ignored)
        return
    later = threading.Timer(0.01, interrupt)  # not here, where it would be lost again
    later.daemon = True
    later.start()


def interrupt() -> None:
    """Have Ctrl-C come in the main thread, whatever it waits for: on Windows not before it waits no longer."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        interrupt_main()


sys.excepthook = tell
sys.unraisablehook = tell_again
threading.excepthook = tell_of_thread
