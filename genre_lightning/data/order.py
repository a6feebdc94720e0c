"""An order that looks drawn at random, which names and a seed decide, and neither a list's order nor a system's."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from unicodedata import normalize

from genre_lightning.data.catalogue import Track


def seeded(name: str, seed: str) -> tuple[bytes, str]:
    """What a name is sorted by: with a seed of its own, each order is as likely."""
    return hashlib.sha256(f"{seed} {name}".encode(errors="surrogatepass")).digest(), name


def song_names(tracks: Sequence[Track]) -> list[str]:
    """The songs' files below the folder that holds all of them: the same wherever that is."""
    paths = [track.path.absolute() for track in tracks]
    try:
        folder = os.path.commonpath([path.parent for path in paths] or [""])
        return [normalize("NFC", path.relative_to(folder).as_posix()) for path in paths]
    except ValueError:  # they are on several drives
        return [normalize("NFC", path.as_posix()) for path in paths]


def group_name(tracks: Iterable[Track], names: Iterable[str]) -> str:
    """The name of songs that stay together: the first of what they share, else the first of their own `names`."""
    links = {key for track in tracks for key in track.links}
    return min(links) if links else min(names)
