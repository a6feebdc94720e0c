"""The rows of a published set, as the library `datasets` reads them from its files: nothing is decoded, or kept."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from genre_lightning.errors import UserError

# Kinds of columns; all others are left out. A list has texts, numbers or classes.
SOUND, NAMES, TEXT, NUMBER, LIST = "sound", "names", "text", "number", "list"
AT_ONCE = 32  # rows in memory, with their sound
LONGEST_VALUE = 1000  # signs of a text, or values of a list, that are kept: captions and embeddings may be long
SEPARATOR = "; "  # of the values of a list, as manifests separate artists


class Row(NamedTuple):
    """A song in a set.

    Attributes:
        columns: The set's columns by their kinds.
        split: What the set calls the split that it is in.
        number: Its place there.
        values: What it has in the columns but those of sound, as texts; empty where it has nothing. Those of a list
            have SEPARATOR between them.
        content: The file of its sound, if that lies in the row.
        name: The name or address of that file; empty if it has none.
    """

    columns: Mapping[str, str]
    split: str
    number: int
    values: Mapping[str, str]
    content: bytes | None
    name: str


def rows_of(builder: Any, audio_column: str | None) -> Iterator[Row]:
    """All rows of a set that the library's `builder` reads.

    Raises UserError if they have no column of sound, or several and none is named; and whatever the library raises.
    """
    from datasets import Features

    for split, rows in builder.as_streaming_dataset().items():  # streaming: it copies nothing
        number = 0
        for table in rows.with_format("arrow").iter(batch_size=AT_ONCE):  # which it does not decode
            features = Features.from_arrow_schema(table.schema)
            columns = {name: kind for name, feature in features.items() if (kind := kind_of(feature))}
            audio = column_of_sound(columns, audio_column)
            for row in table.to_pylist():
                values = {name: value_of(row[name], features[name]) for name in columns if columns[name] != SOUND}
                yield Row(columns, str(split), number, values, *sound_of(row[audio]))
                number += 1


def kind_of(feature: Any) -> str:
    """The kind of a column; empty if it is none of them, such as a list of lists."""
    from datasets import Audio, ClassLabel, LargeList, List, Value

    if isinstance(feature, Audio) or (isinstance(feature, dict) and "bytes" in feature):
        return SOUND
    if isinstance(feature, ClassLabel):
        return NAMES
    if isinstance(feature, List | LargeList):
        return LIST if kind_of(feature.feature) in (NAMES, TEXT, NUMBER) else ""
    if not isinstance(feature, Value):
        return ""
    kinds = {"string": TEXT, "large_string": TEXT, "string_view": TEXT, "bool": NUMBER}
    return kinds.get(feature.dtype, NUMBER if "int" in feature.dtype or "float" in feature.dtype else "")


def column_of_sound(columns: Mapping[str, str], wanted: str | None) -> str:
    """The column of sound that is wanted, or the only one. Raises UserError if that cannot be told."""
    found = [name for name, kind in columns.items() if kind == SOUND]
    if wanted in found or (wanted is None and len(found) == 1):
        return wanted or found[0]
    if not found:
        paths = "a table of paths is one if it is called metadata.csv and has them in its column file_name"
        raise UserError(f"data.name: that set has no column of sound, only {', '.join(columns) or 'others'}; {paths}")
    what = "which column of sound is meant" if wanted is None else f"there is no column of sound called {wanted!r}"
    raise UserError(f"data.audio_column: {what}; there are {', '.join(found)}")


def value_of(value: Any, feature: Any) -> str:
    """A value as a text; that of a class is its name, and of a class below 0, which stands for none, it is empty.

    Of a list it is the texts of its values, each once, without the empty ones.
    """
    if isinstance(value, list):
        texts = dict.fromkeys(value_of(one, feature.feature) for one in value[:LONGEST_VALUE])
        return SEPARATOR.join(filter(None, texts))[:LONGEST_VALUE]
    names = getattr(feature, "names", None)
    if names is None:
        return "" if value is None else " ".join(str(value)[:LONGEST_VALUE].split())
    return names[value] if value is not None and 0 <= value < len(names) else ""


def sound_of(value: Any) -> tuple[bytes | None, str]:
    """The file that lies in a row, if there is one, and its name."""
    return ((value or {}).get("bytes"), (value or {}).get("path") or "")
