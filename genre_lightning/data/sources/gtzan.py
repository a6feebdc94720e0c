"""data=gtzan: the GTZAN collection with its published fault-filtered, artist-disjoint split.

Tzanetakis and Cook 2002; the split is that of Kereliuk, Sturm and Larsen 2015, as torchaudio lists it: 443 training,
197 validation and 290 test excerpts, of which jazz.00054 is broken in every copy of the collection and left out.
gtzan_dev.csv is what the experiments use of it: 130 of the validation excerpts as the test split, and 385 of the
training excerpts, divided by artist into train and val. The published test split stays unseen.
"""

from pathlib import Path

from genre_lightning.data.catalogue import Catalogue, Track, read_manifest
from genre_lightning.data.sources.folder import existing_folder
from genre_lightning.data.walk import AUDIO_SUFFIXES
from genre_lightning.errors import UserError

LAYOUTS = ("genres", "genres_original", ".")
BROKEN = {"jazz.00054"}


def gtzan(root: str, genres: list[str] | None = None, manifest: str | None = None) -> Catalogue:
    """List GTZAN's excerpts with their splits.

    Args:
        root: A folder that holds `genres/` or `genres_original/` with a folder for each genre, of .au or .wav files.
        genres: The genres wanted; None: all ten.
        manifest: A CSV file with the columns path, genre and split that says which excerpts take part, in which order,
            by their names; or "gtzan_dev", the one of the experiments; None: the whole published split.

    Returns:
        The excerpts, also those that `root` lacks.

    Raises:
        UserError: `root` is not such a folder, there is no such manifest, or a genre is unknown.
    """
    splits = published_splits() if manifest is None else listed_splits(manifest)
    files = find_files(existing_folder(root), set(splits))
    paths = {name: files.get(name, Path(root, f"{name}.wav")) for name in splits}
    tracks = [Track(paths[name], name.split(".")[0], split=split) for name, split in splits.items()]
    return Catalogue(tracks).of_genres(genres)


def published_splits() -> dict[str, str]:
    """The split of each excerpt, by names such as `jazz.00053`."""
    from torchaudio.datasets.gtzan import filtered_test, filtered_train, filtered_valid

    lists = {"train": filtered_train, "val": filtered_valid, "test": filtered_test}
    return {name: split for split, names in lists.items() for name in names if name not in BROKEN}


def listed_splits(manifest: str) -> dict[str, str]:
    """The split of each excerpt in a manifest, by name. Raises UserError."""
    path = Path(manifest).expanduser()
    if not path.is_file():
        path = Path(__file__).with_name(f"{manifest}.csv")
    if not path.is_file():
        raise UserError(f"data.manifest: there is no file {manifest}; name a CSV file, or gtzan_dev")
    return {track.path.stem: track.split for track in read_manifest(path)}


def find_files(root: Path, names: set[str]) -> dict[str, Path]:
    """The collection's files by name. Raises UserError if there is none."""
    for layout in LAYOUTS:
        paths = [path for path in sorted((root / layout).glob("*/*.*")) if path.suffix.lower() in AUDIO_SUFFIXES]
        if files := {path.stem: path for path in paths if path.stem in names}:
            return files
    needed = "genres/ or genres_original/ with a folder for each genre"
    raise UserError(f"data.root: {root} is not GTZAN; it needs {needed}")
