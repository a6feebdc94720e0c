"""Solving the head of model=linear on one thread, as we do, against scikit-learn's as many as there are cores."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from genre_lightning.models.linear import fitted

pytestmark = pytest.mark.benchmark


def test_a_head_is_solved_sooner_by_one_thread(compare):
    rng = np.random.default_rng(0)
    genres = np.arange(400) % 10
    songs = 0.5 * rng.standard_normal((10, 1890))[genres] + rng.standard_normal((400, 1890))
    theirs = LogisticRegression(C=0.03, max_iter=5000)
    ratio = compare(
        "a head for 400 songs", lambda: fitted(songs, genres, 0.03, None), lambda: theirs.fit(songs, genres)
    )
    assert ratio > 1
