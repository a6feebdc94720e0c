"""Solving the head of model=linear among songs, against solving it among the many more features of frozen encoders."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from genre_lightning.models.linear import fitted

pytestmark = pytest.mark.benchmark
LEAST = 2.5  # times as fast


def test_a_head_is_solved_among_the_songs(compare):
    rng = np.random.default_rng(0)
    genres = np.arange(400) % 10
    songs = 0.5 * rng.standard_normal((10, 1890))[genres] + rng.standard_normal((400, 1890))
    theirs = LogisticRegression(C=0.03, max_iter=5000)
    ratio = compare(
        "a head for 400 songs", lambda: fitted(songs, genres, 0.03, None), lambda: theirs.fit(songs, genres)
    )
    np.testing.assert_allclose(fitted(songs, genres, 0.03, None)[0], theirs.coef_, atol=1e-3)
    assert ratio > LEAST
