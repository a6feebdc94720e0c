"""How an error falls with the number of songs, and what twice as many would bring: error = a n^-b + c."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
# The values of b that are tried: what is measured of classifiers lies between (Viering and Loog 2022, The Shape of
# Learning Curves); a smaller b could not be told from a logarithm over a tenfold range of sizes.
EXPONENTS = np.linspace(0.1, 2, 39)
DRAWS = 2000
# The part of the draws that is left out at either end of an interval. With 2.5 % it would cover 84 to 98 %, since c
# cannot be below 0; with 0.5 % it covers 91 to 100 (tests/benchmarks/test_power_law_coverage.py).
TAIL = 0.005


class PowerLaw(NamedTuple):
    """The error `a n^-b + c` over `n` songs; each of a, b, c `(...,)`."""

    a: Values
    b: Values
    c: Values

    def error(self, n: float | Values) -> Values:
        """The error that it says for `n` songs, a number or whatever broadcasts with a, b and c."""
        return self.a * n**-self.b + self.c

    def gain(self, n: float) -> Values:
        """How much lower the error is with twice as many: `(...,)`."""
        return self.error(n) - self.error(2 * n)


def fit(n: Values, errors: Values) -> PowerLaw:
    """The laws closest to errors in least squares, c not below 0; a may be, where errors grow.

    n: `(runs,)`, songs; errors: `(..., runs)`. For each exponent a and c are those of a straight line over n^-b.
    """
    laws, misfits = [], []
    for exponent in EXPONENTS:
        x = n**-exponent  # (runs,)
        centred = x - x.mean()
        a = (errors @ centred) / (centred @ centred)
        c = errors.mean(axis=-1) - a * x.mean()
        a, c = np.where(c < 0, (errors @ x) / (x @ x), a), c.clip(0)
        laws.append((a, np.full_like(a, exponent), c))
        misfits.append(((errors - a[..., None] * x - c[..., None]) ** 2).sum(axis=-1))
    best = np.argmin(misfits, axis=0)  # (...,)
    return PowerLaw(*np.take_along_axis(np.moveaxis(np.array(laws), 1, 0), best[None, None], axis=1)[:, 0])


def bootstrap(n: Values, wrong: NDArray[np.bool_], groups: NDArray[np.int64], seed: int = 0) -> PowerLaw:
    """The laws of DRAWS experiments like this one, a, b and c `(DRAWS,)`: with other artists and other training songs.

    Test songs are drawn by their artist groups, the same for all runs (Efron 1979). What a run's error differs by from
    the law is drawn from those of all runs (the residual bootstrap).

    Args:
        n: `(runs,)`, the songs that each run learnt from.
        wrong: `(runs, songs)`, whether each run judged each test song wrongly.
        groups: `(songs,)`, the artist group of each test song.
        seed: Of what is drawn.
    """
    rng, numbers = np.random.default_rng(seed), np.unique(groups, return_inverse=True)[1]
    members = np.eye(numbers.max() + 1)[numbers]  # (songs, groups)
    drawn = rng.multinomial(len(members.T), np.full(len(members.T), 1 / len(members.T)), DRAWS)  # (draws, groups)
    errors = (drawn @ (wrong @ members).T) / (drawn @ members.sum(axis=0))[:, None]  # (draws, runs)
    left = wrong.mean(axis=1) - fit(n, wrong.mean(axis=1)).error(n)
    left *= np.sqrt(len(n) / (len(n) - len(PowerLaw._fields)))  # the fit has taken the rest
    return fit(n, errors + rng.choice(left, errors.shape))


def interval(draws: Values) -> Values:
    """The 95 % interval of what was drawn, `(DRAWS, ...)`: its low and its high end, `(2, ...)`."""
    return np.quantile(draws, [TAIL, 1 - TAIL], axis=0)
