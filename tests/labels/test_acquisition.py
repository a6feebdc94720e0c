import numpy as np
import pytest

from genre_lightning.labels.acquisition import informative, margins

SURE, UNSURE, LESS_UNSURE = [0.9, 0.05, 0.05], [0.4, 0.39, 0.21], [0.45, 0.35, 0.2]


def test_the_margin_is_that_of_the_two_most_probable_genres():
    assert margins(np.array([SURE, UNSURE[::-1]])) == pytest.approx([0.85, 0.01])


def test_the_most_unsure_song_comes_first_and_none_like_it_second():
    probabilities = np.array([SURE, LESS_UNSURE, UNSURE, LESS_UNSURE])
    vectors = np.array([[0, 1], [3, 0.1], [1, 0], [0.1, 1]], np.float32)
    assert informative(probabilities, vectors, 2) == [2, 3]  # song 1 is as unsure, but like song 2, only louder


def test_songs_that_are_clear_are_not_asked_for_because_they_are_far_away():
    vectors = np.array([[-1, 0], [1, 0.5], [1, 0], [1, -0.6]], np.float32)
    assert informative(np.array([[1, 0, 0], LESS_UNSURE, UNSURE, LESS_UNSURE]), vectors, 3) == [2, 3, 1]


def test_copies_of_one_song_come_last_and_each_song_once():
    vectors = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    chosen = informative(np.array([UNSURE, UNSURE, UNSURE, SURE]), vectors, 9)
    assert chosen[:2] == [0, 3] and sorted(chosen) == [0, 1, 2, 3]


def test_a_song_without_a_vector_breaks_nothing():
    assert sorted(informative(np.array([UNSURE, SURE]), np.zeros((2, 3), np.float32), 2)) == [0, 1]
