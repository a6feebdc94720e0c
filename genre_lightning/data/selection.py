"""Which songs of a catalogue take part: features computed, split chosen, broken files and duplicates left out."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genre_lightning.data.catalogue import CHECKED, DROP, SPLIT_NAMES, SPLITS, Catalogue, Track
from genre_lightning.data.recordings import NONE, Recordings, with_recordings
from genre_lightning.data.splits import check_split, unjudged_genres
from genre_lightning.errors import UserError

if TYPE_CHECKING:
    from genre_lightning.data.cache import FeatureCache

logger = logging.getLogger(__name__)
NAMED_IN_LOG, NAMED_IN_LINE = 10, 3


@dataclass(frozen=True, slots=True)
class Skipped:
    """A song that is left out, and why."""

    track: Track
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """The songs that take part, each with its split, and those that do not.

    Attributes:
        catalogue: The former, and the reasons against files that are no songs.
        skipped: The latter.
        published: Whether their source says splits.
        recordings: Which songs are one recording, or parts of one.
    """

    catalogue: Catalogue
    skipped: list[Skipped]
    published: bool = False
    recordings: Recordings = NONE

    @property
    def divided(self) -> list[Sequence[Track]]:
        """The recordings that are in several splits: a published one, or a naive one, may do that."""
        splits = {track.path: track.split for track in self.catalogue}
        of_each = ({splits[track.path] for track in songs if track.path in splits} for songs in self.recordings.twins)
        return [songs for songs, found in zip(self.recordings.twins, of_each, strict=True) if len(found) > 1]


def known_songs(catalogue: Catalogue, cache: FeatureCache) -> tuple[Catalogue, Recordings]:
    """The songs whose genre is known, those of one recording with its name, and which these are. Raises UserError."""
    return with_recordings(with_genre(catalogue), cache)


def select_songs(
    catalogue: Catalogue, known: tuple[Catalogue, Recordings], cache: FeatureCache,
    split: Callable[[Catalogue], Catalogue], broken: Mapping[Path, str],
) -> Selection:  # fmt: skip
    """Split the songs, and leave out broken files, duplicates, and what somebody has listened to and dropped.

    `known` are the `known_songs` of the catalogue, `broken` the files of which the cache could make no features, each
    with the reason. Raises UserError if fewer than two genres are left, one of them has no training songs, or a split
    has no songs.
    """
    dropped = [Skipped(track, f"is dropped by its {CHECKED}") for track in catalogue if track.checked == DROP]
    named, recordings = known
    gone = [track.path for track in named if track.path not in broken and cache.find(track.path) is None]
    broken = {**broken, **dict.fromkeys(gone, "has changed while it was read")}
    divided = split(named)
    skipped = [Skipped(track, broken[track.path]) for track in divided if track.path in broken]
    copies = list(find_copies(Catalogue([track for track in divided if track.path not in broken]), cache))
    skipped = [*dropped, *skipped, *copies]
    left_out = {skip.track.path for skip in skipped}
    used = Catalogue([track for track in divided if track.path not in left_out], named.others)
    check_split(used, named.genres)
    return Selection(used, skipped, any(track.split for track in named), recordings)


def check_listed(catalogue: Catalogue, split: Callable[[Catalogue], Catalogue]) -> None:
    """Raise UserError for what no song has to be read for: files that are not there, too few genres, songs or artists.

    A few missing files are left out as broken ones are.
    """
    known = with_genre(catalogue)
    missing = {track.path for track in known if not os.path.exists(track.path)}  # noqa: PTH110 (Path's raises for names that are too long)
    if len(missing) > len(known) / 2:
        raise UserError(missing_files(known, missing))
    divided = split(known)
    try:
        check_split(Catalogue([track for track in divided if track.path not in missing]), known.genres)
    except UserError:
        if missing:
            raise UserError(missing_files(known, missing)) from None
        raise


def missing_files(catalogue: Catalogue, missing: Collection[Path]) -> str:
    """What is said of songs that are listed and not there."""
    first = [track.path.absolute() for track in catalogue if track.path in missing][:NAMED_IN_LINE]
    names = ", ".join(path.name for path in first) + (", ..." if len(missing) > NAMED_IN_LINE else "")
    return (
        f"data: of {len(catalogue)} songs that are listed {len(missing)} are not there: {names} (looked for in "
        f"{first[0].parent}); correct the paths in the list, which are relative to its folder, or data.root"
    )


def with_genre(catalogue: Catalogue) -> Catalogue:
    """The songs whose genre is known. Raises UserError if there is none."""
    known = [track for track in catalogue if track.genre]
    if not known:
        raise UserError(f"data: none of the {len(catalogue)} songs has a genre; put them in a folder for each genre")
    unknown = [track.path for track in catalogue if not track.genre and track.checked != DROP]
    others = dict.fromkeys(unknown, "is in no genre's folder, or not labelled yet")
    return Catalogue(known, {**catalogue.others, **others})


def find_copies(catalogue: Catalogue, cache: FeatureCache) -> Iterator[Skipped]:
    """All but one of the songs that are the same recording: their stored features agree in every number.

    The one in the test split stays, else the one in the validation split, so that published test sets stay whole.
    """
    first: dict[str, Track] = {}
    order = {split: -number for number, split in enumerate(SPLITS)}  # of folds none comes first
    for track in sorted(catalogue, key=lambda track: (order.get(track.split, 0), track.path)):
        song = cache.find(track.path)
        assert song is not None, f"{track.path} has no features"
        if (original := first.setdefault(song.digest, track)) is not track:
            yield Skipped(track, f"is the same recording as {original.path} ({original.genre}, {original.split})")


def report_selection(selection: Selection) -> None:
    """Log what was noticed about the songs; the run's report says more."""
    report_skipped(selection.skipped)
    report_others(selection.catalogue)
    report_recordings(selection)
    report_unjudged(selection.catalogue)


def report_skipped(skipped: list[Skipped]) -> None:
    """Name the first songs that are left out; the run's report names all."""
    for skip in skipped[:NAMED_IN_LOG]:
        logger.warning("left out: %s %s", skip.track.path, skip.reason)
    if len(skipped) > NAMED_IN_LOG:
        logger.warning("left out: %d more, see the report", len(skipped) - NAMED_IN_LOG)


def report_others(catalogue: Catalogue) -> None:
    """Count the files that are no songs, by their reasons."""
    for reason, count in Counter(catalogue.others.values()).most_common():
        logger.warning("not among the songs: %d, since each %s", count, reason)


def report_recordings(selection: Selection) -> None:
    """Say how many recordings are in several files; the run's report names them."""
    found = {
        "recordings in several files, by their sound": selection.recordings.twins,
        "recordings under several genres": selection.recordings.conflicts,
        "recordings in several splits, so that figures are too optimistic": selection.divided,
        "recordings in numbered parts, by their names": selection.recordings.parts,
        "names whose numbers may be those of parts": selection.recordings.doubtful,
    }
    for what, groups in found.items():
        if groups:
            logger.warning("%s: %d, see the report", what, len(groups))


def report_unjudged(catalogue: Catalogue) -> None:
    """Name the genres that cannot be judged on validation or test."""
    for split, genres in unjudged_genres(catalogue).items():
        told = f"no song of {', '.join(genres)} is on {SPLIT_NAMES[split]}, so it cannot be judged there"
        logger.warning("split: %s; for that, add songs of other artists", told)
