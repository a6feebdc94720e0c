"""Splits and folds that the source of the songs says."""

from dataclasses import replace

from genre_lightning.data.catalogue import FOLD, PUBLISHED_FOLD, Catalogue
from genre_lightning.errors import UserError


def published(catalogue: Catalogue) -> Catalogue:
    """The songs as their source divides them. Raises UserError if it does not say where a song belongs."""
    if lacking := [track for track in catalogue if not track.split]:
        raise UserError(
            f"split.method=published: {len(lacking)} songs have no split, the first is {lacking[0].path}; "
            "fill the manifest's split column or use split.method=artist"
        )
    return catalogue


def published_folds(catalogue: Catalogue, folds: int, repeat: int) -> Catalogue:
    """The songs in the folds that their source says, in the order of these.

    Raises UserError if there are not as many, a song is in none, or they are to be divided anew.
    """
    names = [track.extra.get(PUBLISHED_FOLD, "") for track in catalogue]
    found = sorted({*names}, key=lambda name: (len(name), name))
    if "" in found:
        raise UserError(f"folds: {names.count('')} songs are in no {PUBLISHED_FOLD}, and the others are in one")
    if len(found) != folds:
        told = f"these songs have {len(found)} published folds; use folds={len(found)}, or split.method=artist"
        raise UserError(f"folds={folds}: {told}")
    if repeat:
        raise UserError("repeats: published folds are what they are; leave repeats out, or use split.method=artist")
    tracks = [
        replace(track, split=f"{FOLD}{1 + found.index(name)}") for track, name in zip(catalogue, names, strict=True)
    ]
    return replace(catalogue, tracks=tracks)
