"""How often a run is right about songs that it did not know, and from which confidence on that is often enough.

Such suggestions may be taken for labels, to sort a library by. A network gains nothing from them, and figures that are
measured on them are far too good (docs/labels.md). Predictions that are less sure may be none (docs/none.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genre_lightning.errors import UserError
from genre_lightning.intervals import Interval, accuracy_interval
from genre_lightning.runs.compare import artist_groups
from genre_lightning.runs.predictions import PredictedSong, read_predictions
from genre_lightning.text import percent

WANTED = 0.95  # of the suggestions that may be taken for labels, the part that is right
HALVES = "; each half of the artists chose how sure for the other"


class Judged(NamedTuple):
    """Songs that a network judged without knowing them, all `(songs,)`.

    confidence: the probability of the genre it predicts; correct: whether that is the true one; groups: the number of
    the song's artist group.
    """

    confidence: NDArray[np.float64]
    correct: NDArray[np.bool_]
    groups: NDArray[np.int64]

    def only(self, chosen: NDArray[np.bool_]) -> Judged:
        """Some of the songs: `chosen` is `(songs,)`."""
        return Judged(self.confidence[chosen], self.correct[chosen], self.groups[chosen])


class Precision(NamedTuple):
    """How many of some songs get their true genre.

    songs: how many have the confidence that was asked for; of: out of how many; right: the part of `songs` that is
    right, NaN if there are none; interval: its 95 % interval over artists, None for too few of them; measured_on: which
    songs they are.
    """

    songs: int
    of: int
    right: float
    interval: Interval | None
    measured_on: str

    def __str__(self) -> str:
        if not self.songs:
            return f"is not known, since the network is so sure of none of {self.of} {self.measured_on}"
        ends = "" if self.interval is None else " ({:.0f} to {:.0f})".format(*(100 * end for end in self.interval))
        return f"was {percent(self.right)}{ends} for the {self.songs} so sure of {self.of} {self.measured_on}"


class Automatic(NamedTuple):
    """From which confidence on suggestions may be taken for labels, None: never; and how often such are right.

    cross_validated: whether the run has judged every song without knowing it.
    """

    confidence: float | None
    precision: Precision | None
    cross_validated: bool


def automatic(run: Path, confidence: float | None = None, *, by_artist: bool = True) -> Automatic:
    """Choose the confidence from which on a run's suggestions may be taken for labels, and measure how many are right.

    An ordinary run has songs of validation to choose by and those of test to measure on. A cross-validated one has all
    songs, each judged by a network that did not know its artist: half of the artists choose for the other half, and the
    other way round, so that the figure is not that of songs which chose; all of them choose what is used.

    Args:
        run: The run's folder.
        confidence: From 0 to 1; None: the lowest one that `lowest_confidence` finds good enough.
        by_artist: Whether the run divided its songs by artist.

    Returns:
        The confidence and the precision; none if no confidence is good enough, or it cannot be measured.

    Raises:
        UserError: The run has no predictions, or they are damaged.
    """
    songs = judged_songs(run)
    val, test, crossed = songs["val"], songs["test"], not len(songs["val"].groups)
    unknown = told_unknown(run, by_artist)
    where = f"songs, each judged by a network that {unknown}" if crossed else "test songs"
    if confidence is not None:
        return Automatic(confidence, precision([(test, confidence)], where), crossed)
    chosen = lowest_confidence(test if crossed else val)
    parts = by_halves(test, WANTED) if crossed else [(test, chosen)]
    if all(level is None for _, level in parts):
        return Automatic(None, None, crossed)
    where += HALVES if crossed else "; validation chose how sure"
    return Automatic(chosen, precision(parts, where), crossed)


def by_halves(songs: Judged, wanted: float) -> list[tuple[Judged, float | None]]:
    """Each half of the artists with the confidence that the other half chooses, None: none is good enough."""
    halves = half_of_artists(songs.groups)
    return [(songs.only(here), lowest_confidence(songs.only(~here), wanted)) for here in (halves, ~halves)]


def told_unknown(run: Path, by_artist: bool) -> str:
    """What a network has not learnt from that judges a song of a cross-validated run."""
    if not by_artist:
        return "had not learnt from it, but may know its artist"
    nameless = sum(not is_known for _, is_known in artist_groups(run).values())
    return "knew no song of its artists" + (f" ({nameless} name none, which it may know)" if nameless else "")


def judged_songs(run: Path, *, once: bool = False) -> dict[str, Judged]:
    """What a run says of its songs of val and of test; of songs that were judged several times, the mean.

    `once`: what the first network alone says, as one network judges new songs, which is surer than the mean of several
    and less often right. Raises UserError.
    """
    rows, groups = read_predictions(run), artist_groups(run)
    found: dict[str, dict[Path, list[PredictedSong]]] = {"val": defaultdict(list), "test": defaultdict(list)}
    for row in rows:
        if row.split in found:
            found[row.split][row.path.resolve()].append(row)
    try:
        return {
            split: judged((mean_of(rows[:1] if once else rows), groups[path][0]) for path, rows in songs.items())
            for split, songs in found.items()
        }
    except KeyError as missing:
        raise UserError(f"{run}: its manifest.csv does not list {missing.args[0]}, which it was tested on") from None


def mean_of(rows: list[PredictedSong]) -> tuple[float, bool]:
    """The confidence in the most probable genre, by the mean of what several networks say; and whether it is right."""
    means = {genre: sum(row.probabilities[genre] for row in rows) / len(rows) for genre in rows[0].probabilities}
    guess = max(means, key=lambda genre: means[genre])
    return means[guess], guess == rows[0].genre


def judged(songs: Iterable[tuple[tuple[float, bool], int]]) -> Judged:
    """Songs, each with its confidence, whether it is right, and its artist group."""
    listed = [(confidence, correct, group) for (confidence, correct), group in songs]
    confidence, correct, groups = zip(*listed, strict=True) if listed else ((), (), ())
    return Judged(np.array(confidence, float), np.array(correct, bool), np.array(groups, int))


def half_of_artists(groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Every second artist, so that each genre of a manifest in its order is on both sides: bool `(songs,)`."""
    _, numbers = np.unique(groups, return_inverse=True)
    return numbers % 2 == 0


def lowest_confidence(songs: Judged, wanted: float = WANTED) -> float | None:
    """The lowest confidence from which on `wanted` of the songs are right, if one more song, a wrong one, is imagined.

    Without that song a few right ones would be enough, which is luck: for WANTED 19 are needed, all right. None if
    there is no such confidence.
    """
    levels, right, counts = from_the_surest(songs)
    enough = np.flatnonzero(right >= wanted * (counts + 1))
    return float(levels[enough[-1]]) if len(enough) else None


def highest_precision(songs: Judged) -> float:
    """The most that `lowest_confidence` can be asked for: 0 to 1."""
    _, right, counts = from_the_surest(songs)
    return float((right / (counts + 1)).max(initial=0))


def from_the_surest(songs: Judged) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Each confidence that there is, the highest first; how many of the songs that are as sure are right; and of how
    many: all `(levels,)`.
    """
    order = np.argsort(-songs.confidence, kind="stable")
    levels, right = songs.confidence[order], songs.correct[order].cumsum()
    ends = np.append(levels[1:] < levels[:-1], np.ones_like(levels[:1], bool))  # songs as sure as each other are one
    return levels[ends], right[ends], np.flatnonzero(ends) + 1


def precision(parts: Iterable[tuple[Judged, float | None]], measured_on: str) -> Precision:
    """How many songs are right from a confidence on, None: never; each part of the songs has one of its own."""
    parts = list(parts)
    sure = [part.only(part.confidence >= level) for part, level in parts if level is not None]
    correct = np.concatenate([np.zeros(0, bool), *(part.correct for part in sure)])
    groups = np.concatenate([np.zeros(0, int), *(part.groups for part in sure)])
    right = float(correct.mean()) if len(correct) else float("nan")
    of = sum(len(part.groups) for part, _ in parts)
    return Precision(len(correct), of, right, accuracy_interval(correct, groups), measured_on)
