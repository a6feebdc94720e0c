"""Section 7 of the theory: what a gap between train and test says, and what songs on both sides of a split do."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from docs.figures.drawing import panels
from docs.figures.stored import stored
from genre_lightning.data.catalogue import SPLITS
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRENGTHS = 10.0 ** np.arange(-4, 5)  # of C: the larger, the freer the weights
REPEATS = 5  # of the folds, each time drawn anew


def classifier(strength: float) -> Any:
    """Logistic regression on standardised features, as our baseline."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=3000))


@cache
def freedoms() -> np.ndarray:
    """The accuracy on train and on test for each of STRENGTHS and each stored split, `(2, strengths, splits)`."""
    songs, genre, splits = stored()["mfcc"], stored()["genre"], stored()["split"]
    figures = np.empty((2, len(STRENGTHS), len(splits)))
    for column, split in enumerate(splits):
        train, test = (split == SPLITS.index(name) for name in ("train", "test"))
        for row, strength in enumerate(STRENGTHS):
            fitted = classifier(strength).fit(songs[train], genre[train])
            figures[:, row, column] = [fitted.score(songs[part], genre[part]) for part in (train, test)]
    return figures


@cache
def leak() -> np.ndarray:
    """The accuracy out of fold, songs of an artist kept together or not, `(2, REPEATS)`."""
    from sklearn.model_selection import GroupKFold, KFold, cross_val_score

    songs, genre, artist = (stored()[name] for name in ("mfcc", "genre", "artist"))
    figures = np.empty((2, REPEATS))
    for seed in range(REPEATS):
        by_artist = GroupKFold(5, shuffle=True, random_state=seed).split(songs, genre, artist)
        by_song = KFold(5, shuffle=True, random_state=seed).split(songs)
        for row, folds in enumerate((by_artist, by_song)):
            figures[row, seed] = cross_val_score(classifier(1.0), songs, genre, cv=folds).mean()
    return figures


def draw_overfitting() -> "Figure":
    """Train and test while weights get freer; and the same songs in folds by artist and by song."""
    figure, (freer, folds) = panels(1, 2, width=8, height=2.8)
    for values, name, colour in zip(freedoms(), ("train", "test"), COLOURS, strict=False):
        freer.semilogx(STRENGTHS, values, ".", color=colour, markersize=4)
        freer.semilogx(STRENGTHS, values.mean(axis=1), color=colour, label=name)
    freer.set(title="logistic regression on MFCC", xlabel="C: how free its weights are", ylabel="accuracy")
    freer.legend()
    folds.boxplot([*leak()], tick_labels=["folds by artist", "folds by song"])
    by_artist, by_song = leak().mean(axis=1)
    folds.set_title(f"out of fold: {100 * by_artist:.1f} % and {100 * by_song:.1f} %")
    folds.set(xlabel=f"a box: folds drawn anew {REPEATS} times", ylabel="accuracy", ylim=(0.6, 0.85))
    return figure


PICTURES = {"overfitting": draw_overfitting}
SOUNDS = {}
