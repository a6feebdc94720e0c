"""What libraries in C print while they decode a file never reaches the terminal."""

import os
import sys
from threading import Lock
from types import TracebackType

C_STDERR = 2


class SilentLibraries:
    """A context in which nothing appears that libraries in C print to stderr, as libmpg123 does; threads share it.

    What Python prints appears as always: it has a descriptor of its own in commands, and where it has not, nothing is
    silenced.
    """

    def __init__(self) -> None:
        self.lock, self.users = Lock(), 0
        self.terminal: int | None = None

    def __enter__(self) -> None:
        with self.lock:
            self.users += 1
            if self.users == 1 and python_prints_elsewhere():
                self.terminal = os.dup(C_STDERR)
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, C_STDERR)
                os.close(nowhere)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0 and self.terminal is not None:
                os.dup2(self.terminal, C_STDERR)
                os.close(self.terminal)
                self.terminal = None


def python_prints_elsewhere() -> bool:
    """Whether there is a stderr, and Python's own has another descriptor."""
    try:
        os.fstat(C_STDERR)
        return sys.stderr is not None and sys.stderr.fileno() != C_STDERR
    except (OSError, AttributeError, ValueError):  # closed, or replaced by something that is no file
        return False


silent_libraries = SilentLibraries()
