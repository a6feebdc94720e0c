import math

import numpy as np
import pytest
import torch

from genre_lightning.metrics import (
    FIGURES,
    ScoredSongs,
    SongScores,
    bootstrap_accuracy,
    confusion,
    interval,
    is_correct,
    song_metrics,
)


def scored_songs(probabilities, genres):
    probabilities = torch.tensor(probabilities, dtype=torch.float32)
    return ScoredSongs(torch.arange(len(probabilities)), probabilities, torch.tensor(genres))


def chance_songs(count=60, n_genres=4, seed=0):
    """Songs judged neither well nor badly."""
    rng = np.random.default_rng(seed)
    genres = np.concatenate([np.arange(n_genres), rng.integers(n_genres, size=count - n_genres)])
    logits = torch.from_numpy(rng.standard_normal((count, n_genres)) + 1.2 * np.eye(n_genres)[genres])
    return ScoredSongs(torch.arange(count), logits.softmax(1).float(), torch.from_numpy(genres))


def songs_half_right(count):
    """Two genres; every second song is judged rightly."""
    return scored_songs([[0.9, 0.1]] * count, [number % 2 for number in range(count)])


def sure_songs(confidence, right, count=100):
    """Songs judged with the same confidence, `right` of which rightly."""
    return scored_songs([[confidence, 1 - confidence]] * count, [0] * right + [1] * (count - right))


def windows(seed=0):
    """Probabilities, targets and song numbers of 40 windows of 8 songs."""
    generator = torch.Generator().manual_seed(seed)
    song = torch.arange(40) % 8
    return torch.rand(40, 3, generator=generator).softmax(1), torch.eye(3)[song % 3], song


def gathered(*batches):
    scores = SongScores()
    for batch in batches:
        scores.update(*batch)
    return scores.compute()


def in_batches(probabilities, target, song, sizes):
    return zip(probabilities.split(sizes), target.split(sizes), song.split(sizes), strict=True)


def test_a_song_s_probabilities_are_the_mean_of_its_windows():
    scored = gathered(
        (torch.tensor([[0.9, 0.1], [0.2, 0.8]]), torch.eye(2)[[0, 1]], torch.tensor([0, 5])),
        (torch.tensor([[0.5, 0.5], [0.1, 0.9]]), torch.eye(2)[[0, 0]], torch.tensor([0, 0])),
    )
    assert scored.song.tolist() == [0, 5] and scored.genre.tolist() == [0, 1]
    torch.testing.assert_close(scored.probabilities, torch.tensor([[0.5, 0.5], [0.2, 0.8]]))


@pytest.mark.parametrize("size", [1, 7, 40])
def test_neither_batches_nor_order_matter(size):
    probabilities, target, song = windows()
    expected = torch.stack([probabilities[song == number].mean(0) for number in range(8)])
    order = torch.randperm(40, generator=torch.Generator().manual_seed(size))
    scored = gathered(*in_batches(probabilities[order], target[order], song[order], size))
    torch.testing.assert_close(scored.probabilities, expected)
    assert scored.song.tolist() == list(range(8)) and scored.genre.tolist() == [number % 3 for number in range(8)]


def test_padding_is_dropped():
    nothing = torch.ones(2, 3) / 3, torch.eye(3)[[0, 1]], torch.tensor([-1, -1])
    plain, padded = gathered(windows()), gathered(nothing, windows())
    assert all(torch.equal(a, b) for a, b in zip(plain, padded, strict=True))


def test_figures_by_hand():
    figures = song_metrics(scored_songs([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.9, 0.1]], [0, 1, 1, 0]))
    assert tuple(figures) == FIGURES
    assert figures["accuracy"] == pytest.approx(3 / 4)
    assert figures["loss"] == pytest.approx(-np.log([0.8, 0.4, 0.7, 0.9]).mean(), rel=1e-5)
    assert figures["f1_macro"] == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert figures["auroc_macro"] == pytest.approx(1.0)
    assert math.isfinite(song_metrics(scored_songs([[1.0, 0.0], [0.0, 1.0]], [1, 0]))["loss"])  # wrong, and certain


def test_figures_agree_with_scikit_learn():
    from sklearn import metrics

    songs = chance_songs()
    figures, guess, shares = song_metrics(songs), songs.probabilities.argmax(1), songs.probabilities.double()
    shares /= shares.sum(1, keepdim=True)
    assert figures["accuracy"] == pytest.approx(metrics.accuracy_score(songs.genre, guess))
    assert figures["f1_macro"] == pytest.approx(metrics.f1_score(songs.genre, guess, average="macro"))
    auroc = metrics.roc_auc_score(songs.genre, shares, multi_class="ovr", average="macro")
    assert figures["auroc_macro"] == pytest.approx(auroc, abs=1e-5)
    assert figures["loss"] == pytest.approx(metrics.log_loss(songs.genre, shares), abs=1e-5)


@pytest.mark.parametrize(("confidence", "right", "error"), [(0.8, 80, 0.0), (0.99, 60, 0.39), (0.6, 90, 0.3)])
def test_the_calibration_error_is_how_far_confidence_is_from_accuracy(confidence, right, error):
    assert song_metrics(sure_songs(confidence, right))["calibration_error"] == pytest.approx(error, abs=1e-4)


def test_the_confusion_has_true_genres_in_rows():
    scored = scored_songs([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]], [0, 1, 2])
    assert confusion(scored).tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert is_correct(scored).tolist() == [True, False, True]


def test_more_songs_make_a_narrower_interval():
    few, many = (np.diff(interval(bootstrap_accuracy(songs_half_right(count), 2000, 0)))[0] for count in (20, 500))
    assert 0 < many < few / 3


def test_the_interval_agrees_with_drawing_songs_anew():
    songs = chance_songs(80)
    rng, right = np.random.default_rng(0), is_correct(songs).numpy()
    drawn = right[rng.integers(80, size=(5000, 80))].mean(axis=1)
    resampled = bootstrap_accuracy(songs, 5000, seed=0)
    assert interval(torch.arange(1001.0) / 1000) == pytest.approx((0.025, 0.975))
    assert interval(resampled) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)
    assert float(resampled.std()) == pytest.approx(drawn.std(), rel=0.1)


@pytest.mark.parametrize(("right", "bounds"), [(100, (1.0, 1.0)), (0, (0.0, 0.0))])
def test_where_all_songs_are_judged_alike_the_interval_is_a_point(right, bounds):
    assert interval(bootstrap_accuracy(sure_songs(0.9, right), 100, 0)) == bounds


def test_resampling_is_seeded_and_leaves_others_chance_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, again, other = (bootstrap_accuracy(chance_songs(), 100, seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.rand(1), expected)
