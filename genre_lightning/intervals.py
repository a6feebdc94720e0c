"""95 % intervals that cover what they promise: artists are the unit, since songs of one stand or fall together.

How alike the songs of an artist are judged is the intra-class correlation, rho. Correlated songs are worth fewer
independent ones: `n / (1 + rho (m - 1))`, m the mean group size that a song sees (Kish 1965, the design effect). Few
artists do not tell rho, so that it is drawn from all values which fit the songs, and then the true accuracy from what
fits so many independent songs: Jeffreys' posterior, which has a width at 0 and 100 % too (Korn and Graubard 1998 put
an effective number of songs into Clopper and Pearson's interval in the same way; Brown, Cai and DasGupta 2001 on
Jeffreys').
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Interval = tuple[float, float]
Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]
LEAST_GROUPS = 2  # of a single artist nothing follows for others
DRAWS = 10_000
CORRELATIONS = (np.arange(40) + 0.5) / 40  # the values of rho that are weighed
JEFFREYS = 0.5  # songs of each kind that are added to those seen
TINY = np.finfo(float).tiny


def accuracy_interval(correct: ArrayLike, groups: ArrayLike) -> Interval | None:
    """The 95 % interval of the accuracy over songs of artists like these; None for fewer than LEAST_GROUPS groups.

    correct: bool `(songs,)`, whether each song is judged rightly; groups: int `(songs,)`, its artist group.
    """
    right = np.asarray(correct, np.int64)
    if (draws := draw_shares(right, np.asarray(groups), 2)) is None:
        return None
    return middle(draws[:, 1], right.mean())


def difference_interval(
    correct_a: ArrayLike, groups_a: ArrayLike, correct_b: ArrayLike, groups_b: ArrayLike
) -> Interval | None:
    """The 95 % interval of the accuracy on some songs less that on others, by other artists.

    The arguments are those of `accuracy_interval`; None where one of the two has no interval.
    """
    right_a, right_b = np.asarray(correct_a, np.int64), np.asarray(correct_b, np.int64)
    draws_a = draw_shares(right_a, np.asarray(groups_a), 2, seed=0)
    draws_b = draw_shares(right_b, np.asarray(groups_b), 2, seed=1)
    if draws_a is None or draws_b is None:
        return None
    return middle(draws_a[:, 1] - draws_b[:, 1], right_a.mean() - right_b.mean())


def paired_interval(correct_a: ArrayLike, correct_b: ArrayLike, groups: ArrayLike) -> Interval | None:
    """The 95 % interval of the accuracy of A less that of B, which have judged the same songs.

    correct_a, correct_b: bool `(songs,)`; groups: int `(songs,)`. Songs are of three kinds: only B is right, both or
    neither, only A. None for fewer than LEAST_GROUPS groups.
    """
    difference = np.asarray(correct_a, np.int64) - np.asarray(correct_b, np.int64)
    if (draws := draw_shares(difference + 1, np.asarray(groups), 3)) is None:
        return None
    return middle(draws[:, 2] - draws[:, 0], difference.mean())


def macro_f1_interval(genres: ArrayLike, predicted: ArrayLike, groups: ArrayLike, n_genres: int) -> Interval | None:
    """The 95 % interval of the mean F1 of the genres that have songs here.

    genres, predicted: int `(songs,)`, the true and the predicted genre; groups: int `(songs,)`. How many independent
    songs these are worth is told by which of them are right; each genre keeps its part of the songs. None for fewer
    than LEAST_GROUPS groups.
    """
    known, guesses = np.asarray(genres, np.int64), np.asarray(predicted, np.int64)
    rng = np.random.default_rng(0)
    if (worth := draw_worth(count((guesses == known).astype(np.int64), np.asarray(groups), 2), rng)) is None:
        return None
    ((drawn, seen),) = draw_macro_f1(known, guesses[None], n_genres, worth, rng)
    return middle(drawn, seen)


def paired_macro_f1_interval(
    genres: ArrayLike, predicted_a: ArrayLike, predicted_b: ArrayLike, groups: ArrayLike, n_genres: int
) -> Interval | None:
    """The 95 % interval of the macro F1 of A less that of B, which have judged the same songs.

    The arguments are those of `macro_f1_interval`; songs count as in `paired_interval`.
    """
    known, guesses = np.asarray(genres, np.int64), np.asarray([predicted_a, predicted_b], np.int64)
    right, rng = (guesses == known).astype(np.int64), np.random.default_rng(0)
    if (worth := draw_worth(count(right[0] - right[1] + 1, np.asarray(groups), 3), rng)) is None:
        return None
    (drawn_a, seen_a), (drawn_b, seen_b) = draw_macro_f1(known, guesses, n_genres, worth, rng)
    return middle(drawn_a - drawn_b, seen_a - seen_b)


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> float:
    """The two-sided p of McNemar's exact test (1947): 1 where A and B are right on the same songs.

    correct_a, correct_b: bool `(songs,)`. It counts songs as if each were by another artist.
    """
    a, b = np.asarray(correct_a, bool), np.asarray(correct_b, bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    n = only_a + only_b
    tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / 2**n)


def draw_macro_f1(
    genres: Numbers, predicted: Numbers, n_genres: int, worth: Shares, rng: np.random.Generator
) -> list[tuple[Shares, float]]:
    """Draws of each model's true macro F1, `(DRAWS,)`, and the one seen.

    genres: `(songs,)`; predicted: `(models, songs)`; worth: `(DRAWS,)`. Songs are of one kind if they have the same
    genre and the same predictions.
    """
    songs = np.column_stack([genres, *predicted])
    unseen, prior = imaginable(np.unique(genres), len(predicted), n_genres)
    kinds, kind = np.unique(np.concatenate([songs, unseen]), axis=0, return_inverse=True)  # (kinds, 1 + models)
    kind = kind.reshape(-1)
    seen = np.bincount(kind[: len(songs)], minlength=len(kinds)).astype(float)
    drawn = rng.standard_gamma(worth[:, None] * seen + np.bincount(kind[len(songs) :], prior, len(kinds)))
    genre, *guesses = np.eye(n_genres)[kinds.T]  # each (kinds, n_genres)
    held = seen @ genre  # songs of each genre
    drawn *= (held / np.maximum(drawn @ genre, TINY)) @ genre.T
    return [(macro_f1(drawn, genre, guess), float(macro_f1(seen, genre, guess))) for guess in guesses]


def imaginable(present: Numbers, n_models: int, n_genres: int) -> tuple[Numbers, Shares]:
    """Songs that all models know and those that only one does not, and how many there are of each beforehand.

    Returns the genre and the predictions, `(kinds, 1 + n_models)`, and the numbers, `(kinds,)`: in all as many songs
    of each sort as the prior of the accuracy has.
    """
    known = [[genre] * (1 + n_models) for genre in present]
    missed = [
        [genre, *(guess if model == one else genre for one in range(n_models))]
        for genre in present for model in range(n_models) for guess in range(n_genres) if guess != genre
    ]  # fmt: skip
    weights = np.repeat([1, 1 / max(1, n_genres - 1)], [len(known), len(missed)])
    return np.array(known + missed), JEFFREYS / len(present) * weights


def macro_f1(songs: Shares, genre: Shares, guess: Shares) -> Shares:
    """The mean F1 of the genres that have songs: `(...)`.

    songs: `(..., kinds)`, how many there are of each kind; genre, guess: `(kinds, n_genres)`, 1 for the true and the
    predicted genre of a kind.
    """
    held, taken = songs @ genre, songs @ guess  # (..., n_genres)
    f1 = 2 * (songs @ (genre * guess)) / np.maximum(held + taken, TINY)
    return f1.sum(axis=-1) / (held > 0).sum(axis=-1)


def draw_shares(kinds: Numbers, groups: Numbers, n_kinds: int, seed: int = 0) -> Shares | None:
    """Draws of the true share of each kind of song, `(DRAWS, n_kinds)`; None if there are too few groups.

    kinds: `(songs,)`, below n_kinds; groups: `(songs,)`.
    """
    counts, rng = count(kinds, groups, n_kinds), np.random.default_rng(seed)
    if (worth := draw_worth(counts, rng)) is None:
        return None
    drawn = rng.standard_gamma(worth[:, None] * counts.sum(axis=0) + JEFFREYS)
    return drawn / drawn.sum(axis=1, keepdims=True)


def count(kinds: Numbers, groups: Numbers, n_kinds: int) -> Numbers:
    """How many songs of each kind each group has: `(n_groups, n_kinds)`."""
    names, rows = np.unique(groups, return_inverse=True)
    return np.bincount(rows * n_kinds + kinds, minlength=len(names) * n_kinds).reshape(len(names), n_kinds)


def draw_worth(counts: Numbers, rng: np.random.Generator) -> Shares | None:
    """How many independent songs one of these is worth, `(DRAWS,)` from 0 to 1; None if there are too few groups."""
    if len(counts) < LEAST_GROUPS:
        return None
    sizes = counts.sum(axis=1)
    worth = 1 / (1 + CORRELATIONS * ((sizes**2).sum() / sizes.sum() - 1))
    fit = log_likelihood(counts) - (counts.shape[1] - 1) / 2 * np.log(worth)
    weights = np.exp(fit - fit.max())
    return worth[rng.choice(len(worth), size=DRAWS, p=weights / weights.sum())]


def log_likelihood(counts: Numbers) -> Shares:
    """Of each of CORRELATIONS, with the kinds' shares as they are seen: the Dirichlet-multinomial's (Mosimann 1962).

    counts: `(n_groups, n_kinds)`.
    """
    total = counts.sum(axis=0) + JEFFREYS
    strength = (1 - CORRELATIONS) / CORRELATIONS
    alphas = np.append(total / total.sum(), 1) * strength[:, None]  # (correlations, n_kinds + 1), the last for the sum
    numbers = np.column_stack([counts, counts.sum(axis=1)])
    steps = np.log(alphas[..., None] + np.arange(numbers.max()))  # of the rising factorials
    rising = np.pad(steps.cumsum(axis=-1), ((0, 0), (0, 0), (1, 0)))
    fits = np.stack([rising[:, kind, numbers[:, kind]].sum(axis=1) for kind in range(numbers.shape[1])])
    return fits[:-1].sum(axis=0) - fits[-1]


def middle(draws: Shares, estimate: float) -> Interval:
    """The middle 95 % of some draws, widened where the estimate lies outside, as 100 % does."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(min(low, estimate)), float(max(high, estimate))
