import numpy as np
import pytest

from docs.figures.maps import CLUMPS, MAPPED, clumps, measured, noise
from docs.figures.stored import STORED, stored


@pytest.fixture(scope="module")
def songs():
    arrays = stored()
    return [measured(arrays[MAPPED], positions, arrays["genre"]) for positions in arrays["map_vectors"]]


@pytest.fixture(scope="module")
def nothing():
    arrays = stored()
    return [measured(noise(arrays), positions, clumps(positions)) for positions in arrays["map_noise"]]


def theory():
    """The text, in one line."""
    return " ".join((STORED.parents[1] / "theory.md").read_text(encoding="utf-8").split())


def test_a_map_that_keeps_everything_is_trusted_and_a_shuffled_one_is_not():
    angles, halves = np.sort(np.random.default_rng(0).uniform(0, 1, 60)), np.repeat([0, 1], 30)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    true, shuffled = (measured(circle, seen, halves) for seen in (circle, np.random.default_rng(1).permutation(circle)))
    assert true.trustworthiness == pytest.approx(1) and true.distances == pytest.approx(1)
    assert shuffled.trustworthiness < 0.7 and abs(shuffled.distances) < 0.2
    assert shuffled.on_map < 0.1 < 0.5 < shuffled.in_vectors == true.in_vectors


def test_every_map_of_noise_has_clumps_of_which_the_noise_knows_nothing_as_the_text_says(nothing):
    assert all(len(set(clumps(positions))) == CLUMPS for positions in stored()["map_noise"])
    found = [one.on_map for one in nothing]
    assert f"six clumps ({min(found):.2f} to {max(found):.2f}), of which the vectors know nothing (0.00)" in theory()
    assert [one.in_vectors for one in nothing] == pytest.approx([0] * 5, abs=0.005)


def test_genres_are_apart_on_maps_and_in_the_vectors(songs):
    assert [round(one.on_map, 2) for one in songs] == [0.66, 0.63, 0.77, 0.77, 0.65]
    assert [round(one.in_vectors, 2) for one in songs] == [0.66] * 5


def test_maps_of_songs_keep_more_than_maps_of_noise_as_the_text_says(songs, nothing):
    assert min(songs).trustworthiness > 0.9 > 0.75 > max(nothing).trustworthiness
    assert f"{songs[0].distances:.2f} for PCA, {songs[3].distances:.2f} for UMAP with 5 neighbours" in theory()
    assert max(one.distances for one in nothing) < 0.2
