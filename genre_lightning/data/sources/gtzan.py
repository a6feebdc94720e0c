"""data=gtzan: the GTZAN collection with its published fault-filtered, artist-disjoint split.

Tzanetakis and Cook 2002; the split is that of Kereliuk, Sturm and Larsen 2015, as torchaudio lists it: 443 training,
197 validation and 290 test excerpts, of which jazz.00054 is broken in every copy of the collection and left out.
"""

from pathlib import Path

from genre_lightning.data.catalogue import Catalogue, Track
from genre_lightning.data.sources.folder import AUDIO_SUFFIXES, existing_folder
from genre_lightning.errors import UserError

LAYOUTS = ("genres", "genres_original", ".")
BROKEN = {"jazz.00054"}


def gtzan(root: str, genres: list[str] | None = None) -> Catalogue:
    """List the excerpts of the published split under `root`; it holds `genres/` or `genres_original/`, .au or .wav.

    Raises UserError where `root` is not such a folder, and for an unknown genre.
    """
    from torchaudio.datasets.gtzan import filtered_test, filtered_train, filtered_valid

    lists = {"train": filtered_train, "val": filtered_valid, "test": filtered_test}
    files = find_files(existing_folder(root), set().union(*lists.values()))
    tracks = [
        Track(files.get(name, Path(root, f"{name}.wav")), name.split(".")[0], split=split)
        for split, names in lists.items()
        for name in names
        if name not in BROKEN
    ]
    return Catalogue(tracks).of_genres(genres)


def find_files(root: Path, names: set[str]) -> dict[str, Path]:
    """The collection's files by names without suffix, such as `jazz.00053`. Raises UserError where there are none."""
    for layout in LAYOUTS:
        paths = sorted((root / layout).glob("*/*.*"))
        if files := {path.stem: path for path in paths if is_listed(path, names)}:
            return files
    raise UserError(
        f"data.root: {root} is not GTZAN; it needs genres/ or genres_original/ with a folder for each genre"
    )


def is_listed(path: Path, names: set[str]) -> bool:
    """Whether a file is an excerpt of the split."""
    return path.stem in names and path.suffix.lower() in AUDIO_SUFFIXES
