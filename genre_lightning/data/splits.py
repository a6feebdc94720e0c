"""Who is trained on and who is tested on: artist-disjoint, published, naive (to show what leaks)."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, get_args

from genre_lightning.data.catalogue import SPLITS, Catalogue, Track, linked
from genre_lightning.errors import UserError

Method = Literal["auto", "published", "artist", "naive"]
Groups = list[list[tuple[int, Track]]]
ORDERS_TRIED = 100
METHODS = get_args(Method)


def split_catalogue(
    catalogue: Catalogue, method: Method = "auto", val_fraction: float = 0.15, test_fraction: float = 0.2, seed: int = 0
) -> Catalogue:
    """Give every song a side.

    published: the one its source names; artist: seeded, no artist on two sides, as many songs of each genre as the
    artists allow; naive: seeded, song by song; auto: published where the source names any, else artist.
    Raises UserError for settings or songs that make no honest split.
    """
    check_settings(method, val_fraction, test_fraction)
    method = resolve_method(catalogue, method)
    shares = {"train": 1 - val_fraction - test_fraction, "val": val_fraction, "test": test_fraction}
    if method == "published":
        check_published(catalogue)
        return catalogue
    sides = assign_all(group_tracks(catalogue, method), shares, random.Random(seed))
    return Catalogue([replace(track, split=sides[number]) for number, track in enumerate(catalogue)])


def check_settings(method: str, val_fraction: float, test_fraction: float) -> None:
    """Raise UserError for an unknown method and for fractions that leave a side empty."""
    if method not in METHODS:
        raise UserError(f"split.method: {method!r} is none of {', '.join(METHODS)}")
    if min(val_fraction, test_fraction, 1 - val_fraction - test_fraction) <= 0:
        raise UserError(
            f"split: val_fraction {val_fraction} and test_fraction {test_fraction} must be above 0 "
            "and leave songs to train on"
        )


def resolve_method(catalogue: Catalogue, method: Method) -> Method:
    """What `auto` means for these songs."""
    if method != "auto":
        return method
    return "published" if any(track.split for track in catalogue) else "artist"


def check_published(catalogue: Catalogue) -> None:
    """Raise UserError where the source has not chosen a side for a song."""
    if homeless := [track for track in catalogue if not track.split]:
        raise UserError(
            f"split.method=published: {len(homeless)} songs have no split, the first is {homeless[0].path}; "
            "fill the manifest's split column or use split.method=artist"
        )


def group_tracks(catalogue: Catalogue, method: Method) -> Groups:
    """Songs that must stay together, each with its place in the catalogue; a song without an artist stays alone.

    A song by several artists keeps all songs of all of them together.
    """
    together = linked(track.artists if method == "artist" else () for track in catalogue)
    groups = defaultdict(list)
    for number, (group, track) in enumerate(zip(together, catalogue, strict=True)):
        groups[group].append((number, track))
    return list(groups.values())


def assign_all(groups: Groups, shares: dict[str, float], rng: random.Random) -> dict[int, str]:
    """Try orders of equally large groups until every genre is on every side; the last one where none does it."""
    genres = {track.genre for group in groups for _, track in group}
    sides = {}
    for _ in range(ORDERS_TRIED):
        sides = assign(groups, shares, rng)
        have = {(track.genre, sides[number]) for group in groups for number, track in group}
        if len(have) == len(genres) * len(shares):
            break
    return sides


def assign(groups: Groups, shares: dict[str, float], rng: random.Random) -> dict[int, str]:
    """Put each group, largest first, where it brings the genres closest to their shares; returns each song's side."""
    rng.shuffle(groups)
    groups.sort(key=len, reverse=True)
    counts = [Counter(track.genre for _, track in group) for group in groups]
    totals = sum(counts, Counter())
    targets = {side: {genre: share * total for genre, total in totals.items()} for side, share in shares.items()}
    held = {side: Counter() for side in shares}
    sides = {}
    for place, group in enumerate(groups):
        open_sides = sides_to_fill(held, counts[place:]) or list(shares)
        side = min(open_sides, key=lambda side: misfit(counts[place], held[side], targets[side]))
        held[side] += counts[place]
        sides.update((number, side) for number, _ in group)
    return sides


def sides_to_fill(held: dict[str, Counter[str]], left: list[Counter[str]]) -> list[str]:
    """The sides still without a genre of the next group, where just enough groups are left to give each side one."""
    for genre in left[0]:
        empty = [side for side in held if not held[side][genre]]
        if empty and sum(genre in group for group in left) <= len(empty):
            return empty
    return []


def misfit(group: Counter[str], held: Counter[str], targets: dict[str, float]) -> float:
    """How far the group moves a side from its targets: the change in sum((held - target)^2 / target)."""
    return sum(count * (count + 2 * (held[genre] - targets[genre])) / targets[genre] for genre, count in group.items())


def check_split(catalogue: Catalogue, genres: Iterable[str]) -> None:
    """Raise UserError unless there are two genres and each has a song on every side."""
    genres = list(genres)
    if len(genres) < 2:
        raise UserError(f"data: {len(genres)} genre ({', '.join(genres)}); a classifier needs at least two")
    have = {(track.split, track.genre) for track in catalogue}
    for split in SPLITS:
        if lacking := [genre for genre in genres if (split, genre) not in have]:
            raise UserError(
                f"split: no usable song of {', '.join(lacking)} is left for {split}; add songs (of other artists), "
                "choose other data.genres, change split.val_fraction or split.test_fraction, or another split.method"
            )


def shared_artists(catalogue: Catalogue) -> list[str]:
    """Artists who are heard on more than one side, as the songs themselves tell."""
    sides = defaultdict(set)
    for track in catalogue:
        for artist in track.artists:
            sides[artist].add(track.split)
    return sorted(artist for artist, found in sides.items() if len(found) > 1)
