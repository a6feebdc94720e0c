"""Which bands speak for a whole genre: the mean over its test songs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from genre_lightning.errors import UserError
from genre_lightning.predict.evidence import SCALE, Listener, Part
from genre_lightning.predict.evidence_picture import genres_picture
from genre_lightning.runs.predictions import PredictedSong, read_predictions
from genre_lightning.runs.run import Run
from genre_lightning.text import printable, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOT_LEARNT = "Measured on test songs, of which the model has learnt nothing."
LEARNT = (
    "Measured on all songs. Each was tested by a fold that did not know it, but the model that is explained here is "
    "the final one, which has learnt from all of them."
)
Songs = Mapping[str, Sequence[Sequence[Part]]]  # the bands of each test song, by genre


def explain_genres(run: Run, listener: Listener, genres: Sequence[str], as_json: bool) -> tuple[str, str, Figure]:
    """What the bands of each genre's test songs say of it: a text, a name, a picture. Raises UserError."""
    predictions = read_predictions(run.folder)
    tested = {song.path: song for song in predictions if song.split == "test" and song.genre in genres}
    broken = run.cache.build(tested)
    if not (found := [song for path, song in tested.items() if path not in broken]):
        raise UserError(f"of the {len(tested)} test songs of {', '.join(genres)}, none can be read")
    by_genre: dict[str, list[list[Part]]] = {genre: [] for genre in genres}
    for song in tqdm(found, "listening", unit="song", disable=None):
        by_genre[song.genre].append(bands_of(run, listener, song))
    songs = {genre: parts for genre, parts in by_genre.items() if parts}
    learnt = {song.path for song in predictions if song.split == "learnt_from"}
    remarks = [LEARNT if learnt & {*tested} else NOT_LEARNT, listener.of_nothing()]
    remarks += [f"Left out: {printable(path)} {why}." for path, why in broken.items()]
    text = json.dumps(plain(songs, remarks)) if as_json else as_text(songs, remarks)
    return text, run.folder.resolve().name, genres_picture(songs)


def bands_of(run: Run, listener: Listener, song: PredictedSong) -> list[Part]:
    """What the bands of a song in the run's cache say of its genre."""
    cached = run.cache.find(song.path)
    assert cached is not None
    return listener.evidence_of_bands(run.cache.frames(cached), song.genre)


def as_text(songs: Songs, remarks: Sequence[str]) -> str:
    """A table of the means, a row a band."""
    head = ["band", *(f"{genre} ({len(of_genre)} songs)" for genre, of_genre in songs.items())]
    bands = [part.name for part in next(iter(songs.values()))[0]]
    columns = [[f"{mean:+.2f}" for mean in of_genre] for of_genre in means(songs).values()]
    rows = [*zip(bands, *columns, strict=True)]
    return "\n\n".join(["What each band says of a genre, mean over songs", *remarks, table(head, rows), SCALE])


def plain(songs: Songs, remarks: Sequence[str]) -> dict[str, Any]:
    """The means as JSON holds them."""
    genres: dict[str, Any] = {}
    for genre, found in means(songs).items():
        named = zip((part.name for part in songs[genre][0]), found, strict=True)
        bands = [{"name": name, "evidence": mean} for name, mean in named]
        genres[genre] = {"songs": len(songs[genre]), "bands": bands}
    return {"genres": genres, "remarks": list(remarks)}


def means(songs: Songs) -> dict[str, list[float]]:
    """The mean evidence of each band over the songs of each genre."""
    return {
        genre: [round(fmean(part.evidence for part in band), 6) for band in zip(*of_genre, strict=True)]
        for genre, of_genre in songs.items()
    }
