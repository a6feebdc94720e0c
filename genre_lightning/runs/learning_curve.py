"""experiment=learning_curve: how accuracy rises with the number of songs, and what twice as many would bring."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genre_lightning.data.catalogue import MANIFEST, linked, read_manifest
from genre_lightning.errors import UserError
from genre_lightning.plotting import COLOURS, literal, save_picture
from genre_lightning.runs.power_law import PowerLaw, Values, bootstrap, fit, interval
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.swept import Swept, runs_by_variant
from genre_lightning.text import mean_and_range, percent, points, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SONGS, ARTISTS = "split.train_songs_per_genre", "split.train_artists_per_genre"
ASKED = (SONGS, ARTISTS, "split.draw", "seed")
PICTURE = "learning_curve.png"
LEAST_SIZES = 4  # one more than a power law has values: three sizes fit any
LEAST_GROUPS = 5  # of artists on test, below which drawing them anew tells nothing


@dataclass(frozen=True)
class Curve:
    """Runs that learnt from more and more songs and were tested on the same ones.

    Attributes:
        runs: From the smallest size to the largest.
        sizes: `(runs,)`, the number of each run's size, from 0: draws of the same size share it.
        songs: `(runs,)`, how many of a genre each run learnt from, mean of the genres.
        wrong: `(runs, test songs)`, which of them each run judged wrongly.
        groups: `(test songs,)`, the artist group of each.
        by_artists: Whether it is the artists that were asked for, each with all their songs.
    """

    runs: Sequence[Swept]
    sizes: NDArray[np.int64]
    songs: Values
    wrong: NDArray[np.bool_]
    groups: NDArray[np.int64]
    by_artists: bool

    def by_size(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Values of the runs, `(runs, ...)`, of each size by itself, the smallest first."""
        return [values[self.sizes == size] for size in range(self.sizes[-1] + 1)]

    @property
    def accuracy(self) -> Values:
        """The accuracy of each run on test: `(runs,)`."""
        return 1 - self.wrong.mean(axis=1)

    @property
    def artists(self) -> Values:
        """How many known artists of a genre each run learnt from, mean of the genres: `(runs,)`."""
        known = [(run.results.splits["learnt_from"].artists, len(run.results.by_genre)) for run in self.runs]
        return np.array([artists / genres for artists, genres in known])

    @property
    def most(self) -> float:
        """The songs of a genre at the largest size."""
        return float(self.by_size(self.songs)[-1].mean())


def learning_curve(folder: Path) -> str:
    """Say what more songs have brought and twice as many would, for each variant of the runs below a folder.

    Draws learning_curve.png. Raises UserError if there are no finished runs, or some were tested on other songs.
    """
    curves = {name: curve_of(runs) for name, runs in runs_by_variant(folder, ASKED).items()}
    laws = {name: possible_laws(curve) for name, curve in curves.items()}
    save_picture(draw(curves, laws), folder / PICTURE)
    told = [part for name, curve in curves.items() for part in (name, finding(curve, laws[name]))]
    return "\n\n".join([*filter(None, told), str(folder / PICTURE)])


def curve_of(runs: Sequence[Swept]) -> Curve:
    """The learning curve through runs.

    Raises UserError if both songs and artists vary, or they were tested on different songs.
    """
    varied = [key for key in (SONGS, ARTISTS) if len({run.setting(key) for run in runs}) > 1]
    if len(varied) > 1:
        raise UserError(f"a learning curve is of {SONGS} or of {ARTISTS}, not of both; sweep one at a time")
    draws = defaultdict(list)
    for run in {extent(run): run for run in runs}.values():  # parts of few songs may come to the same ones
        draws[None if not varied else run.setting(varied[0])].append(run)
    by_size = sorted(draws.values(), key=lambda of: np.mean([songs_per_genre(run) for run in of]))
    runs = [run for of in by_size for run in of]
    sizes = np.repeat(range(len(by_size)), [len(of) for of in by_size])
    return Curve(runs, sizes, np.array([*map(songs_per_genre, runs)]), *judged(runs), by_artists=varied != [SONGS])


def extent(run: Swept) -> tuple[int, ...]:
    """What two runs have in common that learnt from the same songs: draws are nested."""
    known = run.results.splits["learnt_from"]
    return run.setting("split.draw"), run.setting("seed"), known.songs, known.artists


def songs_per_genre(run: Swept) -> float:
    """How many songs of a genre a run learnt from, mean of the genres."""
    return run.results.splits["learnt_from"].songs / len(run.results.by_genre)


def judged(runs: Sequence[Swept]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which test songs `(runs, songs)` each run judged wrongly, and their artist groups `(songs,)`.

    Raises UserError if the runs were tested on different songs.
    """
    wrong = [
        {str(song.path.absolute()): not song.correct for song in read_predictions(run.folder) if song.split == "test"}
        for run in runs
    ]
    for run, songs in zip(runs, wrong, strict=True):
        if songs.keys() != wrong[0].keys():
            raise UserError(f"{run.folder} was tested on other songs than {runs[0].folder}; they make no curve")
    catalogue = read_manifest(runs[0].folder / MANIFEST)
    groups = linked(track.links for track in catalogue)
    group_of = {str(track.path.absolute()): group for track, group in zip(catalogue, groups, strict=True)}
    return np.array([[songs[path] for path in wrong[0]] for songs in wrong]), np.array([group_of[p] for p in wrong[0]])


def possible_laws(curve: Curve) -> PowerLaw | None:
    """The power laws that fit the runs; None if too much is lacking."""
    return None if lacking(curve) else bootstrap(curve.songs, curve.wrong, curve.groups)


def lacking(curve: Curve) -> str:
    """What is missing for a power law and its uncertainty; empty if nothing is."""
    if (sizes := curve.sizes[-1] + 1) < LEAST_SIZES:
        return f"there are {sizes} sizes, and {LEAST_SIZES} are needed"
    if (groups := len(np.unique(curve.groups))) < LEAST_GROUPS:
        return f"test has songs of {groups} artists, and {LEAST_GROUPS} are needed"
    if not curve.by_size(curve.wrong)[-1].any():
        return "all test songs are judged rightly, so that they cannot show more"
    return ""


def finding(curve: Curve, laws: PowerLaw | None) -> str:
    """The accuracy at each size, and what it means."""
    head = ["songs a genre", "artists a genre", "runs", "accuracy on test"]
    of_sizes = zip(*map(curve.by_size, (curve.songs, curve.artists, curve.accuracy)), strict=True)
    rows = [
        [f"{songs.mean():.0f}", f"{artists.mean():.0f}", str(len(songs)), mean_and_range(accuracy.tolist())]
        for songs, artists, accuracy in of_sizes
    ]
    return "\n\n".join(filter(None, [table(head, rows), f"{risen(curve)} {doubled(curve, laws)}", doubts(curve)]))


def risen(curve: Curve) -> str:
    """What more songs have brought."""
    songs, accuracy = curve.by_size(curve.songs), curve.by_size(curve.accuracy)
    return (
        f"On the same {len(curve.groups)} test songs by {len(np.unique(curve.groups))} artists, accuracy is "
        f"{percent(accuracy[0].mean())} with {songs[0].mean():.0f} songs a genre and {percent(accuracy[-1].mean())} "
        f"with {curve.most:.0f}."
    )


def doubled(curve: Curve, laws: PowerLaw | None) -> str:
    """What twice as many songs would bring, or why that cannot be said."""
    if laws is None:
        return f"What twice as many would bring cannot be said: {lacking(curve)}."
    low, high = np.round(100 * interval(laws.gain(curve.most)))
    what = f"Twice as many songs by {'twice as many' if curve.by_artists else 'the same'} artists"
    if low <= 0:
        return f"{what}: what they would bring cannot be said, it may be anything from {low:.0f} to {high:.0f} points."
    gain = points(float(fit(curve.songs, 1 - curve.accuracy).gain(curve.most)))
    return (
        f"{what} would bring another {gain} (95 % interval {low:.0f} to {high:.0f}), if they are like these "
        "and the power law through all sizes goes on."
    )


def doubts(curve: Curve) -> str:
    """Why the figures may be too good: artists that are, or may be, both in training and on test."""
    largest = curve.runs[-1].results
    shared = len(largest.shared_artists.get("test", []))
    unknown = sum(largest.splits[split].unknown_artists for split in ("learnt_from", "test"))
    told = f"{shared} artists are both in training and on test" * bool(shared)
    told = told or f"{unknown} songs name no artist, who may be both in training and on test" * bool(unknown)
    return told and f"The figures may be too good: {told}."


def draw(curves: Mapping[str, Curve], laws: Mapping[str, PowerLaw | None]) -> "Figure":
    """Test accuracy over songs a genre: runs, the interval at each size, and power laws up to twice as many."""
    from matplotlib.figure import Figure

    figure = Figure((8, 5), layout="constrained")
    axes = figure.add_subplot(xscale="log", xlabel="songs a genre (artists a genre)", ylabel="accuracy on test, %")
    longest = max(curves.values(), key=lambda curve: curve.most)
    axes.set_xlim(min(curve.songs.min() for curve in curves.values()) / 1.2, 2.4 * longest.most)
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        draw_runs(axes, curve, colour, literal(name))
        if (known := laws[name]) is not None:
            draw_law(axes, curve, known, colour)
    label_sizes(axes, longest)
    axes.set_title(
        f"the same {len(longest.groups)} test songs at all sizes; lines and area: 95 % intervals", fontsize=10
    )
    if any(curves):
        axes.legend(loc="lower right")
    return figure


def draw_runs(axes: "Axes", curve: Curve, colour: str, label: str) -> None:
    """A dot a run, and at each size the interval of a run's accuracy, mean of its runs."""
    axes.plot(curve.songs, 100 * curve.accuracy, "o", color=colour, markersize=4, alpha=0.6, label=label)
    known = [run.results.splits["test"].accuracy_interval or (np.nan, np.nan) for run in curve.runs]
    places = [songs.mean() for songs in curve.by_size(curve.songs)]
    ends = [100 * of_size.mean(axis=0) for of_size in curve.by_size(np.array(known))]
    axes.vlines(places, *np.transpose(ends), color=colour, alpha=0.4)


def draw_law(axes: "Axes", curve: Curve, laws: PowerLaw, colour: str) -> None:
    """The power law through the runs and its interval, dashed beyond the songs there are."""
    n = np.geomspace(curve.songs.min(), 2 * curve.most, 60)
    low, high = interval(PowerLaw(*(values[:, None] for values in laws)).error(n))
    axes.fill_between(n, 100 * (1 - high), 100 * (1 - low), color=colour, alpha=0.12, linewidth=0)
    accuracy, there = 100 * (1 - fit(curve.songs, 1 - curve.accuracy).error(n)), n <= curve.most
    axes.plot(n[there], accuracy[there], color=colour)
    axes.plot(n[~there], accuracy[~there], "--", color=colour)


def label_sizes(axes: "Axes", curve: Curve) -> None:
    """Name songs and artists at each size, and at twice the largest."""
    places, artists = ([of.mean() for of in curve.by_size(values)] for values in (curve.songs, curve.artists))
    names = [f"{songs:.0f}\n({known:.0f})" for songs, known in zip(places, artists, strict=True)]
    axes.set_xticks([*places, 2 * curve.most], [*names, f"{2 * curve.most:.0f}"])
    axes.minorticks_off()
