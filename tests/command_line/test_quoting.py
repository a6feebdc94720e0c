import subprocess
import sys

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from genre_lightning.command_line import quoting
from genre_lightning.command_line.quoting import in_shell, literal, override

TEXTS = [
    "songs", "My Music", "My Music (2019)", "/я/Музыка", "a=b", "100 hits!", "R&B", "it's", 'the "best"', "a,b",
    "#1", "C:\\Users\\me\\", "x:y", "$x$", "{a}", "[a]", "100%", "😀", 'a\\"b', "\\", "\\\\'", "'\"", " lead ", "null",
    "TRUE", "1", "1e3", "nan", "choice(a,b)", "~", "@", "",
]  # fmt: skip


def read(argument):
    return OverridesParser.create().parse_override(argument).value()


@pytest.mark.parametrize("mark", ["'", '"'])
@pytest.mark.parametrize("text", TEXTS)
def test_hydra_reads_a_literal_as_that_very_text(text, mark):
    quoted = literal(text, mark)
    assert read(f"key={quoted}") == text and read(f"key=[{quoted},b]") == [text, "b"]


def test_what_needs_no_quotes_gets_none():
    plain = ["songs", "My Music", "C:\\Music", "logs/cnn-1.ckpt", "yes", "${cache.root}/x"]
    assert [literal(text) for text in plain] == plain


@pytest.mark.skipif(sys.platform == "win32", reason="its shells have other quotes")
@pytest.mark.parametrize("value", [*filter(None, TEXTS), ["rock", "r&b", "a, b", "null"], 0.3, 5])
def test_a_setting_that_is_shown_can_be_typed(value):
    shown = f"printf '%s' {override('key', value)}"
    typed = subprocess.run(["sh", "-c", shown], capture_output=True, encoding="utf-8", check=True).stdout
    assert read(typed) == value


def test_in_the_shells_of_windows_outer_quotes_are_double_but_around_a_dollar(monkeypatch):
    monkeypatch.setattr(quoting, "WINDOWS", True)
    assert in_shell("data.root=C:\\Songs") == "data.root=C:\\Songs" and in_shell("seed=0,1") == '"seed=0,1"'
    assert in_shell("data.root=My Songs\\") == '"data.root=My Songs\\\\"'
    assert in_shell("data.root=$x it's") == "'data.root=$x it''s'"
    assert override("data.genres", ["r&b", "rock"]) == "\"data.genres=['r&b',rock]\""
