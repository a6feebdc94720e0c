"""The licence of a network's weights, or of a data set, as the card says that lies beside them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from genre_lightning.config import shown

CARD = "README.md"
MOST_BYTES = 2**20
FRONT = re.compile(r"---\r?\n(.*?\n)---(?:\s|$)", re.DOTALL)
NON_COMMERCIAL = re.compile(r"(?<![a-z])nc(?![a-z])|non-?commercial|research-only")


def licence(folder: Path) -> str:
    """Under which licence the weights or songs in a folder are, as `licence_in` says it."""
    return licence_in(front(folder / CARD))


def licence_in(card: Mapping[str, Any]) -> str:
    """The licence that stands before the text of a card, for people; whether commerce is excluded stands with it."""
    named = card.get("license")
    if named == "other":
        named = card.get("license_name") or named
    if isinstance(named, list):
        named = ", ".join(map(str, named))
    if not named:
        return "unknown: its card names none"
    told = shown(str(named))
    return f"{told}: not for commercial use" if NON_COMMERCIAL.search(told.lower()) else told


def front(path: Path) -> dict[str, Any]:
    """What stands before the text of a card, as YAML; nothing if there is no such thing."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return {}
        found = FRONT.match(path.read_text(encoding="utf-8"))
        values = yaml.safe_load(found[1]) if found else {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return values if isinstance(values, dict) else {}
