"""experiment=leak: what a split song by song promises, beside one that keeps artists apart."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.errors import UserError
from genre_lightning.intervals import Interval, paired_interval
from genre_lightning.plotting import COLOURS, literal, save_picture
from genre_lightning.runs.compare import artist_groups, by_key, tested
from genre_lightning.runs.swept import Swept, runs_by_variant
from genre_lightning.text import mean_and_range, percent, points, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METHODS = {"naive": "song by song", "artist": "by artist"}
ASKED = ("split.method", "split.seed", "seed")
PICTURE = "leak.png"
Pair = Mapping[str, Swept]  # by METHODS: the same songs divided into folds both ways, with the same seeds


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
        raise UserError(f"{folder}: no finished runs with folds of both split.method=naive and artist")
    return variants


def pairs_of(runs: Sequence[Swept]) -> list[Pair]:
    """The runs of the two methods that share their seeds."""
    found: dict[tuple[int, int], dict[str, Swept]] = defaultdict(dict)
    for run in runs:
        if run.results.folds:
            found[run.setting("split.seed"), run.setting("seed")][run.setting("split.method")] = run
    return [pair for _, pair in sorted(found.items()) if pair.keys() >= METHODS.keys()]


def accuracies(pairs: Sequence[Pair], method: str, part: str = "test") -> list[float]:
    """The accuracy of each run of a method, out of fold or on the songs learnt from."""
    return [pair[method].results.splits[part].accuracy for pair in pairs]


def findings(variants: Mapping[str, Sequence[Pair]]) -> str:
    """Of each variant the figures of both methods, and what they mean."""
    head = ["accuracy, the same songs in folds", "runs", "learnt from", "out of fold", "baseline out of fold"]
    told = []
    for name, pairs in variants.items():
        rows = [row(title, pairs, method) for method, title in METHODS.items()]
        told += [name, table(head, rows), sentence(pairs)]
    return "\n\n".join(filter(None, told))


def row(title: str, pairs: Sequence[Pair], method: str) -> list[str]:
    """A line of the table: mean and range of accuracies."""
    figures = [accuracies(pairs, method, part) for part in ("learnt_from", "test")]
    baseline = [pair[method].results.baseline["test"].accuracy for pair in pairs]
    return [title, str(len(pairs)), *map(mean_and_range, (*figures, baseline))]


def sentence(pairs: Sequence[Pair]) -> str:
    """What the naive figure would have promised, or why that cannot be said."""
    if not any(pair["naive"].results.shared_artists for pair in pairs):
        return (
            "The leak cannot be measured: no artist is known to have two songs, so that both ways are alike. If the "
            "songs name no artists, add these in a manifest.csv: they may be on both sides of either."
        )
    naive, artist = (percent(float(np.mean(accuracies(pairs, method)))) for method in METHODS)
    told = f"Divided song by song, the folds promise {naive}; by artists whom the networks have never heard, {artist}"
    return f"{told} are right: {verdict(pairs)}{unknown(pairs)}"


def verdict(pairs: Sequence[Pair]) -> str:
    """By how much the promise is too high: each song was judged both ways."""
    leak, span = leak_with_interval(pairs)
    if span is None:
        return f"{points(leak)}, of which too few artists say nothing."
    known = f"95 % interval {100 * span[0]:z.0f} to {100 * span[1]:z.0f}, over artists"
    if span[0] > 0:
        return f"the promise is {points(leak)} too high ({known}). It is artists that they know again, not genres."
    if span[1] < 0:
        return f"that is no promise too high, but lower ({known}): a leak is not shown."
    return f"that is within chance ({known}), so a leak is not shown. More say more: -m split.seed=0,1,2,3."


def leak_with_interval(pairs: Sequence[Pair]) -> tuple[float, Interval | None]:
    """The accuracy song by song less that by artist, and its 95 % interval over artists, who are groups of songs."""
    naive, artist, groups = [], [], []
    for pair in pairs:
        songs, others = (by_key(pair[method].folder) for method in METHODS)
        group_of = artist_groups(pair["artist"].folder)
        keys = [key for key in tested(songs) if key in others and key[0] in group_of]
        naive += [songs[key].correct for key in keys]
        artist += [others[key].correct for key in keys]
        groups += [group_of[path][0] for path, _ in keys]
    return float(np.mean(naive) - np.mean(artist)), paired_interval(naive, artist, groups)


def unknown(pairs: Sequence[Pair]) -> str:
    """That unknown artists leak either way, if there are any."""
    test = pairs[0]["artist"].results.splits["test"]
    if not test.unknown_artists:
        return ""
    return (
        f" {test.unknown_artists} of {test.songs} songs name no artist and may leak either way: the leak may be larger."
    )


def draw(variants: Mapping[str, Sequence[Pair]]) -> "Figure":
    """Accuracy out of fold both ways, a line for each division of the songs, a panel for each variant."""
    from matplotlib.figure import Figure

    figure = Figure((1.5 + 2.5 * len(variants), 4), layout="constrained")
    panels = figure.subplots(1, len(variants), sharey=True, squeeze=False)[0]
    for axes, (name, pairs) in zip(panels, variants.items(), strict=True):
        figures = 100 * np.array([accuracies(pairs, method) for method in METHODS])  # (methods, pairs)
        axes.plot(figures, color="#999999", marker="o", markersize=4)
        axes.plot(figures.mean(axis=1), color=COLOURS[0], marker="D", linewidth=3, label=f"mean of {len(pairs)}")
        axes.set_xticks(range(len(METHODS)), METHODS.values())
        axes.set(xlim=(-0.3, 1.3), title=literal(name), xlabel="how the songs are divided")
    panels[0].set_ylabel("accuracy out of fold, %")
    panels[0].legend()
    return figure
