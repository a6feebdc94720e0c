"""Text for people: tables, numbers and file names, printed on any terminal."""

import re
import sys
from collections.abc import Iterable, Sequence

# What a spreadsheet computes, also as East Asian keyboards write it; and what is behind apostrophes already.
CELL = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, which can be read in a terminal too."""
    lines = [head, *rows]
    widths = column_widths(lines)
    return "\n".join([table_head(head, widths), *(table_row(line, widths) for line in lines[1:])])


def column_widths(lines: Sequence[Sequence[str]]) -> list[int]:
    """How wide the columns of some lines are."""
    return [max(len(cell(line[column])) for line in lines) for column in range(len(lines[0]))]


def table_head(head: Sequence[str], widths: Sequence[int]) -> str:
    """The first two lines of a table with columns of these widths."""
    return f"{table_row(head, widths)}\n|{'|'.join('-' * (width + 2) for width in widths)}|"


def table_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """A line of a table with columns of these widths."""
    return "| " + " | ".join(f"{cell(text):<{width}}" for text, width in zip(cells, widths, strict=True)) + " |"


def cell(text: str) -> str:
    """A text in a table, on one line: a bar in it ends no cell, and it does nothing to a terminal."""
    return printable(text).replace("|", "\\|")


def percent(fraction: float) -> str:
    """0.5923 -> 59.2 %."""
    return f"{100 * fraction:.1f} %"


def points(difference: float) -> str:
    """0.123 -> 12 points, of percent."""
    return "1 point" if round(100 * difference) == 1 else f"{100 * difference:z.0f} points"


def mean_and_range(fractions: Sequence[float]) -> str:
    """[0.6, 0.5, 0.7] -> 60.0 % (50.0 to 70.0); the mean alone if they are all the same."""
    mean, low, high = percent(sum(fractions) / len(fractions)), min(fractions), max(fractions)
    return mean if low == high else f"{mean} ({100 * low:.1f} to {100 * high:.1f})"


def short(value: str) -> str:
    """0.0012345678901234 -> 0.001235: as a sampler draws numbers, nobody can read them."""
    try:
        return f"{float(value):.4g}" if len(value) > 8 else value
    except ValueError:
        return value


def clock(seconds: float) -> str:
    """125.5 -> 2:05.5, as players show times."""
    whole, rest = divmod(round(seconds, 3), 60)
    return f"{whole:.0f}:{'0' if rest < 10 else ''}{rest:g}"


def printable(text: object) -> str:
    """A file name on one line: line breaks, control characters and characters without a sign are escaped."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


def harmless(text: str) -> str:
    """Lines in which no name that somebody else gave does something to a terminal."""
    return "\n".join(map(printable, text.split("\n")))


def as_cell(text: str) -> str:
    """A text in a CSV file, which a spreadsheet would take for a formula if it began like one (CELL).

    Spreadsheets show what stands behind an apostrophe as it is; `from_cell` takes that away again.
    """
    return f"'{text}" if CELL.match(text) else text


def from_cell(text: str) -> str:
    """The text that `as_cell` has made a cell of; all other texts stay as they are."""
    return text[1:] if text.startswith("'") and CELL.match(text) else text


def code(text: object) -> str:
    """A file name as Markdown shows it letter by letter, on one line."""
    name = printable(text)
    return f"`` {name} ``" if "`" in name else f"`{name}`"


def plain(text: object) -> str:
    """A text that somebody else may have written as Markdown shows it, on one line: it is no HTML, link or picture."""
    return re.sub(r"[<\[\]]|\\(?=[!-/:-@\[-`{-~])", r"\\\g<0>", printable(text))


def say(text: str) -> None:
    """Print text; characters that the terminal cannot show become question marks."""
    encoding = sys.stdout.encoding or "utf-8"
    print(harmless(text.encode(encoding, "replace").decode(encoding)), flush=True)
