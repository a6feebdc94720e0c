"""sweep.png: validation against test for many runs, and what each setting does to validation."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from statistics import mean
from typing import TYPE_CHECKING

from genre_lightning.plotting import COLOURS
from genre_lightning.runs.records import Record, differing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RUN, BEST, FAINT = COLOURS[0], COLOURS[1], "0.6"
MOST_VALUES = 8  # of numbers that each get a strip of their own; more are drawn on an axis
LONGEST_LABEL = 24  # signs


def sweep_picture(sets: Sequence[Sequence[Record]]) -> Figure:
    """A row of panels for each set of songs that runs were judged on; of each the best run comes first.

    On the left every run's accuracy on validation and on test, or with folds on songs learnt from and out of fold, with
    95 % intervals; then a panel for each setting in which the runs differ: their log-loss there by its value.
    """
    from matplotlib.figure import Figure

    settings = [differing(records) for records in sets]
    columns = 1 + max(map(len, settings))
    figure = Figure((4 * columns, 3.8 * len(sets)), layout="constrained")
    panels = figure.subplots(len(sets), columns, squeeze=False)
    for number, (row, records, names) in enumerate(zip(panels, sets, settings, strict=True), 1):
        draw_accuracies(row[0], records, f"songs {number}: " if len(sets) > 1 else "")
        for axes, name in zip(row[1:], names, strict=False):
            draw_effect(axes, records, name)
        for axes in row[1 + len(names) :]:
            axes.set_visible(False)
    return figure


def draw_accuracies(axes: Axes, records: Sequence[Record], which: str) -> None:
    """Each run's accuracy on two kinds of songs, the best run on top, and the line where both are equal."""
    kinds, songs = kinds_of(records[0]), {split: of.songs for split, of in records[0].results.splits.items()}
    lowest = min(draw_run(axes, record, best=record is records[0]) for record in reversed(records))
    limits = (max(0.0, lowest) - 3, 103)
    axes.plot(limits, limits, color=FAINT, linestyle=":", linewidth=1)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.set(**{f"{axis}label": f"accuracy {where}, %" for axis, where in zip("xy", kinds.values(), strict=True)})
    told = (
        f"{songs['test']} songs" if "val" not in kinds else f"{songs['val']} validation and {songs['test']} test songs"
    )
    runs = "1 run" if len(records) == 1 else f"{len(records)} runs"
    axes.set_title(f"{which}{runs}, {told}", fontsize=9)
    axes.legend(fontsize="small", loc="upper left")


def kinds_of(record: Record) -> dict[str, str]:
    """The two kinds of songs on which accuracies are compared."""
    if record.results.folds:
        return {"learnt_from": "on songs learnt from", "test": "of songs out of fold"}
    return {"val": "on validation", "test": "on test"}


def draw_run(axes: Axes, record: Record, *, best: bool) -> float:
    """A run's accuracies with their 95 % intervals; returns the lowest figure drawn."""
    ends = []
    for split in kinds_of(record):
        shown = record.results.splits[split]
        low, high = shown.accuracy_interval or (shown.accuracy, shown.accuracy)
        ends.append((100 * min(low, shown.accuracy), 100 * shown.accuracy, 100 * max(high, shown.accuracy)))
    spans = [[[at - low], [high - at]] for low, at, high in ends]
    style = {"color": BEST if best else RUN, "zorder": 2 + best}
    axes.errorbar(ends[0][1], ends[1][1], xerr=spans[0], yerr=spans[1], fmt="none", alpha=0.35, **style)
    axes.plot(ends[0][1], ends[1][1], "o", label="best by log-loss" if best else None, **style)
    return min(ends[0][0], ends[1][0])


def draw_effect(axes: Axes, records: Sequence[Record], name: str) -> None:
    """Each run's log-loss, on validation or out of fold, by the value of a setting."""
    axes.set_title(name, fontsize=9, parse_math=False)
    where = "of songs out of fold" if records[0].results.folds else "on validation"
    axes.set_ylabel(f"log-loss {where} (lower is better)")
    values, losses = [record.setting(name) for record in records], [record.loss for record in records]
    numbers = as_numbers(values)
    if len(set(numbers)) > MOST_VALUES:
        draw_points(axes, numbers, losses)
        if min(numbers) > 0 and max(numbers) > 20 * min(numbers):
            axes.set_xscale("log")
    else:
        draw_strips(axes, values, losses)


def draw_points(axes: Axes, places: Sequence[float], losses: Sequence[float]) -> None:
    """A point a run; the first one is the best."""
    axes.scatter(places, losses, color=RUN, alpha=0.7)
    axes.scatter(places[:1], losses[:1], color=BEST, zorder=3)


def draw_strips(axes: Axes, values: Sequence[str], losses: Sequence[float]) -> None:
    """The runs of each value above its name, and their mean."""
    kinds = sorted(set(values), key=lambda value: (as_numbers([value]) or [inf], value))
    draw_points(axes, [kinds.index(value) for value in values], losses)
    for column, kind in enumerate(kinds):
        middle = mean(loss for loss, value in zip(losses, values, strict=True) if value == kind)
        axes.plot([column - 0.25, column + 0.25], [middle, middle], color="black")
    labels = [kind if len(kind) <= LONGEST_LABEL else f"{kind[: LONGEST_LABEL - 1]}…" for kind in kinds]
    axes.set_xticks(range(len(kinds)), [label or "default" for label in labels], parse_math=False)
    axes.set_xlim(-0.6, len(kinds) - 0.4)
    axes.tick_params("x", rotation=30 if sum(map(len, labels)) > 30 else 0)


def as_numbers(values: Sequence[str]) -> list[float]:
    """What the values mean if all of them are numbers; nothing if one is not."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return []
