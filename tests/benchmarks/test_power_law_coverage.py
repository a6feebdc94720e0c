"""How often the interval of what twice as many songs bring holds the truth: simulated learning curves."""

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest

from genre_lightning.runs.power_law import PowerLaw, bootstrap, interval

pytestmark = pytest.mark.benchmark
LAWS = ((1.5, 0.5, 0.0), (1.0, 0.4, 0.0), (0.8, 0.5, 0.05), (0.5, 0.3, 0.05), (0.6, 1.0, 0.1), (0.0, 1.0, 0.3))
TESTED = ((15, 3), (40, 1), (40, 3))  # artists, and songs of each
SIZES = np.repeat(np.round(47 * np.geomspace(0.1, 1, 6)), 3)  # six sizes, three draws
REPEATS = 100


def experiment(law, artists, songs, rng):
    """Which test songs each run judges wrongly: some artists are hard for all, some songs, and training varies."""
    groups = np.repeat(np.arange(artists), songs)
    hard = rng.normal(0, 0.4**0.5, artists)[groups] + rng.normal(0, 0.35**0.5, len(groups))
    judgement = hard + rng.normal(0, 0.25**0.5, (len(SIZES), len(groups)))  # of variance 1
    errors = (law.error(SIZES) * np.exp(rng.normal(0, 0.12, len(SIZES)))).clip(0.001, 0.95)
    return judgement < np.array([[NormalDist().inv_cdf(error)] for error in errors]), groups


@pytest.mark.parametrize(("law", "tested"), list(product(LAWS, TESTED)))
def test_what_twice_as_many_songs_bring_lies_in_the_interval(law, tested):
    rng, law, held, told = np.random.default_rng(0), PowerLaw(*map(np.float64, law)), 0, 0
    for _ in range(REPEATS):
        low, high = interval(bootstrap(SIZES, *experiment(law, *tested, rng)).gain(47.0))
        held += low <= law.gain(47.0) <= high
        told += low > 0
    print(f"\n{tuple(map(float, law))}, {tested}: gain {100 * law.gain(47.0):.1f} points, held {held}, told {told}")
    assert held / REPEATS >= 0.9
    assert law.a > 0 or told / REPEATS <= 0.05
