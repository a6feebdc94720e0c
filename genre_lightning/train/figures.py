"""What people would rather look at than read: a run's figures, for its folder and for TensorBoard."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.features.base import Features
from genre_lightning.features.picture import comparable
from genre_lightning.metrics import ScoredSongs, reliability
from genre_lightning.plotting import COLOURS
from genre_lightning.train.callbacks import Curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = ("loss", "accuracy", "f1_macro")
CURVES = {"train_songs": "training songs", "val": "validation songs"}  # judged alike: whole, and by the same weights


def confusion_picture(counts: Mapping[str, np.ndarray], genres: Sequence[str]) -> "Figure":
    """Songs by true genre (row) and predicted genre (column), coloured by their part of the row; a panel a title."""
    from matplotlib.figure import Figure

    size = 2.5 + 0.5 * len(genres)
    figure = Figure((size * len(counts), size), layout="constrained")
    for axes, (title, matrix) in zip(figure.subplots(1, len(counts), squeeze=False)[0], counts.items(), strict=True):
        axes.set(title=title, xlabel="predicted")
        parts = matrix / matrix.sum(axis=1, keepdims=True).clip(min=1)
        axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(genres)), genres, rotation=60, ha="right", parse_math=False)
        axes.set_yticks(range(len(genres)), genres, parse_math=False)
        for row, column in np.argwhere(matrix):
            colour = "white" if parts[row, column] > 0.5 else "black"
            axes.text(column, row, f"{matrix[row, column]:.0f}", ha="center", va="center", color=colour)
    figure.axes[0].set_ylabel("true")
    return figure


def spectrogram_picture(windows: Sequence[np.ndarray], titles: Sequence[str], features: Features) -> "Figure":
    """A few windows `(frames, n_features)` of `features`, each under its title, on one scale if they have one."""
    from matplotlib.figure import Figure

    figure = Figure((10, 1.2 + 1.5 * len(windows)), layout="constrained")
    panels = figure.subplots(len(windows), squeeze=False)[:, 0]
    label, named = features.ticks()
    windows, unit = comparable(windows, features)
    lowest, highest = min(map(np.min, windows)), max(map(np.max, windows))
    for axes, window, title in zip(panels, windows, titles, strict=True):
        frames, n_features = window.shape
        place = (0, features.seconds_of(frames), -0.5, n_features - 0.5)
        drawn = {"origin": "lower", "aspect": "auto", "cmap": "magma", "extent": place}
        axes.imshow(window.T, vmin=lowest, vmax=highest, **drawn)
        axes.set_title(title, fontsize=9, parse_math=False)
        axes.set_yticks([*named], [*named.values()], fontsize=7)
        axes.set_ylabel(label)
    panels[-1].set_xlabel("seconds")
    figure.colorbar(panels[0].images[0], ax=[*panels], label=unit)
    return figure


def calibration_picture(scored: Mapping[str, ScoredSongs]) -> "Figure":
    """Reliability diagrams (Guo et al. 2017), a panel for each title: how sure the model is, and how often it is right.

    Songs are taken together in CALIBRATION_BINS bins by the probability of their predicted genre; a point is a bin, at
    its mean probability, and its area stands for its songs. On the diagonal, probabilities mean what they say.
    """
    from matplotlib.figure import Figure

    figure = Figure((3.2 * len(scored), 3.5), layout="constrained")
    for axes, (title, songs) in zip(figure.subplots(1, len(scored), squeeze=False)[0], scored.items(), strict=True):
        sure, right, counts = reliability(songs)
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
        axes.scatter(sure, right, 400 * counts / counts.sum() + 5, color=COLOURS[0], alpha=0.8)
        axes.set(xlim=(0, 1.03), ylim=(-0.03, 1.03), xlabel="probability of the predicted genre", title=title)
        axes.set_aspect("equal")
    figure.axes[0].set_ylabel("part of songs that have it")
    return figure


def curves_picture(curves: Curves, folds: Sequence[Curves] = ()) -> "Figure":
    """Train and validation on the same axes, a panel a measure; `curves` holds (step, value) by names like val/loss.

    Those of `folds`, of which it is the mean, are faint; their validation songs are those that they test.
    """
    from matplotlib.figure import Figure

    shown = CURVES | ({"val": "songs out of fold"} if folds else {})
    figure = Figure((4 * len(MEASURES), 3.2), layout="constrained")
    for axes, measure in zip(figure.subplots(1, len(MEASURES)), MEASURES, strict=True):
        for (split, label), colour in zip(shown.items(), COLOURS, strict=False):
            name = f"{split}/{measure}"
            for fold in folds:
                axes.plot(*zip(*fold.get(name, []), strict=True), color=colour, alpha=0.25, linewidth=0.8)
            if points := curves.get(name):
                axes.plot(*zip(*points, strict=True), color=colour, label=label, marker=".")
        axes.set(title=measure, xlabel="training step")
        if axes.lines:  # none of what no epoch has logged
            axes.legend(fontsize="small")
    return figure
