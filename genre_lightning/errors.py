"""A user's mistake is one clear line, not a traceback."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Exceptions whose text was written for users, by package and name: naming them spares importing the packages.
FOR_USERS = {
    ("hydra", "HydraException"),
    ("omegaconf", "OmegaConfBaseException"),
    ("lightning", "MisconfigurationException"),
}
# Lines that Hydra and OmegaConf add for programmers.
FOR_PROGRAMMERS = re.compile(r"\s*(full_key:|object_type=|provider=|Config search path|See https|To append)")
# Kept in a variable of its own, which the processes that a run starts inherit.
WANTS_TRACEBACK = os.environ.setdefault("GENRE_LIGHTNING_TRACEBACK", os.environ.get("HYDRA_FULL_ERROR", "0")) == "1"


class UserError(Exception):
    """Something the user can put right; the text says what is wrong, where, and what to do."""


@contextmanager
def one_line_errors(*, a_job: bool = False) -> Iterator[None]:
    """End the program with one line on stderr and status 1 where the user made a mistake; 130 on Ctrl-C.

    It goes around a `hydra.main` function, where Hydra reads the configuration, and inside it, where the work is done
    as `a_job`: in a sweep the other jobs are done before the program ends. HYDRA_FULL_ERROR=1 in the environment shows
    the traceback instead, as it does in every Hydra program.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # or Hydra prints a report of its own, several lines and a traceback
    try:
        yield
    except KeyboardInterrupt:
        print("\nstopped; what was done so far is kept", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if WANTS_TRACEBACK or not is_for_users(error):
            raise
        if a_job and in_a_sweep():
            print(f"error: {explain(error)}", file=sys.stderr)
            raise
        sys.exit(f"error: {explain(error)}")


def in_a_sweep() -> bool:
    """Whether Hydra does several jobs."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def is_for_users(error: BaseException) -> bool:
    """Whether the text of `error` is meant for the user."""
    kinds = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(error).__mro__}
    return isinstance(error, UserError) or bool(kinds & FOR_USERS)


def explain(error: BaseException) -> str:
    """One line about a user's mistake, without what the libraries in between put around it."""
    text = str(error)
    if unknown := re.search(r"Could not override '(.+?)'\.", text):
        return f"there is no setting {unknown[1]!r}; add --cfg job to the command to see them all"
    if missing := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{missing[1]} is not set; add {missing[1]}=... to the command"
    if error.__cause__ is not None and (call := re.search(r"full_key: (\S+)", text)):
        cause = in_one_line(str(error.__cause__))
        return cause if is_for_users(error.__cause__) else f"{call[1]}: {cause}"
    return in_one_line(text)


def in_one_line(text: str) -> str:
    """The lines of `text` that are not for programmers, as one."""
    return " ".join(line.strip() for line in text.splitlines() if line.strip() and not FOR_PROGRAMMERS.match(line))
