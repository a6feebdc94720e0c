"""Which songs of a folder to label next: genre-lightning suggest"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.data.catalogue import CHECKED, MANIFEST, Catalogue, Track, linked, path_beside, write_manifest
from genre_lightning.data.selection import with_tags
from genre_lightning.embed.neighbours import nearest, song_name
from genre_lightning.errors import UserError
from genre_lightning.labels.acquisition import informative, margins
from genre_lightning.labels.listed import label_of, listed_songs, own_line
from genre_lightning.labels.page.document import PAGE, write_page
from genre_lightning.labels.precision import WANTED, Automatic, Judged, automatic, precision
from genre_lightning.predict.cli import find_songs
from genre_lightning.text import percent, printable, table

if TYPE_CHECKING:
    from genre_lightning.embed.embedder import SongMeans
    from genre_lightning.runs.run import Run

SUGGESTIONS = "suggest.csv"
NEAREST = 3
ORDER_SEED = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """Songs, what the network makes of them, and which of the run's songs each is like, the most first."""

    tracks: Sequence[Track]
    genres: list[str]
    means: SongMeans
    like: Sequence[Sequence[str]]

    @property
    def suggestions(self) -> list[str]:
        """The most probable genre of each song."""
        return [self.genres[int(index)] for index in self.means.probabilities.argmax(axis=1)]

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that genre: `(songs,)`."""
        return self.means.probabilities.max(axis=1)

    @property
    def margin(self) -> np.ndarray:
        """By how much it is above that of the next genre: `(songs,)`."""
        return margins(self.means.probabilities)

    def only(self, rows: Sequence[int] | np.ndarray) -> Heard:
        """Some of the songs, in the order of `rows`."""
        means = self.means._make(column[np.array(rows, int)] for column in self.means)
        return Heard([self.tracks[row] for row in rows], self.genres, means, [self.like[row] for row in rows])

    def lines(self, is_automatic: bool) -> Iterator[Track]:
        """The songs as the file lists them: without a genre, since no person has said one."""
        columns = self.tracks, self.suggestions, self.confidence, self.margin, self.like
        for track, suggestion, confidence, margin, like in zip(*columns, strict=True):
            said = {"suggestion": suggestion, "confidence": f"{confidence:.4f}", "margin": f"{margin:.4f}"}
            extra = {CHECKED: "", **said, "nearest": "; ".join(like), "automatic": "1" if is_automatic else ""}
            yield replace(track, genre="", extra=extra)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The songs of a folder that have no label, in three parts, and what is known of the others.

    Attributes:
        batch: To be labelled by hand, the most telling first.
        sure: Those whose suggestion may be taken for a label, in random order: the first ones are a fair sample.
        unsure: All others, the least sure first.
        labelled: Songs with a label that the run does not know.
        known: How many songs of the folder the run knows.
        broken: The files that cannot be read, and why.
    """

    batch: Heard
    sure: Heard
    unsure: Heard
    labelled: Heard
    known: int
    broken: dict[Path, str]


def suggest(run: Run, folder: Path, n: int, confidence: float | None = None, output: Path | None = None) -> int:
    """Print which songs of a folder to label next, and write all songs down; returns the exit status.

    Args:
        run: The run whose network suggests.
        folder: Searched for songs. Those that the run knows are left out, and those that have a genre in the folder's
            manifest.csv or in the file that is to be written.
        n: How many songs to label by hand.
        confidence: From which one on suggestions may be taken for labels, 0 to 1; None: as `automatic` chooses.
        output: The file to write, a manifest for the folder; None: suggest.csv in it. The page to fill it in is
            written beside it.

    Raises:
        UserError: There are no songs without a label, none can be read, or the run lacks something.
    """
    if not folder.is_dir():
        raise UserError(f"there is no folder {printable(folder)}; name one with songs that have no genre yet")
    path = folder / SUGGESTIONS if output is None else output
    listed, chosen = listed_songs((folder / MANIFEST, path), folder), automatic(run.folder, confidence)
    made = suggestions(run, folder, n, chosen.confidence, listed)
    own = [own_line(track) for track in run.catalogue if track.path.resolve() not in listed]
    lines = [*made.batch.lines(False), *made.sure.lines(True), *made.unsure.lines(False), *listed.values(), *own]
    write(lines, made.batch.tracks, path, folder)
    for file, reason in made.broken.items():
        print(f"error: {printable(file)} {reason}", file=sys.stderr)
    print(describe(made, chosen, folder, path))
    return 1 if made.broken else 0


def write(lines: Sequence[Track], batch: Sequence[Track], path: Path, folder: Path) -> None:
    """Write a manifest for a folder, and the page to fill it in, with excerpts of the batch. Raises UserError."""
    try:
        write_manifest(Catalogue(lines), path, folder)
        write_page(path, folder, Catalogue(batch), f"{folder.resolve().name}: which genre?")
    except OSError as error:
        raise UserError(f"cannot write {printable(path)}: {error.strerror or error}; name another --output") from None


def suggestions(run: Run, folder: Path, n: int, confidence: float | None, listed: dict[Path, Track]) -> Suggestions:
    """Hear the songs of a folder that the run does not know, and divide those without a label. Raises UserError."""
    songs = {song.resolve(): song for song in find_songs([folder])}
    known = songs.keys() & {track.path.resolve() for track in run.catalogue}
    new = [Track(song, "") for place, song in songs.items() if place not in known | listed.keys()]
    labelled = [listed[song] for song in songs if song in listed and song not in known and label_of(listed[song])]
    if not new:
        told = f"the run knows {len(known)} of its {len(songs)} songs, and the others have labels"
        raise UserError(f"there is nothing to label in {printable(folder)}: {told}")
    broken = run.cache.build([track.path for track in (*new, *labelled)])
    fresh, checked = ([track for track in tracks if run.cache.find(track.path)] for tracks in (new, labelled))
    if not fresh:
        file, reason = next(iter(broken.items()))
        raise UserError(f"none of the {len(new)} songs can be read; the first is {printable(file)}, which {reason}")
    heard = hear(run, [*fresh, *checked])
    rows = np.arange(len(heard.tracks))
    parts = divided(heard.only(rows[: len(fresh)]), n, confidence)
    return Suggestions(*parts, heard.only(rows[len(fresh) :]), len(known), broken)


def hear(run: Run, tracks: Sequence[Track]) -> Heard:
    """What the run's network makes of songs in its cache, and which of its own songs there they are like."""
    from genre_lightning.embed.embedder import embed_songs, predicting_trainer

    own = [track for track in run.catalogue if run.cache.find(track.path)]
    cached = [song for track in (*tracks, *own) if (song := run.cache.find(track.path))]
    means = embed_songs(run, cached, predicting_trainer(accelerator="auto", devices=1))
    n, named = len(tracks), [f"{song_name(track)} ({track.genre})" for track in own]
    rows = nearest(means.vectors[n:], NEAREST, means.vectors[:n]).rows if own else [[]] * n
    like = [[named[row] for row in near] for near in rows]
    heard = [with_tags(track, run.cache) for track in tracks]
    return Heard(heard, run.spec.genres, means._make(column[:n] for column in means), like)


def divided(songs: Heard, n: int, confidence: float | None) -> tuple[Heard, Heard, Heard]:
    """Songs to be labelled by hand, those that are sure enough, and all others."""
    batch = informative(songs.means.probabilities, songs.means.vectors, n)
    others = np.setdiff1d(np.arange(len(songs.tracks)), batch)
    is_sure = songs.confidence[others] >= (np.inf if confidence is None else confidence)
    unsure = others[~is_sure]
    sure = np.random.default_rng(ORDER_SEED).permutation(others[is_sure])
    return songs.only(batch), songs.only(sure), songs.only(unsure[np.argsort(songs.margin[unsure], kind="stable")])


def describe(made: Suggestions, chosen: Automatic, folder: Path, path: Path) -> str:
    """The songs to be labelled by hand, how good suggestions are, and what to do."""
    songs, rows = made.batch, []
    columns = songs.tracks, songs.suggestions, songs.confidence, songs.like
    for track, suggestion, confidence, like in zip(*columns, strict=True):
        name = path_beside(track.path, folder)
        rows.append((printable(name), suggestion, percent(confidence), printable("".join(like[:1]))))
    asked = table(("song to label", "suggestion", "confidence", "most like"), rows)
    left_out = (
        f"Not asked about: {made.known} songs that the run knows, {len(made.labelled.tracks)} others with labels."
    )
    if not any(songs.like):
        left_out += " What songs are like is not known: the features of the run's own songs are gone."
    todo = (
        f"{printable(path)} has these songs first, to fill in {CHECKED}: a genre, or drop; "
        f"{printable(path.with_suffix(PAGE).name)} beside it is to listen and click. Save either as {MANIFEST} in "
        f"{printable(folder)}, and train again with data=folder and this folder as data.root."
    )
    return "\n\n".join(filter(None, (asked, left_out, told_automatic(made, chosen), told_checked(made, chosen), todo)))


def told_automatic(made: Suggestions, chosen: Automatic) -> str:
    """How many suggestions may be taken for labels, and how many of such are right."""
    if chosen.confidence is None or chosen.precision is None:
        more = "" if chosen.cross_validated else "; a run with folds=5 judges every song, and may"
        return f"No suggestion may be taken for a label: nowhere has this run shown {percent(WANTED)} right{more}."
    return (
        f"Suggestions that may be taken for labels, since their confidence is {chosen.confidence:.4f} or more: "
        f"{len(made.sure.tracks)} (automatic=1). The part that is right {chosen.precision}. Other kinds of music "
        "have less."
    )


def told_checked(made: Suggestions, chosen: Automatic) -> str:
    """How many suggestions agree with the labels that people gave to songs which the run does not know."""
    songs = made.labelled
    if not songs.tracks:
        return ""
    right = np.array([label_of(track) for track in songs.tracks]) == np.array(songs.suggestions)
    told = f"Of {len(right)} songs with labels that the run does not know, the suggestion is right for {right.sum()}"
    if chosen.confidence is None:
        return f"{told}."
    judged = Judged(songs.confidence, right, np.array(linked(track.artists for track in songs.tracks)))
    return f"{told}. The part that is right {precision([(judged, chosen.confidence)], 'of these')}."
