"""Files that are there whole or not at all."""

import errno
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Write a file under a temporary name, force it to the disk and rename it; an error leaves nothing behind.

    `mode` are the permissions of the file, less what the umask takes. An OSError names `path`.
    """
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(unfinished, "xb", opener=partial(os.open, mode=mode)) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException as error:
        with suppress(OSError):  # a disk that can only be read from now on
            unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            say_where(error, path, unfinished)
        raise


def write_text_whole(path: Path, text: str, errors: str = "strict", mode: int = 0o666) -> None:
    """`write_whole` for a text in UTF-8; `errors` says what happens to halves of characters, as in `str.encode`."""
    write_whole(path, lambda file: file.write(text.encode(errors=errors)), mode)


def say_where(error: OSError, path: Path, unfinished: Path) -> None:
    """Have an error in writing a file name it: of a full disk the system names none, and NumPy not even the reason."""
    if error.errno is None and "requested and" in str(error):
        error.errno, error.strerror = errno.ENOSPC, os.strerror(errno.ENOSPC)
    if error.filename is None or str(error.filename) == str(unfinished):
        error.filename = str(path)
        del error.filename2  # of a renaming; None would be told as a name


def unfinished_files(folder: Path) -> list[Path]:
    """What `write_whole` has left in a folder, not below it, of processes that were killed."""
    return [path for path in folder.glob("*.????????.tmp") if path.is_file()]
