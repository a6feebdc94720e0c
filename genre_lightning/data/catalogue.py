"""Which songs there are: Track, Catalogue, and manifest.csv, the file that lists them."""

import csv
import io
import os
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unicodedata import normalize

from genre_lightning.data.artists import artist_name, guests, link_keys, split_artists
from genre_lightning.data.tables import read_table
from genre_lightning.data.walk import find_files
from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole
from genre_lightning.text import as_cell

MANIFEST = "manifest.csv"
SPLITS = ("train", "val", "test")
SPLIT_NAMES = {"train": "train", "val": "validation", "test": "test"}
FOLD = "fold"  # what the splits of cross-validation begin with
TESTED_IN = "tested_in_fold"  # a run's own column, with the numbers of folds: some data sets have a column fold
COLUMNS = ("path", "genre", "artist", "title", "split")
RECORDING = "recording_of"  # the column with a name that songs share which are one recording, or parts of one
ARTIST_IDS = "artist_ids"  # the column with the numbers of a song's artists at the service that it was fetched from
TRACK_ID = "track_id"  # the column with a song's number at the service that it was fetched from
PUBLISHED_FOLD = "published_fold"  # the column with the fold that a song is in wherever it is used
CHECKED = "genre_checked"  # the column with what somebody has heard, which wins over the genre
DROP = "drop"  # stands there for a song that is to be left out


@dataclass(frozen=True, slots=True)
class Track:
    """A song's file and what is known of it.

    Attributes:
        path: The audio file.
        genre: In the spelling of `genre_name`; empty if it is not known, or if the song is to be left out.
        artist: Semicolons, "feat." or a slash between spaces separate several; empty if they are not known.
        title: Empty if it is not known.
        split: One of SPLITS; empty until one is chosen.
        extra: The other columns of the manifest that lists the song, by their names.
    """

    path: Path
    genre: str
    artist: str = ""
    title: str = ""
    split: str = ""
    extra: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def checked(self) -> str:
        """The genre that somebody has heard, or DROP, in the spelling of `genre_name`; empty if nobody has listened."""
        return genre_name(self.extra.get(CHECKED) or "")

    @property
    def artists(self) -> list[str]:
        """Its artists as they are counted, each in the spelling of `artist_name`; none if they are not known."""
        return [artist_name(name) for name in split_artists(self.artist)]

    @property
    def links(self) -> frozenset[str]:
        """What it shares with the songs that must stay on its side of a split: artists, and the recording it is of."""
        recording, ids = self.extra.get(RECORDING), self.extra.get(ARTIST_IDS, "").split(";")
        keys = {f"artist {number.strip()}" for number in ids if number.strip()}
        keys |= {key for guest in guests(self.title) for key in link_keys(guest)}
        return link_keys(self.artist) | keys | ({f"{RECORDING} {recording}"} if recording else frozenset())


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The songs of a data set, in a fixed order.

    Attributes:
        tracks: The songs.
        others: Why other files that lie among them are none, by path.
        about: What a report of them has to say beside, such as their licence.
    """

    tracks: Sequence[Track]
    others: Mapping[Path, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tracks)

    def __iter__(self) -> Iterator[Track]:
        return iter(self.tracks)

    @property
    def genres(self) -> list[str]:
        """The genres in alphabetical order: a genre's index here is its index in the logits."""
        return sorted({track.genre for track in self.tracks} - {""})

    @property
    def splits(self) -> list[str]:
        """The splits that have songs, in the order of SPLITS, or the folds by their numbers."""
        return sorted({track.split for track in self.tracks}, key=split_order)

    @property
    def has_folds(self) -> bool:
        """Whether its source says in which folds songs are."""
        return any(track.extra.get(PUBLISHED_FOLD) for track in self.tracks)

    def of_split(self, split: str) -> "Catalogue":
        """The songs of one split."""
        return Catalogue([track for track in self.tracks if track.split == split])

    def of_genres(self, genres: Sequence[str] | None) -> "Catalogue":
        """The songs of the named genres, however spelt; all songs for None. Raises UserError for an unknown one."""
        if genres is None:
            return self
        wanted = {genre_name(str(genre)) for genre in genres}
        if not wanted:
            raise UserError(f"data.genres is empty; there are {', '.join(self.genres)}")
        if unknown := sorted(wanted - set(self.genres)):
            raise UserError(
                f"data.genres: no songs of {', '.join(unknown)}; there are {', '.join(self.genres) or 'none'}"
            )
        return replace(self, tracks=[track for track in self.tracks if track.genre in wanted])


def split_order(split: str) -> int:
    """Where a split stands among SPLITS, or a fold among folds."""
    return int(split.removeprefix(FOLD)) if split.startswith(FOLD) else SPLITS.index(split)


def genre_name(text: str) -> str:
    """One spelling for each genre: `Hip-Hop`, `hip hop` and `hiphop` are the same, `1-2` and `12` are not.

    No spaces stand around signs, as in `R & B`.
    """
    name = normalize("NFKC", " ".join(text.split())).casefold()
    name = re.sub(r"(?<=[^\W\d_])[\s_-]+(?=[^\W\d_])", "", name)
    return re.sub(r"\s*([&/|+,])\s*", r"\1", name)


def linked(keys_of_things: Iterable[Iterable[Hashable]]) -> list[int]:
    """Group things that share a key, directly or through others; a thing without keys stays alone.

    Returns for each thing the number of the first one in its group.
    """
    parents: list[int] = []
    first: dict[Hashable, int] = {}

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    for number, keys in enumerate(keys_of_things):
        parents.append(number)
        for key in keys:
            earlier, later = sorted((root(first.setdefault(key, number)), root(number)))
            parents[later] = earlier
    return [root(number) for number in range(len(parents))]


def read_manifest(path: Path) -> Catalogue:
    """Read a manifest.csv; paths in it are relative to its folder, columns beside COLUMNS go to `extra`.

    A genre in the column CHECKED takes the place of that in `genre`, which may then be empty; a song with DROP there
    has none. Both stay in `extra`: read again, they say the same.

    A manifest without the column `path`, as people share them, is for files that are called like its TRACK_ID.

    Raises UserError that names the line for a missing column, a missing value, an unknown split or a path listed twice.
    """
    rows = [*read_table(path, (*COLUMNS, CHECKED, TRACK_ID), ("genre",))]
    lines = [(line, read_row(row, path, line)) for line, row in with_paths(rows, path)]
    first: dict[str, int] = {}
    for line, track in lines:
        if (before := first.setdefault(os.path.normpath(track.path), line)) != line:
            raise UserError(f"{path}, line {line}: lists {track.path}, as line {before} does; keep one")
    return Catalogue([track for _, track in lines])


def with_paths(rows: Sequence[tuple[int, dict[str, str]]], manifest: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a manifest; those of a shared one, without paths, get the paths of files called like their ids.

    Raises UserError if there are neither paths nor ids.
    """
    if not rows or "path" in rows[0][1]:
        yield from rows
        return
    if TRACK_ID not in rows[0][1]:
        raise UserError(f"{manifest}: its first line must name the column path, or {TRACK_ID}")
    songs = {song.stem: song for song in find_files(manifest.parent).songs}
    for line, row in rows:
        number = row[TRACK_ID].strip()
        path = path_beside(songs[number], manifest.parent) if number in songs else f"{number}.mp3"
        yield line, {**row, "path": path if number else ""}


def read_row(row: dict[str, str], manifest: Path, line: int) -> Track:
    """One line of a manifest. Raises UserError."""
    values = {column: row.get(column, "").strip() for column in COLUMNS}
    for column in ("path", "genre"):
        if not values[column] and not (column == "genre" and CHECKED in row):
            raise UserError(f"{manifest}, line {line}: the {column} is empty")
    if values["split"] not in (*SPLITS, ""):
        raise UserError(f"{manifest}, line {line}: the split {values['split']!r} is none of {', '.join(SPLITS)}")
    values["genre"] = genre_name(values["genre"])
    extra = {column: text for column, text in row.items() if column not in COLUMNS}
    track = Track(place(manifest.parent, values.pop("path")), **values, extra=extra)
    return replace(track, genre="" if track.checked == DROP else track.checked or track.genre)


def place(folder: Path, name: str) -> Path:
    """Where a listed file lies: as its line says, or with the slashes or the composed letters of another system."""
    names = dict.fromkeys((name, name.replace("\\", "/")))
    spelt = (folder / normalize(form, one) if form else folder / one for one in names for form in ("", "NFC", "NFD"))
    return next((path for path in spelt if os.path.exists(path)), folder / name)  # noqa: PTH110 (Path's raises for names that are too long)


def write_manifest(catalogue: Catalogue, path: Path, root: Path | None = None) -> None:
    """Write what `read_manifest` reads in the folder `root`, with paths relative to it if they lie below it.

    None: in the folder that it is written to.
    """
    extras = list(dict.fromkeys(column for track in catalogue for column in track.extra))
    rows = csv.writer(lines := io.StringIO())
    rows.writerow(map(as_cell, [*COLUMNS, *extras]))
    folder = path.parent if root is None else root
    for track in catalogue:
        known = {column: getattr(track, column) for column in COLUMNS[1:]}
        known |= track.extra | {"path": path_beside(track.path, folder)}
        rows.writerow(as_cell(str(known.get(column, ""))) for column in (*COLUMNS, *extras))
    write_text_whole(path, lines.getvalue(), "surrogateescape")  # names of files may be no UTF-8


def path_beside(song: Path, folder: Path) -> str:
    """A song's path as a file in `folder` names it: relative if it lies below, with slashes on every system."""
    song, folder = song.absolute(), folder.absolute()
    return (song.relative_to(folder) if song.is_relative_to(folder) else song).as_posix()
