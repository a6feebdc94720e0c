"""A map of songs that stays as it is: drawn once, kept, and added to."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields

import numpy as np

from genre_lightning.embed.projection import PCA, Projection


@dataclass(frozen=True, slots=True)
class SongMap:
    """Where songs lie; all arrays have one row a song.

    `settings` say how the map was drawn, and of which model: only maps with the same settings have the same axes.
    `digests` tell recordings apart. `fitted` songs shaped the map; the others were placed on it later. Where none did,
    `base` is the fingerprint of the map that they were placed on.
    """

    settings: str
    digests: np.ndarray
    vectors: np.ndarray
    positions: np.ndarray
    fitted: np.ndarray
    base: str = ""

    @property
    def fingerprint(self) -> str:
        """What only this map has: a hash of where its songs lie."""
        places = b"".join(column.tobytes() for column in (self.digests, self.positions, self.fitted))
        return hashlib.sha256(self.settings.encode() + places).hexdigest()[:16]

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What a map has beside its songs' embeddings, as `read_map` reads it back."""
        names = ("settings", "digests", "fitted", "base")
        return {name: np.array(getattr(self, name)) for name in names}

    @property
    def model(self) -> str:
        """The fingerprint of the network."""
        return json.loads(self.settings)["model"]


def map_settings(projection: Projection, model: str) -> str:
    """The settings of a map that `projection` draws; `model` is the network's fingerprint."""
    return json.dumps({"projection": type(projection).__name__, **asdict(projection), "model": model})


def read_map(arrays: dict[str, np.ndarray]) -> SongMap | None:
    """The map among the arrays of `embeddings.npz`; None where there is none, or not all of it."""
    try:
        settings, *columns = (arrays[field.name] for field in fields(SongMap) if field.name != "base")
        assert len({len(column) for column in columns}) == 1
        drawn = SongMap(str(settings), *columns, base=str(arrays.get("base", "")))  # which was not always written
        return drawn if drawn.model else None
    except (KeyError, ValueError, AssertionError, TypeError):
        return None


def draw_map(
    projection: Projection, settings: str, digests: np.ndarray, vectors: np.ndarray,
    earlier: SongMap | None = None, others: SongMap | None = None,
) -> tuple[SongMap, str]:  # fmt: skip
    """Where the songs lie, and a sentence on how that came about.

    On the `earlier` map of the same data songs stay where they were; new ones are placed among them, or on the map of
    `others` where those are what the earlier songs were placed on. Where that cannot be, the map is drawn anew.
    """
    kept, others = (one if one is not None and one.settings == settings else None for one in (earlier, others))
    if kept is not None and others is not None and not kept.fitted.any() and kept.base != others.fingerprint:
        kept = None  # the map it was placed on is no more
    base = kept if kept is not None and kept.fitted.any() else others
    positions, fitted = look_up(digests, kept, base)
    new, told = np.isnan(positions[:, 0]), "The map is the earlier one."
    if new.any():
        if base is None or (placed := place(projection, base, vectors[new])) is None:
            return draw_anew(projection, settings, digests, vectors, earlier)
        positions[new] = placed
        told = f"{told[:-1]}, shaped by {base.fitted.sum()} songs; new songs placed on it: {new.sum()}."
    return SongMap(settings, digests, vectors, positions, fitted, placed_on(fitted, base, kept)), told


def placed_on(fitted: np.ndarray, base: SongMap | None, kept: SongMap | None) -> str:
    """The fingerprint of the map that songs were placed on; empty where some of them shape their own."""
    if fitted.any():
        return ""
    return base.fingerprint if base is not None else kept.base if kept is not None else ""


def look_up(digests: np.ndarray, kept: SongMap | None, base: SongMap | None) -> tuple[np.ndarray, np.ndarray]:
    """The positions of songs that are on one of the maps, NaN for others; and which of them shaped the map `kept`."""
    positions, fitted = np.full((len(digests), 2), np.nan, np.float32), np.zeros(len(digests), bool)
    for drawn in (base, kept):  # the songs' own map has the last word
        if drawn is not None:
            row = {recording: row for row, recording in enumerate(numbered(drawn.digests))}
            rows = np.array([row.get(recording, -1) for recording in numbered(digests)])
            positions[rows >= 0] = drawn.positions[rows[rows >= 0]]
            fitted[rows >= 0] = drawn.fitted[rows[rows >= 0]] & (drawn is kept)
    return positions, fitted


def numbered(digests: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each digest with how often it came before: copies of a recording are songs of their own."""
    seen = Counter[str]()
    for digest in digests:
        yield digest, seen[digest]
        seen[digest] += 1


def place(projection: Projection, base: SongMap, new: np.ndarray) -> np.ndarray | None:
    """Positions of `new` vectors on the map `base`, None where there is no way to it."""
    return projection.place(base.vectors[base.fitted], base.positions[base.fitted], new)


def draw_anew(
    projection: Projection, settings: str, digests: np.ndarray, vectors: np.ndarray, earlier: SongMap | None
) -> tuple[SongMap, str]:
    """A map that nothing is known of yet, and why it is drawn."""
    name, enough = type(projection).__name__, len(vectors) >= projection.fewest_songs
    positions = (projection if enough else PCA()).fit(vectors)
    told = "The map is new."
    if not enough:
        told = f"The map is new, and PCA's: {len(vectors)} of the {projection.fewest_songs} songs that {name} needs."
    elif earlier is not None and earlier.settings != settings:
        told = f"The map is new: the model or the settings of the projection have changed, now {name}."
    elif earlier is not None:
        told = f"The map is new: {name} cannot place new songs on the earlier one."
    return SongMap(settings, digests, vectors, positions, np.ones(len(vectors), bool)), told
