"""genre-lightning audit: the songs whose genre a model contradicts that has not learnt from them, worst first.

They are ranked by self-confidence, the probability of the given label (Northcutt, Jiang and Chuang 2021), which is the
default of the library cleanlab too. Of that library's scores it found the most labels that had been changed on purpose
if the model was poor, ahead of the normalised margin, and as many as any if it was good. It is read off the
probabilities, so there is no use for the library itself: it is kept well, but brings pandas, 84 MB.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from genre_lightning.data.catalogue import (
    CHECKED,
    DROP,
    MANIFEST,
    TESTED_IN,
    Catalogue,
    Track,
    path_beside,
    write_manifest,
)  # fmt: skip
from genre_lightning.data.sources.folder import common_folder, folder
from genre_lightning.embed.artists import song_name
from genre_lightning.embed.nearest import nearest
from genre_lightning.errors import UserError
from genre_lightning.labels.listed import listed_songs
from genre_lightning.labels.page.document import PAGE, write_page
from genre_lightning.runs.predictions import PredictedSong, read_predictions
from genre_lightning.runs.run import MODEL, Run
from genre_lightning.text import percent, printable, table

AUDIT = "audit.csv"
ADDED = ("suggestion", "confidence", "label_quality", "nearest")  # behind CHECKED
NOT_LEARNT = ("val", "test")
SHOWN = 20
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """A song, the probability of each genre by a model that has not learnt from it, and the songs nearest to it.

    There are no probabilities of a song that no such model has judged, or that somebody has listened to already.
    """

    track: Track
    probabilities: Mapping[str, float]
    nearest: Sequence[Track] = ()

    @property
    def suggestion(self) -> str:
        """The most probable genre; empty if it was not judged."""
        return max(self.probabilities, key=self.probabilities.__getitem__, default="")

    @property
    def confidence(self) -> float:
        """The probability of that genre; 0 if it was not judged."""
        return max(self.probabilities.values(), default=0.0)

    @property
    def label_quality(self) -> float:
        """The probability of its own genre; infinite if it was not judged."""
        return self.probabilities.get(self.track.genre, 0.0) if self.probabilities else math.inf

    @property
    def doubtful(self) -> bool:
        """Whether another genre is more probable than its own."""
        return self.suggestion not in ("", self.track.genre)

    @property
    def row(self) -> Track:
        """The song with the audit's columns behind its own."""
        own = {name: text for name, text in self.track.extra.items() if name not in (CHECKED, *ADDED)}
        numbers = [f"{number:.4f}" if self.probabilities else "" for number in (self.confidence, self.label_quality)]
        near = "; ".join(f"{song_name(track)} ({track.genre})" for track in self.nearest)
        added = dict(zip(ADDED, (self.suggestion, *numbers, near), strict=True))
        return replace(self.track, extra=own | {CHECKED: self.track.extra.get(CHECKED, "")} | added)


def audit(run: Run, output: Path | None = None) -> str:
    """Write audit.csv and audit.html, into the run's folder or as `output` and beside it.

    The CSV file is a manifest of all songs, for the folder of songs: who has listened fills in its column CHECKED.

    Returns:
        What a terminal shows: the worst songs in a table, and what to do with them.

    Raises:
        UserError: It is no finished run, it is damaged, or a file cannot be written.
    """
    root, probabilities = songs_folder(run), out_of_sample(run.folder)
    path = output or run.folder / AUDIT
    judgements = with_nearest(judge(with_checks(songs_of(run, root), path, root), probabilities), run)
    write(judgements, path, root, run.folder.resolve().name)
    told = [describe(judgements, root), *limits(judgements, run, len(probabilities)), what_next(path, root)]
    return "\n\n".join(told)


def songs_folder(run: Run) -> Path:
    """The folder whose manifest.csv says the songs' genres: that of data=folder, else the one that holds all songs."""
    data = run.config.data
    if data._target_.endswith(".folder"):
        roots = [data.root] if isinstance(data.root, str) else data.root
        return common_folder([str(run.started_in / Path(root).expanduser()) for root in roots])
    return Path(os.path.commonpath([track.path.absolute().parent for track in run.catalogue]))


def songs_of(run: Run, root: Path) -> list[Track]:
    """The songs of the run, and those that only their folder has, or its manifest: in other genres, or left out.

    What that says now counts. A split stands there or nowhere: the run's own may have been drawn.
    """
    is_source = (root / MANIFEST).is_file() or (run.config.data._target_.endswith(".folder") and root.is_dir())
    listed = {place(track): track for track in folder(str(root))} if is_source else {}
    songs = []
    for track in run.catalogue:
        extra = {name: text for name, text in track.extra.items() if name != TESTED_IN}  # another run has others
        song = listed.pop(place(track), None) or replace(track, split="", extra=extra)
        songs.append(replace(song, artist=song.artist or track.artist, title=song.title or track.title))
    return [*songs, *listed.values()]


def with_checks(tracks: Sequence[Track], path: Path, root: Path) -> list[Track]:
    """The songs with what somebody has filled in in the list of an earlier audit, and has not put elsewhere yet."""
    listed = {place(song): song.checked for song in listed_songs((path,), root).values() if song.checked}
    return [
        replace(track, extra=track.extra | {CHECKED: listed[place(track)]})
        if place(track) in listed and not track.checked
        else track
        for track in tracks
    ]


def place(song: Track | PredictedSong) -> str:
    """What tells a song's file from others, however its path is written."""
    return os.path.abspath(song.path)  # noqa: PTH100 (Path.absolute leaves dots in)


def out_of_sample(folder: Path) -> dict[str, dict[str, float]]:
    """For each song by its `place`, the probability of each genre by models that have not learnt from it: their mean.

    These are all songs of a cross-validated run, those of test and validation of another one. Raises UserError.
    """
    found = defaultdict(list)
    for song in read_predictions(folder):
        if song.split in NOT_LEARNT:
            found[place(song)].append(song.probabilities)
    return {song: {genre: fmean(one[genre] for one in every) for genre in every[0]} for song, every in found.items()}


def judge(tracks: Sequence[Track], probabilities: Mapping[str, Mapping[str, float]]) -> list[Judgement]:
    """The songs with what models say that have not learnt from them, worst first; behind them those heard already."""
    asked = [{} if track.checked else probabilities.get(place(track), {}) for track in tracks]
    return sorted(map(Judgement, tracks, asked), key=lambda judgement: judgement.label_quality)


def with_nearest(judgements: Sequence[Judgement], run: Run) -> list[Judgement]:
    """Name for each doubtful song the labelled ones nearest to it, as the finished network hears them.

    Nothing is named for songs whose features are not in the run's cache any more, nor if no network is finished.
    """
    if not is_fitted(run) or not any(one.doubtful for one in judgements):
        return [*judgements]
    found = ((one.track, run.cache.find(one.track.path)) for one in judgements if one.track.genre)
    cached = {track.path: (track, song) for track, song in found if song is not None}
    if len(cached) < 2:
        return [*judgements]
    from genre_lightning.embed.embedder import embed_songs, predicting_trainer  # which take seconds to import

    trainer = predicting_trainer(accelerator="auto", devices=1)
    vectors = embed_songs(run, [song for _, song in cached.values()], trainer).vectors
    tracks = [track for track, _ in cached.values()]
    near = {
        path: [tracks[row] for row in rows] for path, rows in zip(cached, nearest(vectors, NEAREST).rows, strict=True)
    }
    return [replace(one, nearest=near.get(one.track.path, ())) if one.doubtful else one for one in judgements]


def is_fitted(run: Run) -> bool:
    """Whether the run has a finished network: with folds, it may have been left off."""
    return (run.folder / MODEL).is_file()


def write(judgements: Sequence[Judgement], path: Path, root: Path, title: str) -> None:
    """Write the manifest, and the page beside it. Raises UserError."""
    doubtful = Catalogue([judgement.track for judgement in judgements if judgement.doubtful])
    try:
        write_manifest(Catalogue([judgement.row for judgement in judgements]), path, root)
        write_page(path, root, doubtful, title)
    except OSError as error:
        name = error.filename2 or error.filename or path
        raise UserError(f"cannot write {name}: {error.strerror or error}; another place: --output FILE.csv") from None


def describe(judgements: Sequence[Judgement], root: Path) -> str:
    """The worst songs in a table, and how many there are."""
    doubtful = [one for one in judgements if one.doubtful]
    asked = sum(bool(one.probabilities) for one in judgements)
    told = f"{len(doubtful)} of {asked} songs sound more like another genre than like their own"
    if heard := sum(bool(one.track.checked) for one in judgements):
        told += f" ({heard} others were heard already, and are not asked about)"
    if not doubtful:
        return told
    rows = []
    for one in doubtful[:SHOWN]:
        near = ", ".join(track.genre for track in one.nearest)
        row = path_beside(one.track.path, root), one.track.genre, one.suggestion, percent(one.confidence), near
        rows.append([*map(printable, row)])
    head = ("file", "label", "suggestion", "confidence", "genres of the nearest songs")
    return f"{told}; the least probable labels first:\n\n{table(head, rows)}"


def limits(judgements: Sequence[Judgement], run: Run, judged: int) -> list[str]:
    """What the audit lacks, each in a line."""
    told, songs = [], len(run.catalogue)
    if judged < songs:
        known = (
            f"The run was not cross-validated: {songs - judged} of its {songs} songs were judged by no network that had"
        )
        told.append(
            f"{known} not learnt from them, so they are not audited; train again with folds=5, which judges all."
        )
    if not is_fitted(run):
        told.append("Nearest songs are missing: no network has learnt from all songs (refit=true).")
    elif any(one.doubtful and not one.nearest for one in judgements):
        told.append(f"Nearest songs are missing where a file is gone, or its features in {run.cache.folder} are.")
    return told


def what_next(path: Path, root: Path) -> str:
    """What to do with the files."""
    return (
        f"{path.with_suffix(PAGE)}: listen, and keep, change or drop; it saves a {MANIFEST}\n"
        f"{path}: the same as a table, to fill in {CHECKED}: a genre (the same one if it is right), or {DROP}\n"
        f"Put either into {root} as {MANIFEST}, and train again with data=folder data.root='{root}'"
    )
