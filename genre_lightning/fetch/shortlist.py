"""From candidates to the order in which they are fetched: seeded, no recording twice, few songs an artist."""

import hashlib
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from genre_lightning.data.catalogue import linked
from genre_lightning.fetch.candidates import Candidate

MOST_SONGS_OF_AN_ARTIST = 3
SAME_WITHIN_SECONDS = 2.0
TWO_GENRES = "under two genres"
# What the titles of one recording differ in: remarks in brackets, guests, remastering, and signs.
REMARKS = re.compile(r"[(\[{].*?[)\]}]|\b(feat|ft|featuring)\b.*|-[^-]*\b(remaster|version|edit|mono|stereo)\w*\b.*")


@dataclass(frozen=True)
class Shortlist:
    """The candidates in the order in which they are to be tried, each with the number of songs that its artists then
    have at most; and why the others are left out, by track id.
    """

    ranked: list[tuple[int, Candidate]]
    left_out: dict[str, str]

    @property
    def under_two_genres(self) -> list[str]:
        """The ids of the tracks that carry two labels."""
        return [track_id for track_id, reason in self.left_out.items() if reason == TWO_GENRES]

    def of_genre(self, genre: str, rank: int) -> list[Candidate]:
        """The candidates of one genre that give none of their artists more than `rank` songs, singles first."""
        mine = [(own, candidate) for own, candidate in self.ranked if candidate.genre == genre and own <= rank]
        return [candidate for _, candidate in sorted(mine, key=lambda pair: pair[0])]


def shortlist(batches: Sequence[Sequence[Candidate]], kept: Collection[str], seed: int) -> Shortlist:
    """Order the candidates: those whose ids are `kept` first, batch by batch, the seed's order in each.

    Later batches change nothing in the order of earlier ones, so that a run which is interrupted and goes on ends with
    the same songs as one which is not.
    """
    ordered = sorted(seeded_order(batches, seed), key=lambda candidate: candidate.track_id not in kept)
    recordings = linked(recording_keys(ordered))
    genres: dict[int, set[str]] = defaultdict(set)
    for candidate, recording in zip(ordered, recordings, strict=True):
        genres[recording].add(candidate.genre)
    left_out, single, taken = {}, [], set()
    for candidate, recording in zip(ordered, recordings, strict=True):
        if len(genres[recording]) > 1:
            left_out[candidate.track_id] = TWO_GENRES
        elif recording in taken and candidate.track_id not in kept:
            left_out[candidate.track_id] = "the same recording"
        else:
            taken.add(recording)
            single.append(candidate)
    ranked, crowded = rank_by_artist(single, kept)
    return Shortlist(ranked, left_out | dict.fromkeys(crowded, f"more than {MOST_SONGS_OF_AN_ARTIST} of an artist"))


def seeded_order(batches: Sequence[Sequence[Candidate]], seed: int) -> Iterator[Candidate]:
    """Batch by batch, in the seed's order in each; a track that was found again comes once."""
    seen = set()
    for batch in batches:
        for candidate in sorted(batch, key=lambda one: hashlib.sha256(f"{seed} {one.track_id}".encode()).digest()):
            if (candidate.track_id, candidate.genre) not in seen:
                seen.add((candidate.track_id, candidate.genre))
                yield candidate


def recording_keys(candidates: Sequence[Candidate]) -> list[list[object]]:
    """What two tracks share that are one recording: an id, the ISRC, or artists, title and length."""
    lengths: dict[tuple[frozenset[str], str], list[float]] = defaultdict(list)
    for one in candidates:
        lengths[frozenset(one.artists), cleaned(one.title)].append(one.seconds)
    keys: list[list[object]] = []
    for one in candidates:
        name = frozenset(one.artists), cleaned(one.title)
        own = [("id", one.track_id), ("id", one.real_id), (name, stretch(one.seconds, sorted(lengths[name])))]
        keys.append([*own, ("isrc", one.isrc)] if one.isrc else own)
    return keys


def stretch(seconds: float, lengths: Sequence[float]) -> float:
    """The shortest of the sorted `lengths` from which steps of 2 s at most lead to `seconds`."""
    begin = lengths[0]
    for before, length in itertools.pairwise(lengths):
        if length > seconds:
            break
        if length - before > SAME_WITHIN_SECONDS:
            begin = length
    return begin


def cleaned(title: str) -> str:
    """A title without what the editions of one recording differ in."""
    text = title.casefold()
    return re.sub(r"\W+", "", REMARKS.sub(" ", text)) or text


def rank_by_artist(
    candidates: Sequence[Candidate], kept: Collection[str]
) -> tuple[list[tuple[int, Candidate]], list[str]]:
    """Give candidates the number of songs that their artists have with them; return too the ids of those with too many.

    A song of several artists counts for each of them.
    """
    ranked: list[tuple[int, Candidate]] = []
    songs: Counter[str] = Counter()
    waiting = list(candidates)
    for most in range(1, MOST_SONGS_OF_AN_ARTIST + 1):
        left = []
        for candidate in waiting:
            if candidate.track_id in kept or max(songs[artist] for artist in candidate.artists) < most:
                songs.update(candidate.artists.keys())
                ranked.append((most, candidate))
            else:
                left.append(candidate)
        waiting = left
    return ranked, [candidate.track_id for candidate in waiting]
