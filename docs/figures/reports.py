"""Section 7 of the theory: calibration, intervals and averaged weights, on songs and a loss that are simulated."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from docs.figures.drawing import panels
from genre_lightning.intervals import accuracy_interval
from genre_lightning.metrics import ScoredSongs, at_temperature
from genre_lightning.plotting import COLOURS
from genre_lightning.train.figures import calibration_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRUTH = 0.8  # the simulated accuracy
ARTISTS, SONGS = 10, 15  # of a test set, and of each artist
CORRELATION = 0.43  # of songs of one artist: what it was on 864 composed ones
TEST_SETS = 40
STEPS, DESCENTS = 600, 300  # of the averaged weights: so many that the average has forgotten where they began
DECAY = 0.99  # as in conf/callbacks/ema.yaml


def judged_songs(sureness: float) -> ScoredSongs:
    """A thousand songs of three genres whose probabilities are true at temperature 1, with logits times `sureness`."""
    draw = torch.Generator().manual_seed(0)
    logits = 1.5 * torch.randn(1000, 3, generator=draw)
    genre = logits.softmax(dim=1).multinomial(1, generator=draw).flatten()
    return at_temperature(ScoredSongs(torch.arange(1000), logits, genre), 1 / sureness)


def draw_calibration() -> "Figure":
    """Two models that are right equally often: one whose probabilities are true, and one that is too sure."""
    return calibration_picture({"as sure as it is right": judged_songs(1.0), "too sure": judged_songs(3.0)})


def draw_right(rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which songs of a test set are right, `(ARTISTS, SONGS)`: each artist has a probability of their own."""
    spread = 1 / CORRELATION - 1  # of the beta distribution whose draws correlate so
    easy = rng.beta(TRUTH * spread, (1 - TRUTH) * spread, (ARTISTS, 1))
    return rng.random((ARTISTS, SONGS)) < easy


def bootstrap(right: npt.NDArray[np.bool_], rng: np.random.Generator) -> tuple[float, float]:
    """The usual interval over songs: the middle 95 % of the accuracies of songs drawn from the test set."""
    drawn = rng.choice(right.ravel(), (1000, right.size)).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def draw_intervals() -> "Figure":
    """The intervals of many test sets, by songs and by artists, and which of them miss the truth."""
    figure, (by_songs, by_artists) = panels(1, 2, width=9, height=2.8)
    rng, groups = np.random.default_rng(0), np.repeat(np.arange(ARTISTS), SONGS)
    intervals: dict[str, list[tuple[float, float]]] = {"songs": [], "artists": []}
    for _ in range(TEST_SETS):
        right = draw_right(rng)
        intervals["songs"].append(bootstrap(right, rng))
        intervals["artists"].append(accuracy_interval(right.ravel(), groups) or (0.0, 1.0))
    draw_bars(by_songs, "bootstrap over songs", intervals["songs"])
    draw_bars(by_artists, "our reports, which know the artists", intervals["artists"])
    by_songs.set_ylabel("accuracy")
    return figure


def draw_bars(axes: "Axes", title: str, intervals: list[tuple[float, float]]) -> None:
    """A bar an interval, red where it misses the TRUTH."""
    held = [low <= TRUTH <= high for low, high in intervals]
    for number, ((low, high), holds) in enumerate(zip(intervals, held, strict=True)):
        axes.plot([number, number], [low, high], color=COLOURS[0] if holds else COLOURS[1])
    axes.axhline(TRUTH, color="0.5", linewidth=0.8)
    axes.set(ylim=(0.3, 1.02), xlabel="test set", title=f"{title}: {sum(held)} of {len(held)} hold the truth")


def noisy_descent(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The weights of a small quadratic loss on its way down with noisy gradients, `(STEPS, 2)`."""
    curvature, weights = np.array([1.0, 0.15]), [np.array([3.0, 4.0])]
    for _ in range(STEPS - 1):
        gradient = curvature * weights[-1] + rng.normal(0, 1.5, 2)
        weights.append(weights[-1] - 0.15 * gradient)
    return np.stack(weights)


def averaged(descents: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The exponential average of weights after each step, as EMAWeightAveraging has it; both `(..., steps, 2)`."""
    means = [descents[..., 0, :]]
    for step in range(1, descents.shape[-2]):
        means.append(DECAY * means[-1] + (1 - DECAY) * descents[..., step, :])
    return np.stack(means, axis=-2)


@cache
def wandered() -> dict[str, npt.NDArray[np.float64]]:
    """Many descents, and their averages after each step, `(DESCENTS, STEPS, 2)` each; the minimum is at 0."""
    rng = np.random.default_rng(0)
    descents = np.stack([noisy_descent(rng) for _ in range(DESCENTS)])
    return {"weights": descents, "their average": averaged(descents)}


def draw_averaging() -> "Figure":
    """Weights that wander around the minimum, and their average; how far both end from it, over many descents."""
    figure, (path, distances) = panels(1, 2, width=8, height=3)
    grid = np.linspace(-2, 5, 100)
    path.contour(grid, grid, 0.5 * (grid[None] ** 2 + 0.15 * grid[:, None] ** 2), 10, colors="0.8")
    for (name, steps), colour in zip(wandered().items(), COLOURS[1::-1], strict=True):
        path.plot(*steps[0].T, color=colour, linewidth=0.6 if name == "weights" else 1.5, label=name)
        path.plot(*steps[0, -1], "o", color=colour, markeredgecolor="black")
        far = np.linalg.norm(steps[:, -1], axis=1)
        distances.hist(far, bins=20, alpha=0.6, color=colour, label=f"{name}: mean {far.mean():.2f}")
    path.plot(0, 0, "+", color="black", markersize=12)
    path.set(xlim=(-2, 5), ylim=(-2, 5), xlabel="first weight", ylabel="second weight", title="one descent")
    distances.set(title=f"the ends of {DESCENTS} descents", xlabel="distance from the minimum", ylabel="descents")
    path.legend(loc="lower right")
    distances.legend()
    return figure


PICTURES = {"calibration": draw_calibration, "intervals": draw_intervals, "averaging": draw_averaging}
SOUNDS = {}
