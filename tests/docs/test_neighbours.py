import numpy as np
import pytest

from docs.figures.neighbours import REPRESENTATIONS, Representation, figures, nearest, spread, told, vote
from docs.figures.stored import NETWORKS, SPLIT_SEEDS, STORED, stored

TRAIN, TEST = 0, 2


def test_of_two_genres_as_frequent_the_nearer_one_wins():
    assert vote(np.array([[1, 0, 0, 1, 2], [2, 0, 0, 1, 2], [0, 1, 1, 1, 0]])).tolist() == [1, 2, 1]


def test_neighbours_are_songs_learnt_from_nearest_first():
    vectors = np.array([[0.0], [1.0], [2.1], [3.3], [4.6], [6.0], [0.9], [0.2]])
    split = np.array([TRAIN] * 6 + [TEST, 1])
    assert nearest(vectors, Representation("any", "euclidean"), split).tolist() == [[1, 0, 2, 3, 4]]


def test_standardised_columns_count_alike():
    rng = np.random.default_rng(0)
    small = rng.standard_normal(20)
    vectors, split = np.stack([small, 1000 * rng.standard_normal(20)], axis=1), np.array([TRAIN] * 19 + [TEST])
    scaled = nearest(vectors, Representation("any", "euclidean", standardised=True), split)
    again = nearest(vectors * [1000, 1], Representation("any", "euclidean", standardised=True), split)
    raw = nearest(vectors, Representation("any", "euclidean"), split)
    assert scaled.tolist() == again.tolist() != raw.tolist()


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_stored_neighbours_are_those_of_the_stored_vectors(name):
    arrays, kind = stored(), REPRESENTATIONS[name]
    again = nearest(arrays[kind.array], kind, arrays["split"][0])
    kept = arrays["neighbours"][[*REPRESENTATIONS].index(name), 0]
    assert (again == kept).mean() > 0.99  # another processor may swap two that are as near


def test_no_artist_is_on_both_sides():
    arrays = stored()
    for split in arrays["split"]:
        assert not {*arrays["artist"][split == TRAIN]} & {*arrays["artist"][split == TEST]}
    near = arrays["split"][np.arange(len(SPLIT_SEEDS))[:, None, None], arrays["neighbours"].astype(int)]
    assert (near == TRAIN).all()


def test_networks_part_genres_better_than_statistics():
    shared = {name: found.shared.mean() for name, found in figures(stored()).items()}
    assert min(shared[name] for name in NETWORKS.values()) > shared["MFCC statistics, raw"] + 0.1
    assert "MFCC statistics, raw" in told(stored())


@pytest.mark.parametrize("page", ["theory.md", "theory.ru.md"])
def test_the_text_states_the_figures_of_the_stored_vectors(page):
    text = (
        (STORED.parents[1] / page)
        .read_text(encoding="utf-8")
        .replace("\u00a0", " ")
        .replace("(от ", "(")
        .replace(" до ", " to ")
    )
    for name, found in figures(stored()).items():
        row = f" | {spread(found.accuracy)} | {spread(found.shared)} |"
        assert name == "LSTM on frames" or row in text, name
