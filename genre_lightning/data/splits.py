"""Which songs are trained on and which are tested on: artist-disjoint, published, or naive, to show what leaks."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

from genre_lightning.data.artists import link_keys
from genre_lightning.data.catalogue import FOLD, SPLITS, TESTED_IN, Catalogue, linked
from genre_lightning.data.order import group_name, seeded, song_names
from genre_lightning.data.published import published, published_folds
from genre_lightning.data.subsample import Amount, check_amount, subsample
from genre_lightning.errors import UserError

Method = Literal["auto", "published", "artist", "naive"]
ORDERS_TRIED = 100
METHODS = get_args(Method)


class Group(NamedTuple):
    """Songs that must stay together: their indexes in the catalogue, how many of each genre, and a name for them."""

    name: str
    songs: list[int]
    genres: Counter[str]


def split_catalogue(
    catalogue: Catalogue, method: Method = "auto", val_fraction: float = 0.15, test_fraction: float = 0.2,
    seed: int = 0, train_songs_per_genre: Amount = None, train_artists_per_genre: Amount = None, draw: int = 0,
) -> Catalogue:  # fmt: skip
    """Divide songs into train, val and test.

    Args:
        catalogue: The songs.
        method: "published": as their source says, and if it has no validation, with a part of train; "artist": at
            random, all songs of an artist in one split, and of each genre as near to the fractions as the artists
            allow; "naive": at random, song by song; "auto": published if the source says any, else artist.
        val_fraction: The part of the songs that goes to val.
        test_fraction: The part of the songs that goes to test.
        seed: Of the random methods.
        train_songs_per_genre: How many songs of train are used, as in `subsample`; those of val and test are the same.
        train_artists_per_genre: How many artists of train are.
        draw: Which ones.

    Returns:
        The same songs in the same order, each with its split, without those of train that are not used.

    Raises:
        UserError: The settings make no split, a song's source does not say its split, or a genre has too few songs.
    """
    check_settings(method, val_fraction, test_fraction)
    check_amount("split.train_songs_per_genre", train_songs_per_genre)
    check_amount("split.train_artists_per_genre", train_artists_per_genre)
    if method == "auto":
        method = "published" if any(track.split for track in catalogue) else "artist"
    fractions = {"train": 1 - val_fraction - test_fraction, "val": val_fraction, "test": test_fraction}
    if method == "published":
        divided = with_validation(published(catalogue), fractions, seed)
    else:
        divided = at_random(catalogue, method, fractions, seed)
    return subsample(divided, train_songs_per_genre, train_artists_per_genre, draw)


def fold_catalogue(
    catalogue: Catalogue, folds: int, repeat: int = 0, method: Method = "auto", seed: int = 0
) -> Catalogue:
    """Divide songs into folds for cross-validation: all songs of an artist in one, each genre spread evenly over all.

    Args:
        catalogue: The songs; splits that their source says count for nothing.
        folds: Into how many.
        repeat: Another one divides them anew, into folds with numbers of their own.
        method: "naive": song by song; "auto": in published folds, if there are any.
        seed: Of the order in which artists are dealt out.

    Returns:
        The same songs in the same order, split fold1, fold2 and so on.

    Raises:
        UserError: There are fewer artists than folds, or another number of published folds.
    """
    if method == "auto" and catalogue.has_folds:
        return published_folds(catalogue, folds, repeat)
    groups = group_tracks(catalogue, method)
    if len(groups) < folds:
        who = "songs" if method == "naive" else "artists (a song that names none counts as one)"
        raise UserError(f"folds={folds}: there are only {len(groups)} {who}; use fewer folds, or add songs")
    names = [f"{FOLD}{folds * repeat + number}" for number in range(1, folds + 1)]
    splits = assign_all(groups, dict.fromkeys(names, 1 / folds), f"{seed} {repeat}")
    return replace(catalogue, tracks=[replace(one, split=splits[number]) for number, one in enumerate(catalogue)])


def listed(*divided: Catalogue) -> Catalogue:
    """Songs as a run lists them. In folds, all are train's, since the network that is kept learns from all of them.

    Then the column TESTED_IN says which fold has tested each: a number for each time that the songs were `divided`.
    """
    if not is_folded(divided[0]):
        return divided[0]
    numbers = (" ".join(song.split.removeprefix(FOLD) for song in songs) for songs in zip(*divided, strict=True))
    tracks = [
        replace(track, split="train", extra=track.extra | {TESTED_IN: number})
        for track, number in zip(divided[0], numbers, strict=True)
    ]
    return replace(divided[0], tracks=tracks)


def with_validation(catalogue: Catalogue, fractions: dict[str, float], seed: int) -> Catalogue:
    """Published splits; if there is no validation among them, with a part of train as such, divided by artist."""
    if catalogue.splits != ["train", "test"]:
        return catalogue
    learning = {split: fractions[split] / (1 - fractions["test"]) for split in ("train", "val")}
    divided = iter(at_random(catalogue.of_split("train"), "artist", learning, seed))
    return replace(catalogue, tracks=[next(divided) if track.split == "train" else track for track in catalogue])


def at_random(catalogue: Catalogue, method: Method, fractions: dict[str, float], seed: int) -> Catalogue:
    """The songs divided anew."""
    splits = assign_all(group_tracks(catalogue, method), fractions, str(seed))
    return replace(catalogue, tracks=[replace(one, split=splits[number]) for number, one in enumerate(catalogue)])


def check_settings(method: str, val_fraction: float, test_fraction: float) -> None:
    """Raise UserError for an unknown method and for fractions that leave a split empty."""
    if method not in METHODS:
        raise UserError(f"split.method: {method!r} is none of {', '.join(METHODS)}")
    if min(val_fraction, test_fraction, 1 - val_fraction - test_fraction) <= 0:
        given = f"val_fraction {val_fraction} and test_fraction {test_fraction}"
        raise UserError(f"split: {given} must be above 0 and leave songs to train on")


def group_tracks(catalogue: Catalogue, method: Method) -> list[Group]:
    """Songs that must stay together; a song without an artist stays alone.

    A song by several artists keeps all songs of all of them together.
    """
    names, groups = song_names(catalogue.tracks), defaultdict(list)
    for number, group in enumerate(linked(() if method == "naive" else track.links for track in catalogue)):
        groups[group].append(number)
    found = []
    for numbers in groups.values():
        tracks, own = [catalogue.tracks[number] for number in numbers], [names[number] for number in numbers]
        name = own[0] if method == "naive" else group_name(tracks, own)
        found.append(Group(name, numbers, Counter(track.genre for track in tracks)))
    return found


def assign_all(groups: Sequence[Group], fractions: dict[str, float], seed: str) -> dict[int, str]:
    """Try orders of equally large groups until every genre is in as many splits as it has groups for; else the last."""
    of_genre = Counter(genre for group in groups for genre in group.genres)
    wanted = sum(min(n_groups, len(fractions)) for n_groups in of_genre.values())
    splits = {}
    for attempt in range(ORDERS_TRIED):
        order = sorted(groups, key=lambda group: (-len(group.songs), seeded(group.name, f"{seed} {attempt}")))
        splits = assign(order, fractions)
        have = {(genre, splits[group.songs[0]]) for group in groups for genre in group.genres}
        if len(have) == wanted:
            break
    return splits


def assign(groups: Sequence[Group], fractions: dict[str, float]) -> dict[int, str]:
    """Put each group, one after the other, where it brings the genres closest to their fractions: each song's split."""
    totals = sum((group.genres for group in groups), Counter())
    targets = {split: {genre: part * total for genre, total in totals.items()} for split, part in fractions.items()}
    held, left = {split: Counter() for split in fractions}, Counter(genre for group in groups for genre in group.genres)
    splits = {}
    for group in groups:
        allowed = splits_to_fill(held, group.genres, left) or list(fractions)
        split = min(allowed, key=lambda split: misfit(group.genres, held[split], targets[split]))
        held[split] += group.genres
        left.subtract(group.genres.keys())
        splits.update(dict.fromkeys(group.songs, split))
    return splits


def splits_to_fill(held: dict[str, Counter[str]], group: Counter[str], left: Counter[str]) -> list[str]:
    """The splits that lack a genre of the next group, if just enough groups are `left` to give each of them one."""
    for genre in sorted(group):
        empty = [split for split in held if not held[split][genre]]
        if empty and left[genre] <= len(empty):
            return empty
    return []


def misfit(group: Counter[str], held: Counter[str], targets: dict[str, float]) -> float:
    """How far the group moves a split from its targets: the change in sum((held - target)^2 / target)."""
    return math.fsum(  # the same in any order
        count * (count + 2 * (held[genre] - targets[genre])) / targets[genre] for genre, count in group.items()
    )


def check_split(catalogue: Catalogue, genres: Iterable[str]) -> None:
    """Raise UserError unless there are two genres, each has training songs, and no split is empty."""
    genres = list(genres)
    if len(genres) < 2:
        raise UserError(f"data: a classifier needs at least two genres, there is only {', '.join(genres) or 'none'}")
    if is_folded(catalogue):
        check_folds(catalogue, genres)
    for split, missing in missing_genres(catalogue, genres).items():
        if missing and (split == "train" or missing == genres):
            raise UserError(
                f"split: no usable song of {', '.join(missing)} is left for {split}; add songs (of other artists), "
                "choose other data.genres, change split.val_fraction or split.test_fraction, or another split.method"
            )


def is_folded(catalogue: Catalogue) -> bool:
    """Whether the songs are divided into folds, and not into train, val and test."""
    return any(track.split.startswith(FOLD) for track in catalogue)


def check_folds(catalogue: Catalogue, genres: Iterable[str]) -> None:
    """Raise UserError if a fold would be tested by a network that has no song of a genre to learn from."""
    folds = {genre: {track.split for track in catalogue if track.genre == genre} for genre in genres}
    if lacking := [genre for genre, found in folds.items() if len(found) < 2]:
        raise UserError(
            f"folds: all usable songs of {', '.join(lacking)} are in one fold, so that its network has none to learn "
            "from; add songs of other artists, choose other data.genres, or split.method=naive"
        )


def missing_genres(catalogue: Catalogue, genres: Iterable[str]) -> dict[str, list[str]]:
    """The genres of which each of SPLITS has no song; of folds, all songs are tested."""
    if is_folded(catalogue):
        return {}
    have = {(track.split, track.genre) for track in catalogue}
    return {split: [genre for genre in genres if (split, genre) not in have] for split in SPLITS}


def unjudged_genres(catalogue: Catalogue) -> dict[str, list[str]]:
    """The genres that validation or test cannot judge, since it has none of their songs, by val and test.

    A published split may be so, and a random one where a genre has too few artists; of folds, each song is tested.
    """
    return {split: missing for split, missing in missing_genres(catalogue, catalogue.genres).items() if missing}


def shared_artists(catalogue: Catalogue) -> list[str]:
    """The artists who are heard in more than one split, however they are spelt there."""
    splits = defaultdict(set)
    for track in catalogue:
        for key in link_keys(track.artist):
            splits[key].add(track.split)
    shared = {key for key, found in splits.items() if len(found) > 1}
    return sorted({name for track in catalogue for name in track.artists if shared & link_keys(name)})
