import io
import sys

import pytest

from genre_lightning.text import (
    as_cell,
    clock,
    code,
    from_cell,
    harmless,
    mean_and_range,
    plain,
    points,
    printable,
    say,
    short,
    table,
)


def test_tables_are_aligned():
    lines = table(["a", "long title"], [["something long", "1"], ["b", "2"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    bars = [[index for index, sign in enumerate(line) if sign == "|"] for line in lines]
    assert all(found == bars[0] for found in bars) and len(bars[0]) == 3
    assert set(lines[1]) == {"|", "-"}


def test_names_keep_to_their_line():
    assert printable("Ünï códe 歌.wav") == "Ünï códe 歌.wav"
    assert printable("two\nlines\x1b[31m") == r"two\nlines\x1b[31m" and printable("\udce9") == r"\udce9"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (7.5, "0:07.5"), (59.9996, "1:00"), (125.25, "2:05.25"), (7199, "119:59")]
)
def test_times_are_shown_as_players_do(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.0012345678901234", "0.001235"), ("0.003", "0.003"), ("12345678", "12345678"), ("[a]", "[a]")],
)
def test_numbers_that_nobody_can_read_are_shortened(value, shown):
    assert short(value) == shown


@pytest.mark.parametrize(
    ("fractions", "shown"), [([0.6, 0.5, 0.7], "60.0 % (50.0 to 70.0)"), ([0.5, 0.5], "50.0 %"), ([1.0], "100.0 %")]
)
def test_several_figures_are_a_mean_with_its_range(fractions, shown):
    assert mean_and_range(fractions) == shown


def test_a_single_point_is_one():
    assert [points(part) for part in (0.123, 0.01, 0.0149, 0)] == ["12 points", "1 point", "1 point", "0 points"]


def test_names_that_the_terminal_has_no_characters_for_are_printed_all_the_same(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="cp1252", newline=""))
    say("Björk, 乐队, \udce9")
    sys.stdout.flush()
    assert written.getvalue().decode("cp1252") == "Björk, ??, ?\n"


def test_a_bar_in_a_cell_does_not_end_it():
    assert table(["a|b"], [["Rock | Live"]]).splitlines()[2] == "| Rock \\| Live |"


@pytest.mark.parametrize(("name", "shown"), [("a.mp3", "`a.mp3`"), ("a`b.mp3", "`` a`b.mp3 ``"), ("a\nb", "`a\\nb`")])
def test_names_of_files_stay_code_in_markdown(name, shown):
    assert code(name) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cc-by-nc-4.0: not for commercial use", "cc-by-nc-4.0: not for commercial use"),
        ("<script>a</script>", r"\<script>a\</script>"),
        ("![x](http://a.b)\n# b", r"!\[x\](http://a.b)\n# b"),
        (r"C:\songs\[a]", r"C:\songs\\\[a\]"),
        ("\x1b[2J", r"\x1b\[2J"),
    ],
)
def test_what_somebody_else_wrote_is_neither_html_nor_a_link_in_markdown(text, shown):
    assert plain(text) == shown


FORMULAS = ["=cmd|' /C calc'!A0", "=^_^=", "-1", "+44", "@artist", "\t=1", "\r=1", "'=1", "''+x", "\uff1d1", "-"]
TEXTS = ["", "'", "'a", "a=1", "'tis", "1-2", "…"]


@pytest.mark.parametrize("text", [*FORMULAS, *TEXTS])
def test_no_cell_is_a_formula_and_each_is_read_back_unchanged(text):
    assert as_cell(text)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\uff1d")
    assert from_cell(as_cell(text)) == text and (as_cell(text) == text) == (text in TEXTS)


def test_a_cell_of_a_table_does_nothing_to_a_terminal():
    assert "\x1b" not in table(["genre"], [["\x1b[2Jrock"]]) and len(table(["a"], [["b\nc"]]).splitlines()) == 3


def test_a_name_does_nothing_to_a_terminal_and_lines_stay_lines():
    assert harmless("a\x1b[2Jb\nc\u202e") == "a\\x1b[2Jb\nc\\u202e"
