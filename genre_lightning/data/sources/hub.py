"""data=hub: any published set of songs, by its name at the Hugging Face hub, or in a folder of the same formats."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from genre_lightning.data.catalogue import PUBLISHED_FOLD, Catalogue, Track, genre_name
from genre_lightning.data.hub.asked import Asked, tell
from genre_lightning.data.hub.listing import Listing, Song, listing_of
from genre_lightning.data.hub.rows import LIST, NAMES, NUMBER, SEPARATOR, SOUND, TEXT
from genre_lightning.data.sources.folder import SPLIT_FOLDERS
from genre_lightning.errors import UserError
from genre_lightning.text import printable

SPLITS = SPLIT_FOLDERS | {"dev": "val", "eval": "test", "evaluation": "test"}
# What sets call the columns that are wanted, the surest names first.
LABELS = (
    "genre", "genres", "genre_top", "top_genre", "music_genre", "main_genre", "label", "labels", "category", "class",
    "class_label", "class_name", "target", "style",
)  # fmt: skip
ARTISTS = ("artist", "artists", "artist_name", "artist_names", "artist_id", "performer", "singer", "band", "composer")
TITLES = ("title", "track_title", "track_name", "song_title", "song_name", "song")
NO_LABEL, SEVERAL = "has no label in its data set", "has several labels in its data set"
FEWEST_FOLDS = 3


def hub(
    root: str, name: str = "", subset: str | None = None, revision: str | None = None, genres: list[str] | None = None,
    audio_column: str | None = None, label_column: str | None = None, artist_column: str | None = None,
    title_column: str | None = None, fold_column: str | None = None,
) -> Catalogue:  # fmt: skip
    """List the songs of a published set; those that are no files are made such the first time.

    Args:
        root: The folder for all sets, in which each has its own.
        name: OWNER/DATASET of the hub; or a folder that the library `datasets` reads: of songs, of parquet files.
        subset: Which one, if the set has several (its configurations).
        revision: A commit, branch or tag of the hub; None: the one that is in `root`, else the newest.
        genres: The genres wanted; None: all.
        audio_column: Where the sound is; None: the only column of sound.
        label_column: Where the genre is, or a list: songs with several are left out; None: one that is called so.
        artist_column: Where the artist is, or a list of them, or what must stay together; None: one called so, if any.
        title_column: Where the title is; None: as before.
        fold_column: Where the number of a published fold is, if there is one: `folds` then are those; without `folds`
            the last fold is the test split and the one before it the validation split, unless the set has splits.

    Returns:
        The songs. The splits of the set are published ones; if it has no test split, its validation split is tested.

    Raises:
        UserError: There is no such set or column, it cannot be had, or it cannot be told which column has the genres.
    """
    listing = listing_of(Asked(root, name, subset, revision, audio_column))
    label = label_of(listing.columns, label_column)
    columns = {"artist": column(listing.columns, "artist", artist_column, ARTISTS)}
    columns |= {"title": column(listing.columns, "title", title_column, TITLES)}
    columns |= {"fold": column(listing.columns, "fold", fold_column, ())}
    return catalogue_of(listing, label, columns).of_genres(genres)


def label_of(columns: Mapping[str, str], wanted: str | None) -> str:
    """The column of genres. Raises UserError if it cannot be told."""
    if not described(columns):
        left = "nothing beside its sound that is text, a number, a class or a list of such"
        raise UserError(f"data.name: that set has {left}, and so no genres; data=folder reads folders")
    by_name = {name: kind for name, kind in columns.items() if kind in (NAMES, TEXT)}
    classes = [name for name, kind in columns.items() if kind == NAMES]
    found = column(columns, "label", wanted, ()) or column(by_name, "label", None, LABELS)
    found = found or (classes[0] if len(classes) == 1 else "") or column(columns, "label", None, LABELS)
    if not found:
        told = "it cannot be told which column has the genres"
        raise UserError(f"data.label_column: {told}; name one of {described(columns)}")
    return found


def column(columns: Mapping[str, str], what: str, wanted: str | None, usual: Sequence[str]) -> str:
    """The column that is wanted, or the first that has a `usual` name in whatever spelling; empty if none has.

    Raises UserError if there is none that is wanted.
    """
    if wanted is not None and (wanted not in columns or columns[wanted] == SOUND):
        raise UserError(f"data.{what}_column: there is no column {wanted!r}; there are {described(columns)}")
    spelt = {re.sub(r"[\s-]+", "_", name.casefold()): name for name, kind in columns.items() if kind != SOUND}
    return wanted or next((spelt[name] for name in usual if name in spelt), "")


def described(columns: Mapping[str, str]) -> str:
    """The columns but those of sound, each with its kind."""
    kinds = {NAMES: "classes", TEXT: "text", NUMBER: "numbers", LIST: "lists"}
    return printable(", ".join(f"{name} ({kinds[kind]})" for name, kind in columns.items() if kind != SOUND))


def catalogue_of(listing: Listing, label: str, columns: Mapping[str, str]) -> Catalogue:
    """The songs of a set, read by these columns. Raises UserError if none has one label, or for folds that are none."""
    told = ", ".join(f"{part} {name or '(none)'}" for part, name in {"label": label, **columns}.items())
    tell(f"{listing.name}, revision {listing.revision}, licence: {listing.licence}; columns: {told}")
    songs, faults = labelled(listing, label)
    folds = splits_of_folds(songs, columns["fold"]) if columns["fold"] else {}
    splits = splits_of_set(songs) or folds
    tracks = []
    for song in songs:
        artist, title, fold = (song.values.get(columns[part], "") for part in ("artist", "title", "fold"))
        split, own = splits.get(song.split, splits.get(fold, "")), {PUBLISHED_FOLD: fold} if columns["fold"] else {}
        tracks.append(Track(song.path, genre_name(song.values[label]), artist, title, split, own))
    about = {"data set": f"{listing.name}, revision {listing.revision}", "licence of the songs": listing.licence}
    return Catalogue(tracks, listing.others | faults, about)


def labelled(listing: Listing, label: str) -> tuple[list[Song], dict[Path, str]]:
    """The songs that have one label, the first of several rows that name one file; and why others are left out.

    Raises UserError if none has.
    """
    found, faults, rows = {}, {}, []
    for song in listing.songs:
        text = song.values.get(label, "").strip()
        if text and (listing.columns[label] != LIST or SEPARATOR not in text):
            rows.append(song)
            found.setdefault(song.path, song)
        else:
            faults[song.path] = SEVERAL if text else NO_LABEL
    if faults and not found:
        told = f"no song has one label in {printable(label)}, as it must; there are {described(listing.columns)}"
        raise UserError(f"data.label_column: {told}")
    if len(found) < len(rows):
        tell(f"rows left out, since they name a file that one before them names: {len(rows) - len(found)}")
    return [*found.values()], {path: fault for path, fault in faults.items() if path not in found}


def splits_of_set(songs: Sequence[Song]) -> dict[str, str]:
    """What the splits of a set are called here; nothing if they are no splits, which is told, or there is only one.

    A set whose test split nobody may see, or whose songs there have no label, is tested on its validation split.
    """
    names = {song.split: SPLITS.get(song.split.lower(), "") for song in songs}
    found = {*names.values()}
    if "train" not in found or "" in found or len(found) == 1:
        if len(names) > 1:
            tell(f"the set is divided into {', '.join(names)}, which is not train and test: that counts for nothing")
        return {}
    return names if "test" in found else {name: split.replace("val", "test") for name, split in names.items()}


def splits_of_folds(songs: Sequence[Song], column: str) -> dict[str, str]:
    """The splits of published folds, by their names: the last one is tested, the one before it is validation.

    Raises UserError if there are fewer than three, or a song has none.
    """
    folds = sorted({song.values.get(column, "") for song in songs}, key=lambda fold: (len(fold), fold))
    if len(folds) < FEWEST_FOLDS or "" in folds:
        told = f"{column} has {len(folds)} values" if "" not in folds else f"some songs have nothing in {column}"
        raise UserError(f"data.fold_column: {told}, which are no folds")
    return dict.fromkeys(folds, "train") | {folds[-1]: "test", folds[-2]: "val"}
