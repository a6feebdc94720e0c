"""Files that by their names are parts of one recording: song_0.wav, song_1.wav; song.part3.mp3."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from genre_lightning.data.catalogue import Catalogue, Track, genre_name

PART = re.compile(
    r"(?P<name>.+?)(?:[\s_.(\[-]+(?:part|pt|chunk|segment|seg|clip|slice|split|fragment|часть|teil)[\s_.-]*|[\s_.-]+\(?)"
    r"(?P<number>\d{1,5})[)\]]?",
    re.IGNORECASE,
)
# Names that people and programs give to all songs of a list.
OF_LISTS = re.compile(r"(audio|file|recording|sample|untitled|(audio[ _-]?)?track|titel|piste|pista|трек|дорожка)")
FEWEST = 3  # recordings of a genre: with fewer it could not be in all splits
Place = tuple[Path, str]  # a folder, and the name that files in it have before their numbers


def parts(catalogue: Catalogue) -> list[list[int]]:
    """Groups of songs, by their indexes, that are numbered parts of a name, and whose artists are not known.

    A name that all songs of a list have says nothing: that of the genre or the folder, `track`, or one that songs by
    known artists have too; nor do numbers with large gaps. If a genre would be left with fewer than FEWEST recordings,
    the numbers are taken for those of its songs.
    """
    groups: dict[Place, dict[int, int]] = defaultdict(dict)
    named = {place_of(track)[0] for track in catalogue if track.artists}
    for index, track in enumerate(catalogue):
        place, number = place_of(track)
        if place is not None and place not in named:
            groups[place][index] = number
    dense = [[*of] for of in groups.values() if len(of) > 1 and max(of.values()) - min(of.values()) < 2 * len(of)]
    left = recordings_left(catalogue, dense)
    return [group for group in dense if left[catalogue.tracks[group[0]].genre] >= FEWEST]


def place_of(track: Track) -> tuple[Place | None, int]:
    """Where a song would be part of a recording, and as which part; None if its name says nothing of the kind."""
    found = PART.fullmatch(track.path.stem)
    if found is None or OF_LISTS.fullmatch(name := found["name"].casefold()):
        return None, 0
    if genre_name(name) in (track.genre, genre_name(track.path.parent.name)):
        return None, 0
    return (track.path.parent, name), int(found["number"])


def recordings_left(catalogue: Catalogue, groups: list[list[int]]) -> Mapping[str, int]:
    """How many recordings each genre has if each group is one."""
    genres = [track.genre for track in catalogue]
    merged = [genres[index] for group in groups for index in group[1:]]
    return {genre: genres.count(genre) - merged.count(genre) for genre in set(genres)}
