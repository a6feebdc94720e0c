import pytest

from genre_lightning.data.tables import read_table
from genre_lightning.errors import UserError

ROWS = [["Path", " GENRE ", "Mood"], ["Übung; 1.wav", "рок", "a, b"], ["b.wav", 'the "new" one', "two\nlines"]]


def text(delimiter):
    """The rows as spreadsheets write them, each value in quotes."""
    return "\r\n".join(delimiter.join('"' + value.replace('"', '""') + '"' for value in row) for row in ROWS)


def read(path):
    return list(read_table(path, ("path", "genre"), ("path", "genre")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_save_is_read(tmp_path, delimiter, encoding):
    (tmp_path / "manifest.csv").write_bytes(text(delimiter).encode(encoding))
    assert [row for _, row in read(tmp_path / "manifest.csv")] == [
        {"path": "Übung; 1.wav", "genre": "рок", "Mood": "a, b"},
        {"path": "b.wav", "genre": 'the "new" one', "Mood": "two\nlines"},
    ]


def test_blank_lines_are_left_out_and_lines_are_numbered_as_in_the_file(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,genre\n\na.wav,rock\n,\n\u2028b.wav,jazz\n", encoding="utf-8")
    rows = [(3, {"path": "a.wav", "genre": "rock"}), (5, {"path": "\u2028b.wav", "genre": "jazz"})]
    assert read(tmp_path / "manifest.csv") == rows


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ": its first line must name the column genre and path"),
        (b"path,genre\na.wav\n", ", line 2: has 1 values, and the first line 2"),
        (
            "path,genre\na.wav,rock\nÜ.wav,jazz\n".encode("cp1252"),
            ", line 3: is not in UTF-8; save it anew, in Excel as",
        ),
        (b'path,genre\n"a.wav' + b"x" * 200_000, ": is not a CSV file: field larger than field limit"),
    ],
)
def test_what_is_no_such_table_is_told_in_a_line(tmp_path, content, told):
    (tmp_path / "manifest.csv").write_bytes(content)
    with pytest.raises(UserError) as raised:
        read(tmp_path / "manifest.csv")
    assert str(raised.value).startswith(f"{tmp_path / 'manifest.csv'}{told}") and "\n" not in str(raised.value)


def test_what_excel_is_told_and_empty_lines_before_the_first_are_left_out(tmp_path):
    (tmp_path / "manifest.csv").write_text("\nsep=;\npath;genre\n ; \na.wav;rock\n", encoding="utf-8")
    assert read(tmp_path / "manifest.csv") == [(5, {"path": "a.wav", "genre": "rock"})]


def test_utf_16_without_its_mark_is_told_to_be_saved_anew(tmp_path):
    (tmp_path / "manifest.csv").write_bytes("path,genre\n".encode("utf-16-le"))
    with pytest.raises(UserError, match="is not in UTF-8"):
        read(tmp_path / "manifest.csv")
