import numpy as np
import pytest

from genre_lightning.demo.habits import HABITS, Artist
from genre_lightning.demo.score import Song


@pytest.fixture
def artist():
    """Make an artist with a genre's first habits, other habits where they are given, and a neutral sound."""

    def make(genre="rock", **habits):
        first = {name: options[0] for name, options in HABITS[genre].items()}
        return Artist(first | habits, 120.0, brightness=0.0, drum_tuning=1.0, drum_length=1.0, voice_pitch=48.0)

    return make


@pytest.fixture
def song(artist):
    """Make a song of four bars in C that has a step every eighth of a second and begins with its first chord."""

    def make(genre="rock", bars=4, swing=0.5, key=0, seed=0, **habits):
        return Song(artist(genre, **habits), bars, 0.125, swing, key, 0, np.random.default_rng(seed))

    return make
