import numpy as np
import pytest

from docs.figures.maps import DIVIDED, MAPPED, apart, islands, measured, noise
from docs.figures.stored import stored


def test_a_map_that_keeps_everything_is_trusted_and_a_shuffled_one_is_not():
    angles = np.sort(np.random.default_rng(0).uniform(0, 1, 60))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    true, shuffled = measured(circle, circle), measured(circle, np.random.default_rng(1).permutation(circle))
    assert true.trustworthiness == pytest.approx(1) and true.distances == pytest.approx(1)
    assert shuffled.trustworthiness < 0.7 and abs(shuffled.distances) < 0.2


def test_islands_of_noise_are_on_one_map_alone_as_the_text_says():
    arrays = stored()
    parts = islands(arrays["map_noise"][DIVIDED])
    there = [apart(positions, parts, "euclidean") for positions in arrays["map_noise"]]
    assert there.pop(DIVIDED) == pytest.approx(0.41, abs=0.005)
    assert max(there) < 0
    assert apart(noise(arrays), parts, "cosine") == pytest.approx(0, abs=0.005)


def test_maps_of_songs_keep_more_than_maps_of_noise_as_the_text_says():
    arrays = stored()
    songs = [measured(arrays[MAPPED].astype(float), positions) for positions in arrays["map_vectors"]]
    nothing = [measured(noise(arrays), positions) for positions in arrays["map_noise"]]
    assert min(songs).trustworthiness > 0.9 > 0.75 > max(nothing).trustworthiness
    assert [round(songs[place].distances, 2) for place in (0, 3)] == [0.97, 0.65]
    assert max(one.distances for one in nothing) < 0.2
