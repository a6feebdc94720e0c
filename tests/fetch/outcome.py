"""How a run has ended, seen from outside."""

import json

import pytest
from service import TOKEN

from genre_lightning.errors import UserError


def remembered(root):
    path = root / "fetch_skipped.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def stopped(fetch, service, *overrides):
    """The sentence with which a run ends."""
    with pytest.raises(UserError) as caught:
        fetch(service, *overrides)
    text = str(caught.value)
    assert len(text) < 300 and "\n" not in text and TOKEN not in text and "sign" not in text
    return text
