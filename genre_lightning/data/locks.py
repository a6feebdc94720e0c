"""Locks of the operating system, which a kill releases too: one process at a time changes what is kept in a cache."""

import errno
import logging
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)
LOCKLESS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)  # what a disk says that has no locks


def wait_for_lock(folder: Path) -> AbstractContextManager[Any]:
    """What one process at a time holds that changes a cache; it says so if it has to wait. Raises OSError."""
    try:
        return take_lock(folder)
    except Timeout:
        logger.warning("%s: another run computes features there; waiting for it", folder)
        return take_lock(folder, timeout=-1)


def take_lock(folder: Path, timeout: float = 0) -> AbstractContextManager[Any]:
    """The same within so many seconds; -1: however long it takes. Raises Timeout, and OSError.

    It lies beside the folder, which may be removed. Nothing is held on a disk that has no locks.
    """
    try:
        return FileLock(folder.with_name(f".{folder.name}.lock")).acquire(timeout=timeout)
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in LOCKLESS:  # Timeout is one too
            raise
        logger.warning(
            "%s: no locks on that disk, so runs at once may compute the same songs, which does no harm", folder
        )
        return nullcontext()
