"""Who made which song, as the map and its neighbours show it: a collaboration counts for each of its artists."""

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from genre_lightning.data.artists import (
    NOBODY,
    POSSIBLE,
    SLASHED,
    UNOPENED,
    artist_key,
    guests,
    is_no_artist,
    split_artists,
)  # fmt: skip
from genre_lightning.data.catalogue import Track
from genre_lightning.data.names import shown_title, with_names
from genre_lightning.embed.embeddings import Embeddings

ArtistsFrom = Literal["tags", "names", "both"]
NO_SEPARATOR = "\ufffe"  # stands for the slash of AC/DC


@dataclass(frozen=True, slots=True)
class Artists:
    """Who made which songs; an artist's index in `names` is their number.

    Attributes:
        names: Each artist in the spelling that most of their songs have.
        songs: The rows of each artist's songs, collaborations among them.
        of_songs: The numbers of each song's artists, in the order of its text, guests in the title last.
    """

    names: list[str]
    songs: list[list[int]]
    of_songs: list[list[int]]


def with_shown_names(embeddings: Embeddings) -> tuple[Embeddings, ArtistsFrom]:
    """The songs with the artists and titles that files and folders name (`data.names`), where nothing else does; and
    whether artists come from tags (or a manifest), from such names, or from both.
    """
    named = replace(embeddings, tracks=with_names(embeddings.tracks))
    tagged = [bool(track.artists) for track in embeddings.tracks]
    read = any(track.artists and not known for track, known in zip(named.tracks, tagged, strict=True))
    return named, ("both" if any(tagged) else "names") if read else "tags"


def artists_of(tracks: Sequence[Track]) -> Artists:
    """Find out who made which songs.

    Whom `split_artists` tells apart are several artists, as are the guests that a title names. `A & B` may be one or
    two: it counts for A and for B if at least half of such parts occur elsewhere as artists of their own, and is one
    artist otherwise, as Earth, Wind & Fire is.
    """
    credited = [credits(track) for track in tracks]
    own = {artist_key(name) for names in credited for name in names}
    songs: dict[str, list[int]] = defaultdict(list)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    keys_of_songs = []
    for row, names in enumerate(credited):
        apart = {artist_key(person): person for name in names for person in members(name, own)}
        keys_of_songs.append([*apart])
        for key, name in apart.items():
            songs[key].append(row)
            spellings[key][name] += 1
    number = {key: index for index, key in enumerate(songs)}
    names = [spellings[key].most_common(1)[0][0] for key in songs]
    return Artists(names, [*songs.values()], [[number[key] for key in keys] for keys in keys_of_songs])


def credits(track: Track) -> list[str]:
    """The artists of a song that are certainly several, and the guests in its title; none if it names no artist."""
    names = split_artists(track.artist)
    invited = [name for guest in guests(track.title) for name in split_artists(guest)] if names else []
    return [*names[:1], *(UNOPENED.sub(r"\1", name) for name in names[1:]), *invited]  # "David Bowie) [Live]"


def members(name: str, own: Set[str]) -> list[str]:
    """The artists that a name stands for: its parts, or itself; `own` are the keys of those who occur on their own."""
    guarded = SLASHED.sub(lambda slashed: slashed[0].replace("/", NO_SEPARATOR), name)
    parts = [part.replace(NO_SEPARATOR, "/").strip(" ()[]") for part in POSSIBLE.split(guarded)]
    people = [part for part in parts if not is_no_artist(part) and artist_key(part) not in NOBODY]
    keys = {artist_key(part) for part in people} - {artist_key(name)}  # signs alone make no other name
    known = len(keys & own)
    return people if len(parts) > 1 and known and 2 * known >= len(people) else [name]


def song_name(track: Track) -> str:
    """A song's title, or its file's name if it has none, and its artist."""
    return shown_title(track) + (f" by {track.artist}" if track.artist else "")
