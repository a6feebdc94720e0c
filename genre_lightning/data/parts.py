"""Files that by their names are parts of one recording: song_0.wav, song_1.wav; song.part3.mp3."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from genre_lightning.data.catalogue import Catalogue, Track, genre_name

CALLED = re.compile(
    r"(.+?)[\s_.(\[-]+(?:part|pt|chunk|segment|seg|clip|slice|split|fragment|часть|teil)[\s_.-]*(\d{1,5})[)\]]?",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"(.+?)(?:[\s_.-]+\(?(\d{1,5})\)?|(?<=[^\W\d_])(0\d{2,4}))")
# Names that people and programs give to all songs of a list.
OF_LISTS = re.compile(r"(audio|file|recording|sample|untitled|(audio[ _-]?)?track|titel|piste|pista|трек|дорожка)")
FEWEST = 3  # recordings of a genre: with fewer it could not be in all splits


class Place(NamedTuple):
    """Where songs would be parts of one recording: their folder, genre, and the name before their numbers."""

    folder: Path
    genre: str
    name: str
    is_called_so: bool  # a part or the like, and not only numbered


class Parts(NamedTuple):
    """Groups of songs, by their indexes: those that are kept together, and those that may be no recording at all."""

    kept: list[list[int]]
    doubtful: list[list[int]]


def parts(catalogue: Catalogue) -> Parts:
    """Groups of songs that are numbered parts of a name, and whose artists are not known.

    A bare number says nothing behind the name of the genre or the folder, `track`, or a name that songs by known
    artists have too; nor do numbers with large gaps. If more than half of a genre is numbered alike, or fewer than
    FEWEST recordings of it would be left, the numbers may be those of songs: these groups are doubtful.
    """
    groups: dict[Place, dict[int, int]] = defaultdict(dict)
    named = {place_of(track)[0] for track in catalogue if track.artists}
    for index, track in enumerate(catalogue):
        place, number = place_of(track)
        if place is not None and place not in named:
            groups[place][index] = number
    several = {place: [*of] for place, of in groups.items() if len(of) > 1 and (place.is_called_so or is_dense(of))}
    left, songs = recordings_left(catalogue, several), Counter(track.genre for track in catalogue)
    kept = [
        group for place, group in several.items()
        if place.is_called_so or (left[place.genre] >= FEWEST and 2 * len(group) <= songs[place.genre])
    ]  # fmt: skip
    return Parts(kept, [group for group in several.values() if group not in kept])


def is_dense(numbers: Mapping[int, int]) -> bool:
    """Whether at least half of the numbers from the least to the greatest are there, or all are as far apart."""
    steps = {after - before for before, after in pairwise(sorted(numbers.values()))}
    return max(numbers.values()) - min(numbers.values()) < 2 * len(numbers) or (len(numbers) > 2 and len(steps) == 1)


def place_of(track: Track) -> tuple[Place | None, int]:
    """Where a song would be part of a recording, and as which part; None if its name says nothing of the kind."""
    if found := CALLED.fullmatch(track.path.stem):
        return Place(track.path.parent, track.genre, found[1].casefold(), is_called_so=True), int(found[2])
    found = NUMBERED.fullmatch(track.path.stem)
    if found is None or OF_LISTS.fullmatch(name := found[1].casefold()):
        return None, 0
    if genre_name(name) in (track.genre, genre_name(track.path.parent.name)):
        return None, 0
    return Place(track.path.parent, track.genre, name, is_called_so=False), int(found[2] or found[3])


def recordings_left(catalogue: Catalogue, groups: Mapping[Place, Sequence[int]]) -> Counter[str]:
    """How many recordings each genre has if each group is one."""
    left = Counter(track.genre for track in catalogue)
    for place, group in groups.items():
        left[place.genre] -= len(group) - 1
    return left
