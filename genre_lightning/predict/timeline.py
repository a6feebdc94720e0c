"""The genres of a song over time as a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.plotting import COLOURS
from genre_lightning.text import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TICK_SECONDS = (0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400, float("inf"))
HATCHES = ("", "//", "..", "xx", "--", "oo")  # from the ninth genre on


def timeline_picture(
    edges: Sequence[float], probabilities: Sequence[Sequence[float]], genres: Sequence[str], title: str
) -> "Figure":
    """The genres of a song over time as layers.

    `probabilities` is `(moments, n_genres)`, all 0 for silence, which is grey; `edges`, in seconds, has one value more
    than there are moments.
    """
    from matplotlib.figure import Figure

    figure = Figure((10, 2 + 0.25 * len(genres)), layout="constrained")
    axes = figure.add_subplot(ylabel="probability", ylim=(0, 1))
    axes.set_title(title, parse_math=False)  # names of songs hold dollar signs
    if not np.sum(probabilities, axis=1).all():
        axes.axvspan(0, edges[-1], facecolor="0.85", zorder=0, label="silence")  # shows where no layer covers it
    heights = np.concatenate([probabilities, np.array(probabilities)[-1:]]).T  # the last one up to its end
    layers = axes.stackplot(edges, *heights, labels=genres, step="post")
    for index, layer in enumerate(layers):
        layer.set(facecolor=COLOURS[index % len(COLOURS)], edgecolor="white", linewidth=0.3)
        layer.set_hatch(HATCHES[index // len(COLOURS) % len(HATCHES)])
    time_axis(axes, edges[-1])
    figure.legend(*(part[::-1] for part in axes.get_legend_handles_labels()), loc="outside right upper")
    return figure


def time_axis(axes: "Axes", seconds: float) -> None:
    """Have the x axis show all of a song, in minutes and seconds."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    axes.set(xlabel="minutes and seconds", xlim=(0, seconds))
    axes.xaxis.set_major_locator(MultipleLocator(next(step for step in TICK_SECONDS if seconds <= 10 * step)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: clock(place)))
