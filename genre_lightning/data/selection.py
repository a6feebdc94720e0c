"""Which songs of a catalogue take part: features computed, split chosen, broken files and duplicates left out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from genre_lightning.data.catalogue import CHECKED, DROP, SPLIT_NAMES, SPLITS, Catalogue, Track
from genre_lightning.data.splits import check_split, unjudged_genres
from genre_lightning.errors import UserError

if TYPE_CHECKING:
    from genre_lightning.data.cache import FeatureCache

logger = logging.getLogger(__name__)
NAMED_IN_LOG = 10


@dataclass(frozen=True, slots=True)
class Skipped:
    """A song that is left out, and why."""

    track: Track
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The songs that take part, each with its split, and those that do not.

    `published` is whether their source says splits.
    """

    catalogue: Catalogue
    skipped: list[Skipped]
    published: bool = False


def select_songs(
    catalogue: Catalogue, cache: FeatureCache, split: Callable[[Catalogue], Catalogue], broken: Mapping[Path, str]
) -> Selection:
    """Split the songs, and leave out broken files, duplicates, and what somebody has listened to and dropped.

    `broken` are the files of which the cache could make no features, each with the reason. Songs whose source names no
    artist get that of their file's tags before they are split. Raises UserError if fewer than two genres are left, one
    of them has no training songs, or a split has no songs.
    """
    dropped = [Skipped(track, f"is dropped by its {CHECKED}") for track in catalogue if track.checked == DROP]
    catalogue = with_genre(catalogue)
    gone = [track.path for track in catalogue if track.path not in broken and cache.find(track.path) is None]
    broken = {**broken, **dict.fromkeys(gone, "has changed while it was read")}
    divided = split(Catalogue([with_tags(track, cache) for track in catalogue]))
    skipped = [Skipped(track, broken[track.path]) for track in divided if track.path in broken]
    copies = list(find_copies(Catalogue([track for track in divided if track.path not in broken]), cache))
    skipped = [*dropped, *skipped, *copies]
    left_out = {skip.track.path for skip in skipped}
    used = Catalogue([track for track in divided if track.path not in left_out])
    check_split(used, catalogue.genres)
    return Selection(used, skipped, published=any(track.split for track in catalogue))


def with_genre(catalogue: Catalogue) -> Catalogue:
    """The songs whose genre is known. Raises UserError if there is none."""
    known = Catalogue([track for track in catalogue if track.genre])
    if not known.tracks:
        raise UserError(f"data: none of the {len(catalogue)} songs has a genre; put them in a folder for each genre")
    if unknown := sum(not track.genre and track.checked != DROP for track in catalogue):
        logger.warning("left out: %d songs of unknown genre, in no genre's folder or not labelled yet", unknown)
    return known


def with_tags(track: Track, cache: FeatureCache) -> Track:
    """The song with the artist and title of its file's tags, if its source names none."""
    song = cache.find(track.path)
    if song is None:
        return track
    return replace(track, artist=track.artist or song.artist, title=track.title or song.title)


def find_copies(catalogue: Catalogue, cache: FeatureCache) -> Iterator[Skipped]:
    """All but one of the songs that are the same recording: their stored features agree in every number.

    The one in the test split stays, else the one in the validation split, so that published test sets stay whole.
    """
    first: dict[str, Track] = {}
    order = {split: -number for number, split in enumerate(SPLITS)}  # of folds none comes first
    for track in sorted(catalogue, key=lambda track: order.get(track.split, 0)):
        song = cache.find(track.path)
        assert song is not None, f"{track.path} has no features"
        if (original := first.setdefault(song.digest, track)) is not track:
            yield Skipped(track, f"is the same recording as {original.path} ({original.genre}, {original.split})")


def report_skipped(skipped: list[Skipped]) -> None:
    """Name the first songs that are left out; the run's report names all."""
    for skip in skipped[:NAMED_IN_LOG]:
        logger.warning("left out: %s %s", skip.track.path, skip.reason)
    if len(skipped) > NAMED_IN_LOG:
        logger.warning("left out: %d more, see the report", len(skipped) - NAMED_IN_LOG)


def report_unjudged(catalogue: Catalogue) -> None:
    """Name the genres that cannot be judged on validation or test."""
    for split, genres in unjudged_genres(catalogue).items():
        told = f"no song of {', '.join(genres)} is on {SPLIT_NAMES[split]}, so it cannot be judged there"
        logger.warning("split: %s; for that, add songs of other artists", told)
