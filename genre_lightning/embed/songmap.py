"""A map of songs that stays as it is: drawn once, then kept and added to."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum, auto
from typing import NamedTuple

import numpy as np

from genre_lightning.embed.directions import turn
from genre_lightning.embed.islands import move_together
from genre_lightning.embed.projection import PCA, Projection, UnusableError


class Recordings(NamedTuple):
    """Songs to be mapped: `digests` `(songs,)` tell recordings apart, `vectors` are `(songs, embedding)`.

    `descriptors` are `(songs, descriptors)`, `artists` their artists' names.
    """

    digests: np.ndarray
    vectors: np.ndarray
    descriptors: np.ndarray
    artists: Sequence[str]


@dataclass(frozen=True, slots=True)
class SongMap:
    """Where songs lie; all arrays have one row per song.

    `settings` say which projection drew the map, and of which model: only maps with the same settings can have the same
    axes. `digests` tell recordings apart. The `fitted` songs shaped the map; the others were placed on it later. If
    none of them shaped it, `base` is the fingerprint of the map that they were placed on.
    """

    settings: str
    digests: np.ndarray
    vectors: np.ndarray
    positions: np.ndarray
    fitted: np.ndarray
    base: str = ""

    @property
    def drawn(self) -> "SongMap | None":
        """The songs that have positions, of a map whose drawing may have been cut off; None if none has."""
        placed = ~np.isnan(self.positions).any(axis=1)
        columns = {name: getattr(self, name)[placed] for name in ("digests", "vectors", "positions", "fitted")}
        return replace(self, **columns) if placed.any() else None

    @property
    def fingerprint(self) -> str:
        """A hash of the settings and of where the songs lie, which no other map shares."""
        columns = b"".join(column.tobytes() for column in (self.digests, self.positions, self.fitted))
        return hashlib.sha256(self.settings.encode() + columns).hexdigest()[:16]

    @property
    def model(self) -> str:
        """The fingerprint of the model."""
        return json.loads(self.settings)["model"]

    def place(self, projection: Projection, vectors: np.ndarray) -> np.ndarray | None:
        """The positions of new songs on this map; None if the projection cannot place them."""
        return projection.place(self.vectors[self.fitted], self.positions[self.fitted], vectors)


def map_settings(projection: Projection, model: str) -> str:
    """The settings of a map that `projection` draws; `model` is the model's fingerprint."""
    return json.dumps({"projection": type(projection).__name__, **asdict(projection), "model": model})


class Earlier(Enum):
    """The map that these songs had before."""

    NONE = auto()  # there was none
    CHANGED = auto()  # its settings were others: another model, projection or setting of the projection
    OWN = auto()  # some of its songs shaped it
    ON_RUN = auto()  # its songs were placed on the run's map, which is still there
    LOST = auto()  # its songs were placed on a map that is gone


class Plan(NamedTuple):
    """Whether songs stay where the earlier map has them, and the map that new ones are placed on.

    If new songs cannot be placed, for want of a base or of a projection that can do it, the map is drawn anew.
    """

    keep: bool
    base: str


# By the earlier map, and whether the run's own songs have a map with the same settings.
PLANS = {
    (Earlier.NONE, False): Plan(keep=False, base="none"),
    (Earlier.NONE, True): Plan(keep=False, base="run"),
    (Earlier.CHANGED, False): Plan(keep=False, base="none"),
    (Earlier.CHANGED, True): Plan(keep=False, base="run"),
    (Earlier.OWN, False): Plan(keep=True, base="earlier"),
    (Earlier.OWN, True): Plan(keep=True, base="earlier"),
    (Earlier.ON_RUN, True): Plan(keep=True, base="run"),
    (Earlier.LOST, False): Plan(keep=True, base="none"),
    (Earlier.LOST, True): Plan(keep=False, base="run"),
}
# Why a map is drawn anew.
REASONS = {
    Earlier.NONE: "The map is new.",
    Earlier.CHANGED: "The map is new: the model or the settings of the projection have changed, now {projection}.",
    Earlier.OWN: "The map is new: {projection} cannot place new songs on the earlier one.",
    Earlier.ON_RUN: "The map is new: {projection} cannot place new songs on the run's map.",
    Earlier.LOST: "The map is new: the one that the earlier songs were placed on is gone.",
}


def update_map(
    projection: Projection, model: str, songs: Recordings, earlier: SongMap | None, run_map: SongMap | None
) -> tuple[SongMap, str]:
    """Where the songs lie, and a sentence on how that came about; PCA draws the map if `projection` does not work.

    `earlier` is the map that these songs had before, `run_map` that of the run's own songs if these are others.
    """
    try:
        return projected(projection, model, songs, earlier, run_map)
    except UnusableError as reason:
        song_map, _ = projected(PCA(), model, songs, earlier, run_map)
        return song_map, f"The map is drawn by PCA: {type(projection).__name__} does not work here. {reason}"


def projected(
    projection: Projection, model: str, songs: Recordings, earlier: SongMap | None, run_map: SongMap | None
) -> tuple[SongMap, str]:
    """`update_map` by this projection. Raises UnusableError."""
    settings = map_settings(projection, model)
    run_map = run_map if run_map is not None and run_map.settings == settings else None
    found = recognise(earlier, settings, run_map)
    plan = PLANS[found, run_map is not None]
    base = {"earlier": earlier, "run": run_map, "none": None}[plan.base]
    updated = add_songs(projection, settings, songs, earlier if plan.keep else None, base)
    return updated if updated is not None else draw_map(projection, settings, songs, found)


def undrawn(projection: Projection, model: str, songs: Recordings, earlier: SongMap | None) -> SongMap:
    """What is known before the map is drawn: songs lie where the earlier map of these settings has them, or nowhere."""
    settings = map_settings(projection, model)
    kept = earlier if earlier is not None and earlier.settings == settings else None
    positions, fitted = look_up(songs.digests, kept, None)
    return SongMap(settings, songs.digests, songs.vectors, positions, fitted, kept.base if kept is not None else "")


def add_songs(
    projection: Projection, settings: str, songs: Recordings, kept: SongMap | None, base: SongMap | None
) -> tuple[SongMap, str] | None:
    """Leave songs where they are on the map `kept`, and place new ones on `base`; None if that is impossible."""
    positions, fitted = look_up(songs.digests, kept, base)
    new, told = np.isnan(positions[:, 0]), "The map is the earlier one" if kept is not None else "The map is the run's"
    if new.any():
        placed = base.place(projection, songs.vectors[new]) if base is not None else None
        if base is None or placed is None:
            return None
        positions[new] = placed
        told += f", drawn from {base.fitted.sum()} songs; new songs placed on it: {new.sum()}"
    origin = "" if fitted.any() else base.fingerprint if base is not None else kept.base if kept is not None else ""
    return SongMap(settings, songs.digests, songs.vectors, positions, fitted, origin), f"{told}."


def recognise(earlier: SongMap | None, settings: str, run_map: SongMap | None) -> Earlier:
    """Which kind of map the earlier one is; `run_map` is the run's, if it has the same settings."""
    if earlier is None:
        return Earlier.NONE
    if earlier.settings != settings:
        return Earlier.CHANGED
    if earlier.fitted.any():
        return Earlier.OWN
    return Earlier.ON_RUN if run_map is not None and run_map.fingerprint == earlier.base else Earlier.LOST


def look_up(digests: np.ndarray, kept: SongMap | None, base: SongMap | None) -> tuple[np.ndarray, np.ndarray]:
    """The positions of songs that are on one of the maps, NaN for others; and which of them shaped the map `kept`."""
    positions, fitted = np.full((len(digests), 2), np.nan, np.float32), np.zeros(len(digests), bool)
    for known in (base, kept):  # if a song is on both, the songs' own map counts
        if known is not None:
            row = {recording: row for row, recording in enumerate(numbered(known.digests))}
            rows = np.array([row.get(recording, -1) for recording in numbered(digests)])
            positions[rows >= 0] = known.positions[rows[rows >= 0]]
            fitted[rows >= 0] = known.fitted[rows[rows >= 0]] & (known is kept)
    return positions, fitted


def numbered(digests: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each digest with how often it came before: copies of a recording are songs of their own."""
    seen = Counter[str]()
    for digest in digests:
        yield digest, seen[digest]
        seen[digest] += 1


def draw_map(projection: Projection, settings: str, songs: Recordings, earlier: Earlier) -> tuple[SongMap, str]:
    """A map that all songs shape, and a sentence on why it is drawn."""
    name, fewest = type(projection).__name__, projection.fewest_songs
    told = REASONS[earlier].format(projection=name)
    if len(songs.vectors) < fewest:
        told = f"The map is new and drawn by PCA: {name} needs {fewest} songs, and there are {len(songs.vectors)}."
        projection = PCA()
    positions, moved = lay_out(projection, songs)
    return SongMap(settings, songs.digests, songs.vectors, positions, np.ones(len(positions), bool)), told + moved


def lay_out(projection: Projection, songs: Recordings) -> tuple[np.ndarray, str]:
    """Where songs lie on a new map once it is turned, its islands moved together, and all of it laid on a wide page;
    and a sentence on the islands, or nothing.
    """
    positions = projection.fit(songs.vectors)
    positions = (positions @ turn(positions, songs.descriptors, songs.artists)).astype(np.float32)
    shores = move_together(positions) if projection.has_islands else None
    if shores is not None:
        positions = shores.positions
    width, height = np.ptp(positions, axis=0)
    return positions[:, ::-1].copy() if height > width else positions, "" if shores is None else f" {shores}"
