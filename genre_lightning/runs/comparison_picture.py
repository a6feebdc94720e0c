"""Two runs on the same test songs as a picture, for genre-lightning compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genre_lightning.errors import UserError
from genre_lightning.plotting import COLOURS, save_picture
from genre_lightning.runs.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_NAME = 80  # characters of a run's name in that of a picture


def draw(comparison: Comparison, path: Path | None = None) -> Path:
    """Write the picture, here as compare_A_B.png by the runs' folders unless told otherwise; returns where.

    Raises UserError if it cannot be written there.
    """
    a, b = (run.resolve().name[:LONGEST_NAME] for run in comparison.runs)
    path = path or Path(f"compare_{a}_{b}.png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(picture(comparison), path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}; name another file with --output") from None
    return path


def picture(comparison: Comparison) -> Figure:
    """The differences with their intervals, and for each genre how many test songs which of the runs gets right."""
    from matplotlib.figure import Figure

    genres = sorted({a.genre for a, _ in comparison.pairs})
    figure = Figure((10, 2.8 + 0.3 * len(genres)), layout="constrained")
    a, b = (run.resolve().name for run in comparison.runs)
    figure.suptitle(f"A: {a}\nB: {b}", fontsize="medium", parse_math=False)
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    draw_differences(left, comparison)
    draw_songs(right, comparison, genres)
    return figure


def draw_differences(axes: Axes, comparison: Comparison) -> None:
    """A less B as a dot, its interval as a line."""
    furthest = 10.0
    for row, difference in enumerate((comparison.f1_macro, comparison.accuracy)):
        low, high = (100 * end for end in difference.interval or (difference.a - difference.b,) * 2)
        axes.plot(100 * (difference.a - difference.b), row, "o", color="black")
        axes.plot([low, high], [row, row], color="black")
        furthest = max(furthest, -low, high)
    axes.axvline(0, color="0.6", linestyle="--")
    axes.set_yticks([0, 1], ["macro F1", "accuracy"])
    axes.set(xlim=(-1.1 * furthest, 1.1 * furthest), ylim=(-0.5, 1.5), xlabel="points on test, A less B, 95 %")
    axes.set_title("B is better | A is better")  # with 0 in the middle


def draw_songs(axes: Axes, comparison: Comparison, genres: Sequence[str]) -> None:
    """A bar for each genre."""
    parts = {(True, True): "both right", (True, False): "only A", (False, True): "only B", (False, False): "neither"}
    counts = Counter((a.genre, a.correct, b.correct) for a, b in comparison.pairs)
    start = [0] * len(genres)
    for (right, label), colour in zip(parts.items(), ("0.8", *COLOURS[:2], "0.4"), strict=True):
        widths = [counts[genre, *right] for genre in genres]
        axes.barh(range(len(genres)), widths, left=start, color=colour, label=label)
        start = [one + width for one, width in zip(start, widths, strict=True)]
    axes.set_yticks(range(len(genres)), genres, parse_math=False)
    axes.invert_yaxis()
    axes.set(xlabel="test songs", title="which of them get a song right")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
