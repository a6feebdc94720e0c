"""An order that looks drawn at random, which names and a seed decide, and neither a list's order nor a system's."""

import hashlib
from unicodedata import normalize

from genre_lightning.data.catalogue import Track


def seeded(name: str, seed: str) -> tuple[bytes, str]:
    """What a name is sorted by: with a seed of its own, each order is as likely."""
    return hashlib.sha256(f"{seed} {name}".encode(errors="surrogateescape")).digest(), name


def group_name(*tracks: Track) -> str:
    """The name of songs that stay together: the first of what they share, else the first of the songs' own."""
    links = {key for track in tracks for key in track.links}
    return min(links) if links else min(map(song_name, tracks))


def song_name(track: Track) -> str:
    """The file of a song and its folder, which are the same on other machines."""
    return normalize("NFC", "/".join(track.path.parts[-2:]))
