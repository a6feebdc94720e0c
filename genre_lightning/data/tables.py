"""Tables as people save them: CSV by hand or by program, Excel's with semicolons or tabs, in UTF-8 or UTF-16."""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from genre_lightning.data.encodings import of_one_meaning
from genre_lightning.errors import UserError
from genre_lightning.text import from_cell

DELIMITERS = (",", ";", "\t")
BEFORE = re.compile(r"\s*(?:sep=(.)\r?\n\s*)?")  # the first line: nothing, or what Excel wants to be told
MOST_BYTES = 2**26  # half a million songs
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_table(path: Path, columns: Collection[str], needed: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a table below its first one, with their numbers; blank ones are left out.

    Args:
        path: The file.
        columns: Columns whose names count in any case, and with spaces around them.
        needed: Those of them that it must have.

    Raises:
        UserError: It is no such table, lacks a column, or a line has more or fewer values than columns.
    """
    text = text_of(path)
    begin, told = (before.end(), before[1]) if (before := BEFORE.match(text)) else (0, None)
    above, text = text.count("\n", 0, begin), text[begin:]
    delimiter = told or max(DELIMITERS, key=text.partition("\n")[0].count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        names = [*map(from_cell, next(rows, []))]
        head = [known if (known := name.strip().lower()) in columns else name for name in names]
        if missing := {*needed} - {*head}:
            raise UserError(f"{path}: its first line must name the column {' and '.join(sorted(missing))}")
        for row in filter(has_values, rows):
            if len(row) != len(head):
                raise UserError(
                    f"{path}, line {above + rows.line_num}: has {len(row)} values, and the first line {len(head)}"
                )
            yield above + rows.line_num, dict(zip(head, map(from_cell, row), strict=True))
    except csv.Error as error:
        raise UserError(f"{path}: is not a CSV file: {error}") from None


def has_values(row: Sequence[str]) -> bool:
    """Whether there is anything in a line."""
    return any(value.strip() for value in row)


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, in UTF-16 if it begins as such files do, or in a Windows encoding that is the only
    one in which it reads as text. Raises UserError.
    """
    if not path.is_file() or path.stat().st_size > MOST_BYTES:  # a pipe has no end
        raise UserError(f"{path}: is no table, or too large for one")
    content = path.read_bytes()
    try:
        if b"\0" in content and not content.startswith(UTF_16):
            raise UnicodeDecodeError("utf-8", content, content.index(b"\0"), len(content), "a NUL")
        return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        if (text := of_one_meaning(content)) is not None:
            return text
        where = content.count(b"\n", 0, error.start) + 1
        told = f"{path}, line {where}: is not in UTF-8; save it anew, in Excel as `CSV UTF-8`"
        raise UserError(told) from None
