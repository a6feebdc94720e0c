"""A user's mistake, or a package that is broken here, is one clear line, not a traceback."""

import errno
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Exceptions whose text was written for users, by package and name: naming them spares importing the packages.
FOR_USERS = {
    ("hydra", "HydraException"),
    ("omegaconf", "OmegaConfBaseException"),
    ("lightning", "MisconfigurationException"),
}
# Lines that Hydra and OmegaConf add for programmers.
FOR_PROGRAMMERS = re.compile(r"\s*(full_key:|object_type=|provider=|Config search path|See https|To append)")
# What a system says that lets a file or folder be not read or not written: the user's rights, or a read-only disk.
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
# The versions that were tested together; the file lies beside the commands.
CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
# Whether somebody wants tracebacks; in a variable of our own, which the processes that a run starts inherit.
TRACEBACK = "GENRE_LIGHTNING_TRACEBACK"
# What only a mistake in a module's own code raises when it is imported.
MISTAKES = (NameError, SyntaxError)


class UserError(Exception):
    """Something the user can put right; the text says what is wrong, where, and what to do."""


@contextmanager
def one_line_errors(*, a_job: bool = False) -> Iterator[None]:
    """End the program with one line on stderr and status 1 where the user made a mistake; 130 on Ctrl-C.

    It goes around a `hydra.main` function, where Hydra reads the configuration, and inside it, where the work is done
    as `a_job`: in a sweep the other jobs are done before the program ends. HYDRA_FULL_ERROR=1 in the environment shows
    the traceback instead, as it does in every Hydra program.
    """
    os.environ.setdefault(TRACEBACK, os.environ.get("HYDRA_FULL_ERROR", "0"))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # or Hydra prints a report of its own, several lines and a traceback
    try:
        yield
    except KeyboardInterrupt:
        print("\nstopped; what was done so far is kept", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if os.environ[TRACEBACK] == "1" or not is_for_users(error):
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
    return written_for_users(error) or refused_by_class(error) is not None or explain_system(error) is not None


def written_for_users(error: BaseException) -> bool:
    """Whether whoever raised `error` had the user in mind."""
    kinds = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(error).__mro__}
    return isinstance(error, UserError) or bool(kinds & FOR_USERS)


def refused_by_class(error: BaseException) -> tuple[str, BaseException] | None:
    """The full key of the settings whose class raised an error, and that error; None for any other error.

    Hydra 1.3 writes the key into an error of its own, which the class's caused; 1.4 into a note on the class's.
    """
    for text, raised in ((str(error), error.__cause__), ("\n".join(getattr(error, "__notes__", ())), error)):
        if raised is not None and (call := re.search(r"full_key: (\S+)", text)):
            return call[1], raised
    return None


def explain(error: BaseException) -> str:
    """One line about a user's mistake, without what the libraries in between put around it."""
    return explain_system(error) or explain_settings(error)


def explain_system(error: BaseException) -> str | None:
    """One line about a package, a file or a folder that cannot be used here; None for all other errors."""
    if isinstance(error, OSError) and error.errno in NOT_ALLOWED and error.filename is not None:
        return f"{error.filename}: {error.strerror}; name another place, or get permission to use this one"
    return explain_import(error)


def explain_settings(error: BaseException) -> str:
    """One line about settings that do not exist, are not set or are refused."""
    text = str(error)
    if unknown := re.search(r"Could not override '(.+?)'\.", text):
        return f"there is no setting {unknown[1]!r}; add --cfg job to the command to see them all"
    if missing := re.search(r"Missing mandatory value: (\S+)", text):
        return f"{missing[1]} is not set; add {missing[1]}=... to the command"
    if (refused := refused_by_class(error)) is not None:
        key, cause = refused
        return in_one_line(str(cause)) if written_for_users(cause) else f"{key}: {in_one_line(str(cause))}"
    return in_one_line(text)


def in_one_line(text: str) -> str:
    """The lines of `text` that are not for programmers, as one."""
    text = re.sub(r"^\w+ raised while resolving interpolation: ", "", text)  # which says nothing to a user
    return " ".join(line.strip() for line in text.splitlines() if line.strip() and not FOR_PROGRAMMERS.match(line))


def explain_import(error: BaseException | None, sought: str = "") -> str | None:
    """One line about a package that is missing or cannot be loaded; None if that is not what caused an error.

    `sought` is the dotted name of a class: that there is no such module is no missing package.
    """
    while error is not None and not isinstance(error, UserError):
        if (package := being_imported(error)) is not None:
            return describe(package, error)
        if isinstance(error, ModuleNotFoundError) and not f"{sought}.".startswith(f"{error.name}."):
            ours = str(error.name).startswith("genre_lightning")
            return None if ours else f"{error}; install it, or all that is needed here: {install()}"
        error = error.__cause__
    return None


def being_imported(error: BaseException) -> str | None:
    """The package, by its name on PyPI, whose module was being imported when `error` was raised; None if none was.

    An import can raise anything: a library built for another torch OSError or RuntimeError, one built for another NumPy
    ValueError. So it is not the kind of error that counts, but that a module was being imported.
    """
    from importlib.metadata import packages_distributions

    modules = [
        str(frame.f_globals.get("__name__")).partition(".")[0]
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_name == "<module>" and not frame.f_code.co_filename.startswith("<")  # which is eval's
    ]
    if not modules or modules[-1] in ("__main__", "genre_lightning") or isinstance(error, MISTAKES):
        return None
    return next(iter(packages_distributions().get(modules[-1], [])), None)


def describe(package: str, error: BaseException) -> str:
    """A package that cannot be loaded: why, its version and those of what it needs, and what to type."""
    from importlib.metadata import version

    beside = [*installed_requirements(package), f"Python {sys.version.split()[0]}"]
    while error.__cause__ is not None:
        error = error.__cause__
    why = f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no reason is given'])[0]}"
    cure = f"install it again: pip install --force-reinstall{constraints()} {package}"
    if not is_tested(package):
        cure = f"nothing here needs it: pip install --upgrade {package}, or pip uninstall {package}"
    return f"{package} {version(package)} cannot be loaded ({why}) with {', '.join(beside)}; {cure}"


def installed_requirements(package: str) -> Iterator[str]:
    """What a package requires and what is installed of it, such as "torch 2.14.1"."""
    from importlib.metadata import PackageNotFoundError, requires, version

    for required in requires(package) or []:
        name = re.match(r"[\w.-]+", required)
        with suppress(PackageNotFoundError):
            if name and "extra ==" not in required:
                yield f"{name[0]} {version(name[0])}"


def is_tested(package: str) -> bool:
    """Whether a package is one of those that were tested together; True if nobody knows."""
    if not CONSTRAINTS.is_file():
        return True
    tested = re.findall(r"^([\w.-]+)==", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    return normalised(package) in map(normalised, tested)


def normalised(package: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def install() -> str:
    """The command that installs this program, wherever it is typed."""
    place = "." if CONSTRAINTS.parent == Path.cwd() else f'"{CONSTRAINTS.parent}"'
    return f"pip install -e {place}{constraints()}"


def constraints() -> str:
    """The option that makes pip keep to the versions that were tested, if there is a list of them."""
    if not CONSTRAINTS.is_file():
        return ""
    return f" -c {CONSTRAINTS.name}" if CONSTRAINTS.parent == Path.cwd() else f' -c "{CONSTRAINTS}"'
