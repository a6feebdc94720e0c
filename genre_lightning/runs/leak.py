"""experiment=leak: what a split song by song promises, beside one that keeps artists apart."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.errors import UserError
from genre_lightning.plotting import COLOURS, literal, save_picture
from genre_lightning.runs.results import SCORED, Results
from genre_lightning.runs.swept import Swept, runs_by_variant
from genre_lightning.text import mean_and_range, percent, points, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = {"naive": "song by song", "artist": "by artist"}
ASKED = ("split.method", "split.seed", "seed")
PICTURE = "leak.png"
LEAST_PAIRS = 3  # of divisions, below which their spread is not known


Pair = Mapping[str, Results]  # by METHODS: the same songs divided both ways, with the same seeds


def leak(folder: Path) -> str:
    """Say what the naive figure would have promised, for each variant of the runs below a folder; draw leak.png.

    Raises UserError if no division of the songs was made both ways.
    """
    variants = pairs_by_variant(folder)
    save_picture(draw(variants), folder / PICTURE)
    return f"{findings(variants)}\n\n{folder / PICTURE}"


def pairs_by_variant(folder: Path) -> dict[str, list[Pair]]:
    """The pairs of each variant of the runs below a folder. Raises UserError if there are none."""
    variants = {name: pairs_of(runs) for name, runs in runs_by_variant(folder, ASKED).items()}
    variants = {name: pairs for name, pairs in variants.items() if pairs}
    if not variants:
        raise UserError(f"{folder}: no finished runs of split.method=naive and artist that share a split.seed")
    return variants


def pairs_of(runs: Sequence[Swept]) -> list[Pair]:
    """The runs of the two methods that share their seeds."""
    found: dict[tuple[int, int], dict[str, Results]] = defaultdict(dict)
    for run in runs:
        found[run.setting("split.seed"), run.setting("seed")][run.setting("split.method")] = run.results
    return [pair for _, pair in sorted(found.items()) if pair.keys() >= METHODS.keys()]


def test_accuracies(pairs: Sequence[Pair], method: str) -> list[float]:
    """The accuracy on test of each run of a method."""
    return [pair[method].splits["test"].accuracy for pair in pairs]


def findings(variants: Mapping[str, Sequence[Pair]]) -> str:
    """Of each variant the figures of both methods, and what they mean."""
    head = ["accuracy, the same songs divided", "runs", "learnt from", "validation", "test", "baseline on test"]
    told = []
    for name, pairs in variants.items():
        rows = [row(title, [pair[method] for pair in pairs]) for method, title in METHODS.items()]
        told += [name, table(head, rows), sentence(pairs)]
    return "\n\n".join(filter(None, told))


def row(title: str, runs: Sequence[Results]) -> list[str]:
    """A line of the table: mean and range of accuracies."""
    figures = [[run.splits[split].accuracy for run in runs] for split in SCORED]
    baseline = [run.baseline["test"].accuracy for run in runs]
    return [title, str(len(runs)), *map(mean_and_range, (*figures, baseline))]


def sentence(pairs: Sequence[Pair]) -> str:
    """What the naive figure would have promised, or why that cannot be said."""
    if not any(pair["naive"].shared_artists for pair in pairs):
        return (
            "The leak cannot be measured: no artist is known to have two songs, so that both splits are alike. If the "
            "songs name no artists, add these in a manifest.csv: they may be on both sides of either split."
        )
    naive, artist = (percent(float(np.mean(test_accuracies(pairs, method)))) for method in METHODS)
    told = (
        f"Divided song by song, the test promises {naive}; of songs by artists it has never heard, {artist} are right"
    )
    return f"{told}: {verdict(pairs)}{unknown(pairs)}"


def verdict(pairs: Sequence[Pair]) -> str:
    """By how much the promise is too high."""
    naive, artist = (np.array(test_accuracies(pairs, method)) for method in METHODS)
    leaks = naive - artist
    if len(pairs) < LEAST_PAIRS:
        told = f"{points(leaks.mean())} in {len(pairs)} of at least {LEAST_PAIRS} divisions that are needed"
        return f"{told}, which may be chance; try -m split.seed=0,1,2,3,4."
    low, high = leak_interval(leaks, min(pair["artist"].splits["test"].songs for pair in pairs))
    known = f"95 % interval {100 * low:z.0f} to {100 * high:z.0f}, from {len(pairs)} divisions of these songs"
    if low > 0:
        return (
            f"the promise is {points(leaks.mean())} too high ({known}). It is artists that it knows again, not genres."
        )
    if high < 0:
        return f"that is no promise too high, but lower ({known}): a leak is not shown."
    return f"that is within chance ({known}), so a leak is not shown. More say more: -m 'split.seed=range(20)'."


def leak_interval(leaks: np.ndarray, songs: int) -> tuple[float, float]:
    """The 95 % interval of the mean over all divisions of the same songs: Student's, over those that were drawn.

    It reaches at least one of the test `songs` to either side: equal figures have no spread, but are not exact.
    """
    from scipy.special import stdtrit  # the quantiles of Student's t; scipy.stats takes a second to import

    error = leaks.std(ddof=1) / math.sqrt(len(leaks))
    reach = max(float(stdtrit(len(leaks) - 1, 0.975) * error), 1 / songs)
    return leaks.mean() - reach, leaks.mean() + reach


def unknown(pairs: Sequence[Pair]) -> str:
    """That unknown artists leak in both splits, if there are any."""
    splits = [pairs[0]["artist"].splits[split] for split in SCORED]
    songs = sum(split.unknown_artists for split in splits)
    if not songs:
        return ""
    of = sum(split.songs for split in splits)
    return f" {songs} of {of} songs name no artist and may leak in both splits: the leak may be larger."


def draw(variants: Mapping[str, Sequence[Pair]]) -> "Figure":
    """Test accuracy both ways, a line for each division of the songs, a panel for each variant."""
    from matplotlib.figure import Figure

    figure = Figure((1.5 + 2.5 * len(variants), 4), layout="constrained")
    panels = figure.subplots(1, len(variants), sharey=True, squeeze=False)[0]
    for axes, (name, pairs) in zip(panels, variants.items(), strict=True):
        figures = 100 * np.array([test_accuracies(pairs, method) for method in METHODS])  # (methods, pairs)
        axes.plot(figures, color="#999999", marker="o", markersize=4)
        axes.plot(figures.mean(axis=1), color=COLOURS[0], marker="D", linewidth=3, label=f"mean of {len(pairs)}")
        axes.set_xticks(range(len(METHODS)), METHODS.values())
        axes.set(xlim=(-0.3, 1.3), title=literal(name), xlabel="how the songs are divided")
    panels[0].set_ylabel("accuracy on test, %")
    panels[0].legend()
    return figure
