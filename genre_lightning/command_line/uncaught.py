"""What ends a program where no command can catch it: only commands import this module, before all that takes time.

Ctrl-C while libraries are imported is a line, too; and an error that has a line, such as that of a full disk, is left
by its thread to the one that waits for it.
"""

import os
import sys
import threading
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


sys.excepthook = tell
threading.excepthook = tell_of_thread
