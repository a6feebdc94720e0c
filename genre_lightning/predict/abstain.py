"""genre-lightning predict --precision 0.9: no genre where a run is unsure, or a song is unlike those it learnt from."""

from __future__ import annotations

from math import floor
from typing import NamedTuple

from genre_lightning.errors import UserError
from genre_lightning.runs.known import KnownSongs, Vectors, read_known
from genre_lightning.runs.precision import (
    HALVES,
    Precision,
    by_halves,
    highest_precision,
    judged_songs,
    lowest_confidence,
    precision,
    told_unknown,
)
from genre_lightning.runs.run import Run
from genre_lightning.text import percent

UNSURE, UNFAMILIAR = "unsure", "unfamiliar"  # why a song gets no genre


class Limits(NamedTuple):
    """What a song must reach to get a genre.

    confidence: the least probability of its most probable genre; known: the songs that it must be like; measured: how
    often predictions that are so sure are right.
    """

    confidence: float
    known: KnownSongs
    measured: Precision

    def judge(self, confidence: float, stats: Vectors) -> tuple[str, float]:
        """Why a song with this confidence and these stats, `(2, n_features)`, gets no genre, empty if it gets one; and
        its distance from the known songs, above 1 if it is unlike them.
        """
        distance = self.known.distance(stats)
        return UNFAMILIAR if distance > 1 else UNSURE if confidence < self.confidence else "", distance

    def __str__(self) -> str:
        told = f"No genre below a confidence of {percent(self.confidence)}, nor for what is unlike the songs of the run"
        return f"{told}. Of songs that are so sure, the part that is right {self.measured}."


def limits(run: Run, wanted: float) -> Limits:
    """The limits from which on the part `wanted` of a run's predictions is right, 0 to 1, by its songs out of fold.

    Raises UserError if the run has no folds, its songs do not reach so much, or something of it is missing.
    """
    songs = judged_songs(run.folder, once=True)
    if len(songs["val"].groups):
        raise UserError(
            f"--precision is chosen by songs out of fold, and {run.folder} has no folds; train as it was trained, and "
            "with folds=5"
        )
    confidence = lowest_confidence(songs["test"], wanted)
    if confidence is None:
        most = floor(1000 * highest_precision(songs["test"])) / 1000
        raise UserError(
            f"--precision {wanted:g}: no confidence keeps that for the songs of {run.folder} out of fold; the highest "
            f"that is reached is {most:g}"
        )
    unknown = told_unknown(run.folder, run.config.split.method != "naive")
    where = f"songs, each judged by a network that {unknown}{HALVES}"
    measured = precision(by_halves(songs["test"], wanted), where)
    return Limits(confidence, read_known(run.folder, run.spec.features.n_features), measured)
