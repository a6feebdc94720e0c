"""What the service says is checked where it enters: a value that is not of its kind counts as not said."""

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from yandex_music import (
    Album,
    Artist,
    DownloadInfo,
    Genre,
    Metatag,
    MetatagLeaf,
    MetatagTree,
    PlaylistId,
    Track,
    TrackShort,
    YandexMusicModel,
)

from genre_lightning.fetch.failures import plain_failures

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
LONGEST_TEXT = 1000
# What may stand in an address between slashes: names and ids are asked for again.
WORD = re.compile(r"[^\s/?#%\\]{1,100}")
LARGEST_NUMBER = 1e15


def asked(question: Callable[..., Any], *arguments: Any) -> Any:
    """What the service answers, with None for every value that is not of its kind. Raises ServiceError."""
    with plain_failures():
        answer = question(*arguments)
        for model in models_in(answer):
            for name, kind in KINDS.get(type(model), {}).items():
                setattr(model, name, kind(getattr(model, name)))
        return answer


def models_in(answer: Any) -> Iterator[YandexMusicModel]:
    """Every object of the package in an answer, at any depth."""
    if isinstance(answer, YandexMusicModel):
        yield answer
        parts = [getattr(answer, field.name) for field in fields(answer) if field.name != "client"]
    else:
        parts = answer if isinstance(answer, list) else []
    for part in parts:
        yield from models_in(part)


def legible(text: str) -> str:
    """A text without control characters, line ends and halves of characters, which no table can hold."""
    return " ".join(UNPRINTABLE.sub(" ", text.encode("utf-8", "replace").decode("utf-8")).split())[:LONGEST_TEXT]


def as_text(value: Any) -> str | None:
    """A text that can be printed; a number is the text of its digits."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return legible(str(value)) if isinstance(value, str) or number else None


def as_word(value: Any) -> str | None:
    """A text that can be a part of an address."""
    text = as_text(value)
    return text if text is not None and WORD.fullmatch(text) else None


def as_truth(value: Any) -> bool | None:
    """True or false."""
    return value if isinstance(value, bool) else None


def as_number(value: Any) -> float | None:
    """A number of anything, from 0 on."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and 0 <= value <= LARGEST_NUMBER else None


def as_volumes(value: Any) -> list[list[Track]]:
    """The sides of an album, each with its tracks."""
    sides = [side for side in value if isinstance(side, list)] if isinstance(value, list) else []
    return [[track for track in side if isinstance(track, Track)] for side in sides]


# What this program reads of the package's objects: the package takes any value for what it declares.
KINDS: dict[type, dict[str, Callable[[Any], Any]]] = {
    Track: {
        "id": as_word, "real_id": as_word, "title": as_text, "isrc": as_text, "type": as_text, "error": as_text,
        "available": as_truth, "duration_ms": as_number, "preview_duration_ms": as_number,
    },
    Album: {"id": as_word, "genre": as_word, "type": as_text, "meta_type": as_text, "volumes": as_volumes},
    Artist: {"id": as_word, "name": as_text, "various": as_truth},
    Genre: {"id": as_word, "title": as_text},
    MetatagTree: {"navigation_id": as_text},
    MetatagLeaf: {"tag": as_word, "title": as_text},
    Metatag: {"station_id": as_word},
    PlaylistId: {"uid": as_word, "kind": as_word},
    TrackShort: {"id": as_word},
    DownloadInfo: {"codec": as_text, "bitrate_in_kbps": as_number, "preview": as_truth, "download_info_url": as_text},
}  # fmt: skip
