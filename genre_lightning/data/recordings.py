"""Which songs are one recording, or parts of one: their column RECORDING keeps them on one side of a split."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from genre_lightning.data.catalogue import RECORDING, Catalogue, Track, linked
from genre_lightning.data.order import song_names
from genre_lightning.data.parts import parts
from genre_lightning.data.twins import MOST_SONGS, find_twins

if TYPE_CHECKING:
    from genre_lightning.data.cache import FeatureCache


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recordings:
    """Groups of songs that are one recording by their sound, groups that are parts of one by their names, and groups
    whose numbers may be those of parts, but are taken for those of songs.
    """

    twins: Sequence[Sequence[Track]] = ()
    parts: Sequence[Sequence[Track]] = ()
    doubtful: Sequence[Sequence[Track]] = ()

    @property
    def conflicts(self) -> list[Sequence[Track]]:
        """The recordings that carry several genres."""
        return [songs for songs in self.twins if len({track.genre for track in songs}) > 1]


NONE = Recordings()


def with_recordings(catalogue: Catalogue, cache: FeatureCache) -> tuple[Catalogue, Recordings]:
    """The songs, those of one recording with its name in the column RECORDING, and which ones these are.

    Names that are in the column already count too. Songs that the cache does not have are known by their names only.
    """
    twins, numbered = twin_groups(catalogue, cache), parts(catalogue)
    keys: list[set[Hashable]] = [{track.extra.get(RECORDING) or index} for index, track in enumerate(catalogue)]
    for number, group in enumerate([*twins, *numbered.kept]):
        for index in group:
            keys[index].add(("group", number))
    tracks = name_groups(catalogue.tracks, linked(keys))
    of_groups = [[[tracks[index] for index in group] for group in groups] for groups in (twins, *numbered)]
    return replace(catalogue, tracks=tracks), Recordings(*of_groups)


def name_groups(tracks: Sequence[Track], groups: Sequence[int]) -> list[Track]:
    """The songs, those that are not alone in their group with the name of the group's first by name."""
    members: dict[int, list[str]] = defaultdict(list)
    for group, name in zip(groups, song_names(tracks), strict=True):
        members[group].append(name)
    named = {group: min(names) for group, names in members.items() if len(names) > 1}
    return [
        replace(track, extra=track.extra | {RECORDING: named[group]}) if group in named else track
        for group, track in zip(groups, tracks, strict=True)
    ]


def twin_groups(catalogue: Catalogue, cache: FeatureCache) -> list[list[int]]:
    """The indexes of songs that are one recording by their sound: exact copies, and those that find_twins finds."""
    songs = {index: song for index, track in enumerate(catalogue) if (song := cache.find(track.path))}
    indexes = [*songs]
    keys: list[list[Hashable]] = [[song.digest] for song in songs.values()]
    if len(songs) > MOST_SONGS:
        logger.warning("songs: %d; only %d of them are compared with each other by their sound", len(songs), MOST_SONGS)
    for number, pair in enumerate(find_twins([cache.fingerprint(song) for song in [*songs.values()][:MOST_SONGS]])):
        keys[pair.first].append(number)
        keys[pair.second].append(number)
    groups: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(linked(keys)):
        groups[group].append(indexes[place])
    return [group for group in groups.values() if len(group) > 1]
