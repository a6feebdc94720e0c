"""What people would rather look at than read: a run's figures, for its folder and for TensorBoard."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from genre_lightning.features.base import Features

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = ("loss", "accuracy", "f1_macro")  # logged for both train and validation
TRAIN_COLOUR, VAL_COLOUR = "#0072B2", "#D55E00"  # Okabe and Ito's, which everybody can tell apart


def confusion_picture(counts: np.ndarray, genres: Sequence[str], title: str) -> "Figure":
    """Songs by true genre (row) and predicted genre (column), coloured by their part of the row."""
    from matplotlib.figure import Figure

    size = 2.5 + 0.5 * len(genres)
    figure = Figure((size, size), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="predicted", ylabel="true")
    parts = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(genres)), genres, rotation=60, ha="right", parse_math=False)
    axes.set_yticks(range(len(genres)), genres, parse_math=False)
    for row, column in np.argwhere(counts):
        colour = "white" if parts[row, column] > 0.5 else "black"
        axes.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", color=colour)
    return figure


def spectrogram_picture(windows: Sequence[np.ndarray], titles: Sequence[str], features: Features) -> "Figure":
    """A few windows `(frames, n_features)` of `features`, each under its title, on one scale."""
    from matplotlib.figure import Figure

    figure = Figure((10, 1.2 + 1.5 * len(windows)), layout="constrained")
    panels = figure.subplots(len(windows), squeeze=False)[:, 0]
    label, named = features.ticks()
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
    figure.colorbar(panels[0].images[0], ax=[*panels], label=features.unit)
    return figure


def curves_picture(curves: dict[str, list[tuple[int, float]]], averaged: bool) -> "Figure":
    """Train and validation on the same axes, a panel a measure; `curves` holds (step, value) by names like val/loss.

    `averaged` is whether the validated weights were averages over training steps.
    """
    from matplotlib.figure import Figure

    figure = Figure((4 * len(MEASURES), 3.2), layout="constrained")
    shown = [*zip(("train", "val"), curve_labels(averaged), (TRAIN_COLOUR, VAL_COLOUR), strict=True)]
    for axes, measure in zip(figure.subplots(1, len(MEASURES)), MEASURES, strict=True):
        for split, label, colour in shown:
            if points := curves.get(f"{split}/{measure}"):
                axes.plot(*zip(*points, strict=True), color=colour, label=label, marker=".")
        axes.set(title=measure, xlabel="training step")
        axes.legend(fontsize="small")
    return figure


def curve_labels(averaged: bool) -> tuple[str, str]:
    """What the curves of train and validation are of; weights may be `averaged` for validation only."""
    if averaged:
        return "train: windows, raw weights", "val: songs, averaged weights"
    return "train: windows", "val: songs"
