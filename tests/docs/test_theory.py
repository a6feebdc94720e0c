"""docs/theory.md and its translation say what is true: links, settings, pictures, sounds."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest
from composing import compose

from docs.figures.__main__ import MODULES

ROOT = Path(__file__).parents[2]
PAGES = ["theory.md", "theory.ru.md"]
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
MEGABYTES = 1.5


def text(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def defined(tree: ast.AST, prefix: str = "") -> set[str]:
    """The functions and classes of a file by their qualified names."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    here = [node for node in ast.iter_child_nodes(tree) if isinstance(node, kinds)]
    return {prefix + node.name for node in here}.union(*(defined(node, f"{prefix}{node.name}.") for node in here))


def anchors(markdown: str) -> set[str]:
    """The headings of a page as GitHub links to them."""
    titles = re.findall(r"^#+ (.*)$", markdown, flags=re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_what_they_name(page: str) -> None:
    links = LINK.findall(text(page))
    assert len(links) > 40
    for name, target in links:
        if target.startswith("#"):
            assert target in anchors(text(page)), target
        elif not target.startswith("https://"):
            path = ROOT / "docs" / target
            assert path.exists(), target
            if path.suffix == ".py":
                assert name.strip("`") in defined(ast.parse(path.read_text(encoding="utf-8"))), (name, target)


def settings(page: str) -> list[str]:
    """What stands in backquotes after the words that announce settings, up to the end of the paragraph."""
    told = re.findall(r"\*\*(?:The setting|Настройка):\*\*(.*?)\n\n", text(page), flags=re.DOTALL)
    return [setting for paragraph in told for setting in re.findall(r"`([^`]+)`", paragraph)]


def test_settings_exist() -> None:
    told = settings(PAGES[0])
    keys = [setting for setting in told if "." in setting.partition("=")[0]]
    assert len(keys) > 10
    compose("train", keys)  # which Hydra refuses if there is no such key
    for setting in {*told} - {*keys}:
        compose("embed" if setting.startswith("projection") else "train", setting.split())


def made(kind: str) -> set[str]:
    """The names of all pictures, or of all sounds, that the command makes."""
    return {name for module in MODULES for name in getattr(import_module(f"docs.figures.{module}"), kind)}


def test_every_picture_is_made_by_the_command_and_shown() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(theory/(\w+)\.png\)", text(PAGES[0]))
    files = {path.stem: path.stat().st_size for path in (ROOT / "docs" / "theory").glob("*.png")}
    assert sorted(shown) == sorted(files) == sorted(made("PICTURES"))
    assert sum(files.values()) <= MEGABYTES * 10**6


@pytest.mark.parametrize("page", PAGES)
def test_sounds_that_are_named_are_made(page: str) -> None:
    told = re.findall(r"(?:Listen|Hear|Послушайте)(.*?)(?:\.|:)", text(page), flags=re.DOTALL)
    named = {name for sentence in told for name in re.findall(r"`(\w+)`", sentence)}
    assert len(named) > 8
    assert named <= made("SOUNDS")


def test_the_translation_has_the_same_links_settings_and_questions() -> None:
    english, russian = ([target for _, target in LINK.findall(text(page)) if target[0] != "#"] for page in PAGES)
    assert english == [target.replace(".ru.md", ".md") for target in russian]
    assert settings(PAGES[0]) == settings(PAGES[1])
    assert text(PAGES[0]).count("<details>") == text(PAGES[1]).count("<details>") >= 16


def test_it_is_an_evening_and_no_encyclopaedia() -> None:
    other = r"!\[[^\]]*\]|\$[^$]*\$|```.*?```|`[^`]*`|\]\([^)]*\)|<[^>]*>|^## Sources.*"
    words = re.findall(r"[^\W\d_][\w'-]*", re.sub(other, " ", text(PAGES[0]), flags=re.DOTALL | re.MULTILINE))
    assert 3000 <= len(words) <= 4500
