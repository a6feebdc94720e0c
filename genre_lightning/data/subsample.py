"""Fewer training songs than there are, to see what more of them are worth."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from genre_lightning.data.catalogue import Catalogue, linked
from genre_lightning.data.order import group_name, seeded, song_names
from genre_lightning.errors import UserError

Amount = int | float | None  # a whole number of things; a float: a part of them, as in scikit-learn; None: all


def subsample(
    catalogue: Catalogue, songs_per_genre: Amount = None, artists_per_genre: Amount = None, draw: int = 0
) -> Catalogue:
    """Draw training songs of each genre; songs of the other splits all stay.

    The artists of a smaller draw are among those of a larger one, and so are the songs of the same artists. Songs that
    share an artist, or are linked so, are one artist's; a song that names none is its own. A file that cannot be read
    counts as any other: which songs are drawn does not depend on it.

    Args:
        catalogue: The songs, each with its split.
        songs_per_genre: How many songs of each genre, of the artists that are drawn.
        artists_per_genre: How many artists of each genre. What one of them made in another genre counts there.
        draw: Another number draws others.

    Raises:
        UserError: A genre has fewer than that.
    """
    kept = [number for number, track in enumerate(catalogue) if track.split == "train"]
    artists = linked(track.links for track in catalogue)
    kept = draw_of_each_genre(catalogue, kept, artists, artists_per_genre, "artists", draw)
    kept = draw_of_each_genre(catalogue, kept, range(len(catalogue)), songs_per_genre, "songs", draw)
    chosen = {*kept, *(number for number, track in enumerate(catalogue) if track.split != "train")}
    return replace(catalogue, tracks=[track for number, track in enumerate(catalogue) if number in chosen])


def draw_of_each_genre(
    catalogue: Catalogue, kept: Sequence[int], owners: Sequence[int], wanted: Amount, what: str, draw: int
) -> list[int]:
    """Those of the songs `kept` whose owners are drawn; `owners` has a number for each song of the catalogue."""
    found: dict[str, set[int]] = defaultdict(set)
    for number in kept:
        found[catalogue.tracks[number].genre].add(owners[number])
    check_enough(found, wanted, what)
    places = places_in_draw(catalogue, owners, f"{draw} {what}")
    drawn = {genre: set(sorted(of, key=places.__getitem__)[: count(wanted, len(of))]) for genre, of in found.items()}
    return [number for number in kept if owners[number] in drawn[catalogue.tracks[number].genre]]


def places_in_draw(catalogue: Catalogue, owners: Sequence[int], seed: str) -> dict[int, tuple[bytes, str]]:
    """What owners are sorted by, all that could be kept, so that a larger amount only adds some."""
    names, songs = song_names(catalogue.tracks), defaultdict(list)
    for number, owner in enumerate(owners):
        songs[owner].append(number)
    alone = len(songs) == len(catalogue)
    places = {}
    for owner, numbers in songs.items():
        own = [names[number] for number in numbers]
        name = own[0] if alone else group_name([catalogue.tracks[number] for number in numbers], own)
        places[owner] = seeded(name, seed)
    return places


def check_enough(found: Mapping[str, Collection[int]], wanted: Amount, what: str) -> None:
    """Raise UserError if more is wanted than a genre has."""
    genre = min(found, key=lambda genre: len(found[genre]), default=None)
    if genre is not None and isinstance(wanted, int) and wanted > (most := len(found[genre])):
        raise UserError(
            f"split.train_{what}_per_genre={wanted}: of {genre} there are {most} {what} to train on; ask for {most} or "
            f"fewer, for a part such as 0.5, or leave {genre} out of data.genres"
        )


def count(wanted: Amount, there: int) -> int:
    """How many of the things that are there are wanted, at least one."""
    if isinstance(wanted, float):
        return max(1, round(wanted * there))
    return there if wanted is None else wanted


def check_amount(key: str, wanted: Amount) -> None:
    """Raise UserError for an amount that is neither a whole number nor a part."""
    if wanted is None or (wanted >= 1 if isinstance(wanted, int) else 0 < wanted <= 1):
        return
    raise UserError(
        f"{key} must be a whole number of at least 1, a part such as 0.5 (1.0 is all), or null, not {wanted}"
    )
