"""Text for people: tables, numbers, names of files, and printing them on any terminal."""

import sys
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with columns as wide as what they hold, so that it is readable in a terminal too."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    drawn = [
        "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([drawn[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *drawn[1:]])


def percent(share: float) -> str:
    """0.5923 -> 59.2 %."""
    return f"{100 * share:.1f} %"


def clock(seconds: float) -> str:
    """125.5 -> 2:05.5, as players show it."""
    whole, rest = divmod(round(seconds, 3), 60)
    return f"{whole:.0f}:{'0' if rest < 10 else ''}{rest:g}"


def printable(text: object) -> str:
    """A file's name that keeps to its line: what no terminal can show, or what would command it, is written out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


def say(text: str) -> None:
    """Print, also names of files that the terminal has no characters for."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))
