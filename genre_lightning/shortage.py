"""What a machine is short of, memory or files that may be open, in a line with the number and what to lower."""

import errno
import re
import sys
from contextlib import suppress
from pathlib import Path

# The system's errors if a process, or all together, may open no more files.
TOO_MANY = (errno.EMFILE, errno.ENFILE)
# What PyTorch says if there is no memory: of a GPU, of an Apple's, of the computer, also on Windows.
NO_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED")
# In what it says, and NumPy: how much was asked for, as `3.64 TiB` or as `you tried to allocate 4000 bytes`.
ASKED_FOR = re.compile(r"allocate:? (\d[\d.]*) ?([KMGTP]i?B|bytes)")
MORE_FILES = 10  # times as many as were too few
# What takes less memory, by the settings that each command has.
LOWER = {
    "train.py": "loader.batch_size, loader.window_seconds, engine.num_workers (each thread holds a song, "
    "cache.max_seconds at most)",
    "embed.py": "engine.num_workers=1 (each thread holds a song), trainer=cpu if it is a GPU's",
}
OF_OTHERS = "--num-workers 1, where the command has it (each thread holds a song)"


def explain_shortage(error: BaseException) -> str | None:
    """One line about what ran out; None if nothing did."""
    if out_of_memory(error):
        lower = LOWER.get(Path(sys.argv[0]).name, OF_OTHERS)
        short = f"there is too little memory{asked_for(error)}"
        return f"{short}; close other programs, or lower what is held at once: {lower}"
    if too_many_files(error):
        limit = open_files()
        allowed = f" ({limit:,} in one program)" if limit else ""
        return (
            f"more files are open at once than the system allows{allowed}; allow more (ulimit -n "
            f"{MORE_FILES * (limit or 1000)}), and type it again; a new cache has fewer if train.py makes it with "
            "cache.shard_megabytes=1024"
        )
    return None


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the computer or of a GPU."""
    of_torch = isinstance(error, RuntimeError) and NO_MEMORY.search(str(error)) is not None
    return of_torch or isinstance(error, MemoryError)


def too_many_files(error: BaseException) -> bool:
    """Whether the system opens no more files; of shared memory PyTorch says so in words only."""
    in_words = isinstance(error, RuntimeError) and "Too many open files" in str(error)
    return in_words or (isinstance(error, OSError) and error.errno in TOO_MANY)


def asked_for(error: BaseException) -> str:
    """` (2.5 GB more were asked for)`, as far as the error tells; else nothing."""
    found = ASKED_FOR.search(str(error))
    if found is None:
        return ""
    amount = f"{int(found[1]) / 1e9:,.3g} GB" if found[2] == "bytes" else f"{found[1]} {found[2]}"
    return f" ({amount} more were asked for)"


def open_files() -> int | None:
    """How many files this process may have open; None if nobody says, or any number."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if soft == resource.RLIM_INFINITY else soft
    return None
