"""Quotes: a text that Hydra's grammar reads as that very text, and a setting as it is typed in this system's shell."""

import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress

WINDOWS = sys.platform == "win32"
# What PowerShell reads something into within double quotes, and cmd does not.
OF_POWERSHELL = re.compile(r"[$`]")


def literal(text: str, mark: str = '"') -> str:
    """`text` in quotes, the kind `mark`, if Hydra's grammar would not read it as that very text otherwise."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Quote, QuotedString
    from hydra.errors import HydraException

    with suppress(HydraException):
        plain = text.strip() == text and not text.endswith("\\")  # which would take a comma behind it along
        if plain and text and OverridesParser.create().parse_override(f"key={text}").value() == text:
            return text
    return QuotedString(text, Quote.double if mark == '"' else Quote.single).with_quotes()


def in_shell(argument: str) -> str:
    """An argument as it is typed in a shell: a POSIX one, or PowerShell and, unless it holds a dollar, cmd."""
    if not WINDOWS:
        return shlex.quote(argument)
    if re.fullmatch(r"[\w./=+~:\\-]+", argument):
        return argument
    if OF_POWERSHELL.search(argument):
        return "'" + argument.replace("'", "''") + "'"
    return '"' + re.sub(r"\\+$", r"\g<0>\g<0>", argument) + '"'  # a backslash would make the closing quote a sign


def override(key: str, value: object) -> str:
    """`key=value` as it is typed in a shell of this system: the shell takes off the outer quotes, Hydra the inner."""
    mark = "'" if WINDOWS else '"'  # the kind that the shell leaves alone between the outer ones

    def quoted(item: object) -> str:
        if not isinstance(item, str):
            return str(item)
        return literal(item.replace("\\", "/") if WINDOWS else item, mark)

    if isinstance(value, str) or not isinstance(value, Sequence):
        return in_shell(f"{key}={quoted(value)}")
    return in_shell(f"{key}=[{','.join(map(quoted, value))}]")
