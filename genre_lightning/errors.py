"""A user's mistake, or a package that is broken here, is one clear line, not a traceback."""

import errno
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from genre_lightning.shortage import explain_shortage

# Exceptions whose text was written for users, by package and name: naming them spares importing the packages.
FOR_USERS = {
    ("hydra", "HydraException"),
    ("omegaconf", "OmegaConfBaseException"),
    ("lightning", "MisconfigurationException"),
}
# Lines that Hydra and OmegaConf add for programmers.
FOR_PROGRAMMERS = re.compile(r"\s*(full_key:|object_type=|provider=|Config search path|See https|To append)")
# The system's errors if a file or folder may not be read or written: the user's rights, or a read-only disk.
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
# The system's errors if there is no room for a file: on the disk, or left to the user.
FULL = (errno.ENOSPC, errno.EDQUOT)
# The versions that were tested together; the file lies beside the commands.
CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
# Set to 1 if tracebacks are wanted: a variable of our own, which the processes that a run starts inherit.
TRACEBACK = "GENRE_LIGHTNING_TRACEBACK"
# Packages whose module has another name.
CALLED = {"hydra-core": "hydra", "pillow": "PIL", "scikit-learn": "sklearn", "umap-learn": "umap"}
MISTAKES = (NameError, SyntaxError)  # what only a mistake in a module's own code raises when it is imported


class UserError(Exception):
    """Something the user can put right; the text says what is wrong, where, and what to do."""


def one_line_errors(job: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Decorate the function that Hydra calls, so that a user's mistake in it is one line without any of Hydra's.

    In a sweep the other jobs are still done. A plain function: launchers other than Hydra's own pickle what it returns
    and call it in another process.
    """

    @wraps(job)
    def guarded(cfg: Any) -> Any:
        try:
            return job(cfg)
        except Exception as error:
            if not has_a_line(error):
                raise
            from hydra.core.hydra_config import HydraConfig
            from hydra.types import RunMode

            if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
                sys.exit(f"error: {explain(error)}")
            print(f"error: {explain(error)}", file=sys.stderr)
            raise

    return guarded


def has_a_line(error: BaseException) -> bool:
    """Whether the user gets one line about `error`, not a traceback."""
    return os.environ.get(TRACEBACK) != "1" and is_for_users(error)


def is_for_users(error: BaseException) -> bool:
    """Whether the text of `error` is meant for the user."""
    return written_for_users(error) or refused_by_class(error) is not None or explain_system(error) is not None


def written_for_users(error: BaseException) -> bool:
    """Whether the text of `error` was written for users, here or in a library."""
    kinds = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(error).__mro__}
    of_hydra = str(error).startswith("Config group override")  # a plain ValueError, for group=null
    return isinstance(error, UserError) or bool(kinds & FOR_USERS) or of_hydra


def refused_by_class(error: BaseException) -> tuple[str, BaseException] | None:
    """The full key of the settings whose class raised an error, and that error; None for any other error.

    Hydra 1.3 writes the key into an error of its own, which the class's caused; 1.4 into a note on the class's.
    """
    for text, raised in ((str(error), error.__cause__), ("\n".join(getattr(error, "__notes__", ())), error)):
        if raised is not None and (call := re.search(r"full_key: (\S+)", text)):
            return call[1], raised
    return None


# What Hydra says, and what to say instead.
OF_HYDRA = {
    r"Could not override '(.+?)'\.": (
        "there is no setting {0!r}; --cfg job lists them all; prefix one that is not listed with +"
    ),
    r"Missing mandatory value: (\S+)": "{0} is not set; add {0}=... to the command",
    r"Interpolation key '(.+?)' not found": "there is no setting {0!r}, which ${{{0}}} stands for",
    # 1.4 does; 1.3 does a sweep without being told to
    r"hydra\.mode changed": "this experiment is a sweep: python train.py -m experiment=...",
}


def explain(error: BaseException) -> str:
    """One line about a user's mistake, in which no name that somebody else gave does something to a terminal."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in explained(error))


def explained(error: BaseException) -> str:
    """What is wrong, without what the libraries in between have put around it."""
    if (line := explain_system(error)) is not None:
        return line
    text = str(error)
    for said, line in OF_HYDRA.items():
        if found := re.search(said, text):
            return line.format(*found.groups())
    if (refused := refused_by_class(error)) is not None:
        key, cause = refused
        return in_one_line(str(cause)) if written_for_users(cause) else f"{key}: {in_one_line(str(cause))}"
    return in_one_line(text)


def explain_system(error: BaseException) -> str | None:
    """One line about what is missing, or cannot be used here: a package, a file, memory; None for all other errors."""
    if (place := full_disk(error)) is not None:
        return f"{place}: no space left on the disk; files that were there are whole; make room, then type it again"
    if isinstance(error, OSError) and error.errno in NOT_ALLOWED and error.filename is not None:
        return f"{error.filename}: {error.strerror}; name another folder, or get permission to use this one"
    return explain_shortage(error) or explain_import(error)


def full_disk(error: BaseException | None) -> str | None:
    """The folder for which there was no room on the disk, if that caused an error; None if it did not.

    Whatever writes a file names it in its error, so one that names none is of what goes to a file of the shell's.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            named = error.filename is not None
            return str(Path(os.fsdecode(error.filename)).absolute().parent) if named else "what is printed"
        error = error.__cause__
    return None


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

    needed = [f"{name} {found}" for name, found in requirements(package) if found is not None]
    beside = ", ".join([*needed, f"Python {sys.version.split()[0]}"])
    cure = f"install it again: pip install --force-reinstall{constraints()} {package}"
    if not is_tested(package):
        cure = f"nothing here needs it: pip install --upgrade {package}, or pip uninstall {package}"
    return f"{package} {version(package)} cannot be loaded ({reason(error)}) with {beside}; {cure}"


def reason(error: BaseException) -> str:
    """What was the first to go wrong, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no reason is given'])[0]}"


def requirements(package: str, extra: str = "") -> Iterator[tuple[str, str | None]]:
    """What a package requires, also for an `extra`, each with the version that is installed; None if none is."""
    from importlib.metadata import PackageNotFoundError, requires, version

    for required in requires(package) or []:
        only_for = re.search(r"extra == ['\"](\w+)", required)
        name = re.match(r"[\w.-]+", required)
        if name is not None and (only_for is None or only_for[1] == extra):
            try:
                yield name[0], version(name[0])
            except PackageNotFoundError:
                yield name[0], None


def packages() -> Iterator[tuple[str, str]]:
    """Each package that this project requires, with its version; and why, if it cannot be loaded."""
    for name, found in requirements("genre_lightning", extra="onnx"):
        try:
            if found is not None:
                import_module(CALLED.get(name, name.replace("-", "_")))
            yield name, found or "not installed"
        except Exception as error:  # an import can raise anything
            yield name, f"{found}, cannot be loaded ({reason(error)})"


def is_tested(package: str) -> bool:
    """Whether a package is one of those that were tested together; True if there is no list of them."""
    if not CONSTRAINTS.is_file():
        return True
    tested = re.findall(r"^([\w.-]+)==", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    wanted, *names = (re.sub(r"[-_.]+", "-", name).lower() for name in (package, *tested))  # as PyPI compares them
    return wanted in names


def install(extra: str = "") -> str:
    """The command that installs this program, wherever it is typed; what is needed for an `extra` too, as "[hub]"."""
    root = "." if CONSTRAINTS.parent == Path.cwd() else str(CONSTRAINTS.parent)
    place = f'"{root}{extra}"' if root != "." or extra else root  # shells read blanks and brackets
    return f"pip install -e {place}{constraints()}"


def constraints() -> str:
    """The option that makes pip keep to the versions that were tested, if there is a list of them."""
    if not CONSTRAINTS.is_file():
        return ""
    return f" -c {CONSTRAINTS.name}" if CONSTRAINTS.parent == Path.cwd() else f' -c "{CONSTRAINTS}"'
