"""Two runs on the same test songs: genre-lightning compare"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from genre_lightning.data.catalogue import linked
from genre_lightning.errors import UserError
from genre_lightning.intervals import Interval, mcnemar, paired_interval, paired_macro_f1_interval
from genre_lightning.runs.predictions import PredictedSong, read_predictions
from genre_lightning.runs.results import Results, read_results
from genre_lightning.runs.run import Run
from genre_lightning.text import percent, printable, table

Key = tuple[Path, int]  # where a song lies, however that is written, and which of a run's repeats has tested it
Songs = dict[Key, PredictedSong]
# What a run may have done with a song that it was not tested on.
ELSEWHERE = {"learnt_from": "was trained on", "val": "was validated on", "": "does not have"}
LISTED = 20  # songs that only one of the runs gets right


class Difference(NamedTuple):
    """A figure of A and of B, and the 95 % interval of A's less B's; None if none can be given."""

    a: float
    b: float
    interval: Interval | None


@dataclass(frozen=True)
class Comparison:
    """Two runs, A and B, on the same test songs.

    Attributes:
        runs: Their folders.
        results: What they have shown.
        pairs: The test songs, each as A and as B judges it.
        artists: How many artists the songs are by; those who share a song are one.
        unknown_artists: How many songs name no artist.
        accuracy: Over the songs.
        f1_macro: Over the genres that have songs.
        p: That of McNemar's exact test.
    """

    runs: tuple[Path, Path]
    results: tuple[Results, Results]
    pairs: list[tuple[PredictedSong, PredictedSong]]
    artists: int
    unknown_artists: int
    accuracy: Difference
    f1_macro: Difference
    p: float

    @property
    def only_a(self) -> list[tuple[PredictedSong, PredictedSong]]:
        """The songs that only A gets right."""
        return [(a, b) for a, b in self.pairs if a.correct and not b.correct]

    @property
    def only_b(self) -> list[tuple[PredictedSong, PredictedSong]]:
        """The songs that only B gets right."""
        return [(a, b) for a, b in self.pairs if b.correct and not a.correct]


def compare(run_a: Path, run_b: Path) -> Comparison:
    """Put two finished runs side by side. Raises UserError unless both were tested on the same songs."""
    if run_a.resolve() == run_b.resolve():
        raise UserError(f"{run_a} and {run_b} are the same run; name two")
    songs_a, songs_b = by_key(run_a), by_key(run_b)
    results = read_results(run_a), read_results(run_b)
    if results[0].repeats != results[1].repeats:
        raise UserError(f"{run_a} and {run_b} have not the same repeats; compare runs that have tested songs as often")
    check_same_songs(songs_a, songs_b, (run_a, run_b))
    keys = tested(songs_a)
    pairs, artists = [(songs_a[key], songs_b[key]) for key in keys], artist_groups(run_a)
    try:
        groups, named = zip(*(artists[path] for path, _ in keys), strict=True)
    except KeyError as missing:
        raise UserError(f"{run_a}: its manifest.csv does not list {missing.args[0]}, which it was tested on") from None
    known = len({group for group, name in zip(groups, named, strict=True) if name})
    return Comparison((run_a, run_b), results, pairs, known, named.count(False), *differences(results, pairs, groups))


def by_key(run: Path) -> Songs:
    """What a run says of its songs."""
    repeats: Counter[Path] = Counter()
    songs: Songs = {}
    for song in read_predictions(run):
        path = song.path.resolve()
        songs[path, repeats[path]] = song
        repeats[path] += song.split == "test"
    return songs


def tested(songs: Songs) -> list[Key]:
    """The test songs."""
    return [key for key, song in songs.items() if song.split == "test"]


def check_same_songs(a: Songs, b: Songs, runs: tuple[Path, Path]) -> None:
    """Raise UserError unless the test songs of both runs are the same, and have the same genres."""
    apart = [*untested(a, b, *runs), *untested(b, a, *runs[::-1])]
    for key in tested(a):
        if not apart and a[key].genre != b[key].genre:
            apart = [f"{printable(key[0])} is {a[key].genre} in {runs[0]} and {b[key].genre} in {runs[1]}"]
    if apart:
        raise UserError(f"{'; '.join(apart)}; to compare two runs, train both on the same songs, genres and split")


def untested(songs: Songs, others: Songs, run: Path, other: Path) -> Iterator[str]:
    """What the other run has done with those test songs of a run that it was not tested on."""
    where = {key: others[key].split if key in others else "" for key in tested(songs)}
    for split, has_done in ELSEWHERE.items():
        if there := [path for (path, _), found in where.items() if found == split]:
            which = f"{len(there)} of the {len(where)} test songs of {run}, such as {printable(there[0])}"
            yield f"{other} {has_done} {which}"


def artist_groups(run: Path) -> dict[Path, tuple[int, bool]]:
    """The artist group of each song of a run, and whether it names an artist; a song that does not is a group."""
    tracks = [*Run(run).catalogue]
    groups = linked(track.links for track in tracks)
    return {track.path.resolve(): (group, bool(track.artists)) for track, group in zip(tracks, groups, strict=True)}


def differences(
    results: tuple[Results, Results], pairs: Sequence[tuple[PredictedSong, PredictedSong]], groups: Sequence[int]
) -> tuple[Difference, Difference, float]:
    """The accuracies, the macro F1s and McNemar's p."""
    genres = sorted({name for a, b in pairs for name in (*a.probabilities, *b.probabilities)})
    right_a, right_b = [a.correct for a, _ in pairs], [b.correct for _, b in pairs]
    true = [genres.index(a.genre) for a, _ in pairs]
    guesses_a, guesses_b = [genres.index(a.predicted) for a, _ in pairs], [genres.index(b.predicted) for _, b in pairs]
    f1_macro = paired_macro_f1_interval(true, guesses_a, guesses_b, groups, len(genres))
    a, b = (result.splits["test"] for result in results)
    return (
        Difference(a.accuracy, b.accuracy, paired_interval(right_a, right_b, groups)),
        Difference(a.f1_macro, b.f1_macro, f1_macro),
        mcnemar(right_a, right_b),
    )


def describe(comparison: Comparison) -> str:
    """Which run is A, a sentence, a table, and the songs that only one of them gets right."""
    a, b = comparison.runs
    parts = [f"A: {a}\nB: {b}", sentence(comparison), figures(comparison)]
    listed_a = [f"{printable(a.path)}: {a.genre}, B says {b.predicted}" for a, b in comparison.only_a]
    listed_b = [f"{printable(b.path)}: {b.genre}, A says {a.predicted}" for a, b in comparison.only_b]
    for name, songs in (("A", listed_a), ("B", listed_b)):
        more = [f"and {len(songs) - LISTED} more"] if len(songs) > LISTED else []
        parts += ["\n- ".join([f"Only {name} gets right:", *songs[:LISTED], *more])] if songs else []
    return "\n\n".join(parts)


def sentence(comparison: Comparison) -> str:
    """Which run is better on the test songs, as far as they can tell."""
    (a, b, interval), songs = comparison.accuracy, len(comparison.pairs)
    of_artists = f"{comparison.artists} known artist{'s' * (comparison.artists != 1)}"
    of_nobody = f" and {comparison.unknown_artists} songs that name none" if comparison.unknown_artists else ""
    shown = f"On the same {songs} test songs (of {of_artists}{of_nobody}) A gets {percent(a)} right and B {percent(b)}"
    if interval is None:
        return f"{shown}: what is so for the songs of one artist need not be so for others, so neither is better."
    low, high = (f"{100 * end:+.0f}" for end in interval)
    range_of_it = f"the 95 % interval of A's accuracy less B's is {low} to {high} points"
    if interval[0] <= 0 <= interval[1]:
        return f"{shown}: these songs do not tell which is better; {range_of_it}."
    return f"{shown}: {'A' if a > b else 'B'} is better; {range_of_it}."


def figures(comparison: Comparison) -> str:
    """The table: figures of A and B on test, and the difference with its 95 % interval."""
    only = str(len(comparison.only_a)), str(len(comparison.only_b))
    learnt = (str(result.splits["learnt_from"].songs) for result in comparison.results)
    splits = (str(result.facts.get("split", "")) for result in comparison.results)
    return table(
        [f"{len(comparison.pairs)} test songs", "A", "B", "A less B, 95 %"],
        [
            ["accuracy", *map(percent, comparison.accuracy[:2]), spanned(comparison.accuracy)],
            ["macro F1", *map(percent, comparison.f1_macro[:2]), spanned(comparison.f1_macro)],
            ["songs that only it gets right", *only, chance(comparison.p)],
            ["songs it learnt from", *learnt, ""],
            ["how songs were split", *splits, ""],
        ],
    )


def spanned(difference: Difference) -> str:
    """+2.2 points (-5.1 to +9.0)."""
    told = f"{100 * (difference.a - difference.b):+.1f} points"
    if difference.interval is None:
        return f"{told} (no interval can be given)"
    low, high = difference.interval
    return f"{told} ({100 * low:+.1f} to {100 * high:+.1f})"


def chance(p: float) -> str:
    """What McNemar's test says."""
    return f"McNemar's exact test: p {'below 0.001' if p < 0.001 else f'= {p:.2g}'}"
