"""How often 95 % intervals hold the truth, beside a bootstrap over songs: `pytest -m benchmark -n 0` prints tables.

Artists are drawn anew each time: the part of an artist's songs that a model gets right follows a beta distribution,
and `rho` is how alike songs of one artist are judged. What is measured of 95 % has a standard deviation of 1 point.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pytest

from genre_lightning import intervals
from genre_lightning.text import table

pytestmark = pytest.mark.benchmark
TRIES = 500
ACCURACIES = (0.6, 0.8, 0.9, 0.95, 0.98)
MANY = [(10, 3), (10, 6), (10, 15), (15, 3), (20, 5), (30, 5), (50, 3), (15, 4.0), (30, 3.0)]
FEW = [(2, 5), (3, 4), (5, 2), (5, 8), (8, 3.0)]
UNKNOWN = [(3, 1), (10, 1), (20, 1), (30, 1), (100, 1)]  # each song is taken for another artist's


class Case(NamedTuple):
    """What songs are drawn from; `songs` of each artist, or as many on average, but not of each, if it is a float."""

    n_artists: int
    songs: float
    rho: float
    accuracy: float


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    """Quicker; with fewer, a low end of 0.78 may come out as 0.81 for each set of songs that are all right."""
    monkeypatch.setattr(intervals, "DRAWS", 4000)


def rights(rng, n_artists, case):
    """The part of each artist's songs that is judged rightly, in the long run."""
    if case.rho == 0:
        return np.full(n_artists, case.accuracy)
    strength = (1 - case.rho) / case.rho
    return rng.beta(case.accuracy * strength, (1 - case.accuracy) * strength, n_artists)


def artists_of(rng, case):
    """The artist of each song."""
    counts = case.songs if isinstance(case.songs, int) else rng.geometric(1 / case.songs, case.n_artists)
    return np.repeat(np.arange(case.n_artists), counts)


def draw(rng, case):
    """Songs: which are judged rightly, and whose they are."""
    artists = artists_of(rng, case)
    return rng.random(len(artists)) < rights(rng, case.n_artists, case)[artists], artists


@pytest.fixture
def coverage(capsys):
    """Print how often intervals hold the truth, by artists (rows) and accuracy (columns); returns the parts.

    `once(rng, case)` draws songs and returns the truth and an interval, or several by different methods.
    """

    def measured(title, once, designs, rhos=(0.0, 0.2, 0.43, 0.6)):
        found, rows = [], []
        for n_artists, songs in designs:
            for rho in rhos:
                cells = [part_covered(once, Case(n_artists, songs, rho, accuracy)) for accuracy in ACCURACIES]
                rows.append([f"{n_artists} artists, {songs} songs each", f"{rho:g}", *map(percents, cells)])
                found.append(cells)
        with capsys.disabled():
            print(f"\n\n{title}, %\n{table(['', 'rho', *map(str, ACCURACIES)], rows)}")
        return np.array(found)  # (designs and rhos, accuracies, methods)

    return measured


def part_covered(once, case):
    rng, hits = np.random.default_rng(0), []
    for _ in range(TRIES):
        truth, *found = once(rng, case)
        hits.append([low - 1e-9 <= truth <= high + 1e-9 for low, high in found])
    return np.mean(hits, axis=0)


def percents(parts):
    return " / ".join(f"{100 * part:.0f}" for part in parts)


def accuracy_once(rng, case):
    correct, artists = draw(rng, case)
    drawn = rng.binomial(len(correct), correct.mean(), 1000) / len(correct)
    return case.accuracy, intervals.accuracy_interval(correct, artists), np.quantile(drawn, [0.025, 0.975])


@pytest.mark.parametrize(("designs", "least"), [(MANY, 0.93), (FEW, 0.9)], ids=["many", "few"])
def test_the_accuracy(coverage, designs, least):
    ours, bootstrap = coverage("accuracy: by artist / bootstrap over songs", accuracy_once, designs).T
    assert ours.min() > least - 0.03 and ours.min() > bootstrap.min() + 0.1


def test_the_accuracy_where_artists_are_not_known(coverage):
    ours, bootstrap = coverage("accuracy: each song alone / bootstrap", accuracy_once, UNKNOWN, rhos=(0.0,)).T
    assert ours.min() > 0.9 > bootstrap.min()


def gap_once(rng, case):
    """On songs by 57 artists that were learnt 99 % are right."""
    learnt, tested = draw(rng, case._replace(n_artists=57, songs=3, accuracy=0.99)), draw(rng, case)
    return 0.99 - case.accuracy, intervals.difference_interval(*learnt, *tested)


def test_the_gap(coverage):
    designs = [(10, 3), (15, 3), (20, 5), (50, 3), (5, 4)]
    assert coverage("gap between learnt songs and others", gap_once, designs).min() > 0.9


@pytest.mark.parametrize("better", [0.0, 0.08])
def test_two_models_on_the_same_songs(coverage, better):
    """B has the accuracy of the column, A is better; what is hard is so for both, in part, and by artist."""

    def pair_once(rng, case):
        artists, of_a = artists_of(rng, case), min(0.995, case.accuracy + better)
        hard = [standard_normal(rng, number) for number in (case.n_artists, len(artists))]  # (2, n_artists), (2, songs)
        hard = np.sqrt(case.rho) * hard[0][:, artists] + np.sqrt(1 - case.rho) * hard[1]
        a, b = hard < [[NormalDist().inv_cdf(of_a)], [NormalDist().inv_cdf(case.accuracy)]]
        return of_a - case.accuracy, intervals.paired_interval(a, b, artists)

    designs = [(10, 3), (10, 15), (20, 5), (50, 3), (5, 4)]
    assert coverage(f"A less B, {100 * better:.0f} points", pair_once, designs, rhos=(0.2, 0.6)).min() > 0.9


def standard_normal(rng, number):
    """Numbers for A and for B, `(2, number)`, which are correlated by a half."""
    return np.sqrt(0.5) * (rng.standard_normal(number) + rng.standard_normal((2, number)))


@pytest.mark.parametrize("n_genres", [3, 6])
def test_macro_f1(coverage, n_genres):
    """The first genre is up to 10 points harder than all, the last as much easier; half of the mistakes are for the
    next genre, the others for any.
    """

    def f1_once(rng, case):
        artists = artists_of(rng, case)
        genres, of_artist = artists % n_genres, np.arange(case.n_artists) % n_genres
        rates = case.accuracy + np.linspace(-1, 1, n_genres) * min(0.1, 0.9999 - case.accuracy)
        right = np.array([rights(rng, case.n_artists, case._replace(accuracy=rate)) for rate in rates])
        correct = rng.random(len(artists)) < right[of_artist, np.arange(case.n_artists)][artists]
        shift = np.where(rng.random(len(artists)) < 0.5, 1, rng.integers(1, n_genres, len(artists)))
        predicted = np.where(correct, genres, (genres + shift) % n_genres)
        return true_f1(rates), intervals.macro_f1_interval(genres, predicted, artists, n_genres)

    designs = [(3 * n_genres, 3), (3 * n_genres, 8), (8 * n_genres, 3)]
    assert coverage(f"macro F1 of {n_genres} genres", f1_once, designs, rhos=(0.0, 0.43)).min() > 0.85


def true_f1(rates):
    """The macro F1 of equally many songs of each genre, of which these parts are right."""
    n_genres, wrong = len(rates), (1 - rates)[:, None]
    others = (1 - np.eye(n_genres)) / (n_genres - 1)
    cells = np.diag(rates) + wrong * (others + np.roll(np.eye(n_genres), 1, axis=1)) / 2
    return np.mean(2 * rates / (1 + cells.sum(axis=0)))
