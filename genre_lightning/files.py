"""Files that are there whole or not at all."""

import os
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Write a file under a temporary name, force it to the disk and rename it; an error leaves nothing behind.

    `mode` are the permissions of the file, less what the umask takes.
    """
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(unfinished, "xb", opener=partial(os.open, mode=mode)) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def write_text_whole(path: Path, text: str, errors: str = "strict", mode: int = 0o666) -> None:
    """`write_whole` for a text in UTF-8; `errors` says what happens to halves of characters, as in `str.encode`."""
    write_whole(path, lambda file: file.write(text.encode(errors=errors)), mode)
