import numpy as np
import pytest

from docs.figures.cepstrum import correlations, held, mean_correlation, neighbours, over_songs


def test_the_rows_that_vary_most_hold_most():
    rows = np.array([[0.0, 2], [0, 6], [0, 0], [0, 4]])  # variances of 1, 9, 0 and 4
    assert [held(rows, most) for most in (1, 2, 4)] == pytest.approx([9 / 14, 13 / 14, 1])


def test_neighbours_are_pairs_side_by_side():
    matrix = np.array([[1.0, 0.5, -0.1], [0.5, 1, -0.7], [-0.1, -0.7, 1]])
    assert neighbours(matrix) == pytest.approx(0.6) and mean_correlation(matrix) == pytest.approx(1.3 / 3)


@pytest.mark.slow
def test_few_coefficients_hold_what_many_bands_do_as_the_text_says():
    shares = [[round(100 * held(rows, most)) for most in (5, 10)] for rows in over_songs()]
    assert shares == [[43, 67], [88, 94]]
    assert [round(neighbours(matrix), 2) for matrix in correlations()] == [0.79, 0.56]
