"""data=fma: the Free Music Archive of Defferrard, Benzi, Vandergheynst and Bresson (2017) with its published split.

Its metadata, fma_metadata/tracks.csv, has three lines above its rows: names of columns on two levels, such as track and
genre_top, and the name of the index. Songs are called by their numbers: fma_small/000/000002.mp3.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genre_lightning.data.catalogue import ARTIST_IDS, Catalogue, Track, genre_name
from genre_lightning.data.sources.folder import FMA_FOLDER, existing_folder
from genre_lightning.errors import UserError

SUBSETS = ("small", "medium", "large")  # each holds the one before
UNTRIMMED = "fma_full"  # the songs of large from beginning to end
SPLITS = {"training": "train", "validation": "val", "test": "test"}
COLUMNS = {
    "split": ("set", "split"), "subset": ("set", "subset"), "genre": ("track", "genre_top"),
    "artist": ("artist", "name"), "artist_id": ("artist", "id"), "title": ("track", "title"),
}  # fmt: skip
LONGEST_VALUE = 2**24  # a biography may be longer than what Python's csv takes for one
# Clips of less than half a minute, most of them empty, since the lengths in the metadata were wrong where they were cut
# out: the list in https://github.com/mdeff/fma/issues/8, that of the medium subset in https://github.com/mdeff/fma/wiki.
# The songs of fma_full are whole.
CUT_WRONGLY = frozenset([
    1486, 5574, 65753, 80391, 98558, 98559, 98560, 98565, 98566, 98567, 98568, 98569, 98571, 99134, 105247, 108924,
    108925, 126981, 127336, 133297, 143992,
])  # fmt: skip
FAULTY = "is empty or cut off in every copy of FMA, as its authors say"
LICENCE = "each song's own, chosen by its artist"
NO_GENRE = "has no top genre in FMA"


def fma(root: str, subset: str = "small", genres: list[str] | None = None) -> Catalogue:
    """List FMA's songs with their top genres, artists and published splits.

    Args:
        root: The folder that holds `fma_metadata/` and `fma_small/`, `fma_medium/`, `fma_large/` or `fma_full/`, of
            which the first one counts that has the subset; or one of the latter, beside `fma_metadata/`.
        subset: "small", "medium" or "large".
        genres: The genres wanted; None: all of the subset.

    Returns:
        The songs, also those that `root` lacks; without those that have no top genre, and those that are known to be
        faulty, which are among the others.

    Raises:
        UserError: There is no such folder, it lacks the metadata or the audio, or a setting is unknown.
    """
    metadata, audio = find(root, subset)
    tracks, others = [], {}
    for number, row in rows_of(metadata, SUBSETS[: SUBSETS.index(subset) + 1]):
        track = read_track(metadata, audio / f"{number // 1000:03}" / f"{number:06}.mp3", row)
        if number in CUT_WRONGLY and audio.name != UNTRIMMED:
            others[track.path] = FAULTY
        elif not track.genre:
            others[track.path] = NO_GENRE
        else:
            tracks.append(track)
    return Catalogue(tracks, others, {"licence of the songs": LICENCE}).of_genres(genres)


def find(root: str, subset: str) -> tuple[Path, Path]:
    """The collection's tracks.csv, and the folder of folders such as 000 that has the songs of a subset.

    Raises UserError if one of them is not there, or there is no such subset.
    """
    if subset not in SUBSETS:
        raise UserError(f"data.subset: {subset!r} is none of {', '.join(SUBSETS)}")
    folder = existing_folder(root)
    return find_metadata(folder), find_audio(folder, subset)


def find_metadata(root: Path) -> Path:
    """The collection's tracks.csv. Raises UserError if there is none."""
    for folder in (root / "fma_metadata", root, root.absolute().parent / "fma_metadata"):
        if (folder / "tracks.csv").is_file():
            return folder / "tracks.csv"
    raise UserError(f"data.root: {root} has no fma_metadata/tracks.csv; unpack fma_metadata.zip of FMA there")


def find_audio(root: Path, subset: str) -> Path:
    """The folder of folders such as 000 that has the songs of a subset. Raises UserError if there is none."""
    names = [f"fma_{one}" for one in SUBSETS]
    smaller, names = names[: SUBSETS.index(subset)], [*names[SUBSETS.index(subset) :], UNTRIMMED]
    for folder in (*(root / name for name in names), root):
        if (
            folder.name not in smaller
            and folder.is_dir()
            and any(FMA_FOLDER.fullmatch(child.name) for child in folder.iterdir())
        ):
            return folder
    raise UserError(
        f"data.root: {root} has no {names[0]}/ with folders such as 000; unpack {names[0]}.zip of FMA there"
    )


def rows_of(path: Path, subsets: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The COLUMNS of the songs in some subsets, by the songs' numbers. Raises UserError."""
    try:
        with path.open(encoding="utf-8", newline="") as file, long_values():
            rows = csv.reader(file)
            above = zip(next(rows, []), next(rows, []), strict=True)
            places = {levels: place for place, levels in enumerate(above)}
            next(rows, None)  # the name of the index
            known = {name: places[levels] for name, levels in COLUMNS.items()}
            for row in rows:
                if row and row[known["subset"]] in subsets:
                    yield int(row[0]), {name: row[place].strip() for name, place in known.items()}
    except (csv.Error, ValueError, LookupError):  # ValueError: also what is no UTF-8
        told = "is not FMA's table of songs, or damaged; unpack fma_metadata.zip anew"
        raise UserError(f"data.root: {path} {told}") from None


@contextmanager
def long_values() -> Iterator[None]:
    """Let tables have values of LONGEST_VALUE letters meanwhile."""
    usual = csv.field_size_limit(LONGEST_VALUE)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def read_track(metadata: Path, path: Path, row: dict[str, str]) -> Track:
    """One row of tracks.csv. Raises UserError for a split that is none of SPLITS."""
    if row["split"] not in SPLITS:
        raise UserError(f"data.root: {metadata} has {path.stem} in {row['split']!r}, which is no split of FMA")
    artist_id = {ARTIST_IDS: row["artist_id"]}  # several artists may have one name
    return Track(path, genre_name(row["genre"]), row["artist"], row["title"], SPLITS[row["split"]], artist_id)
