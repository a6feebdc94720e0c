import math

import numpy as np
import pytest
import torch

from genre_lightning.metrics import (
    FIGURES,
    ScoredSongs,
    SongScores,
    at_temperature,
    bootstrap_accuracy,
    calibrated_range,
    confusion,
    fit_temperature,
    interval,
    is_correct,
    reliability,
    song_metrics,
)


def scored_songs(probabilities, genres):
    logits = torch.tensor(probabilities, dtype=torch.float32).clamp(min=1e-30).log()
    return ScoredSongs(torch.arange(len(logits)), logits, torch.tensor(genres))


def chance_songs(count=60, n_genres=4, seed=0):
    """Songs judged neither well nor badly."""
    rng = np.random.default_rng(seed)
    genres = np.concatenate([np.arange(n_genres), rng.integers(n_genres, size=count - n_genres)])
    logits = torch.from_numpy(rng.standard_normal((count, n_genres)) + 1.2 * np.eye(n_genres)[genres])
    return ScoredSongs(torch.arange(count), logits.float(), torch.from_numpy(genres))


def songs_half_right(count):
    """Two genres; every second song is judged rightly."""
    return scored_songs([[0.9, 0.1]] * count, [number % 2 for number in range(count)])


def sure_songs(confidence, right, count=100):
    """Songs judged with the same confidence, `right` of which rightly."""
    return scored_songs([[confidence, 1 - confidence]] * count, [0] * right + [1] * (count - right))


def windows(seed=0):
    """Logits, targets and song numbers of 40 windows of 8 songs."""
    generator = torch.Generator().manual_seed(seed)
    song = torch.arange(40) % 8
    return torch.randn(40, 3, generator=generator), torch.eye(3)[song % 3], song


def gathered(*batches):
    scores = SongScores()
    for batch in batches:
        scores.update(*batch)
    return scores.scored()


def in_batches(logits, target, song, sizes):
    return zip(logits.split(sizes), target.split(sizes), song.split(sizes), strict=True)


def test_a_song_s_logits_are_the_mean_of_its_windows():
    scored = gathered(
        (torch.tensor([[9.0, 1.0], [2.0, 8.0]]), torch.eye(2)[[0, 1]], torch.tensor([0, 5])),
        (torch.tensor([[5.0, 5.0], [1.0, 6.0]]), torch.eye(2)[[0, 0]], torch.tensor([0, 0])),
    )
    assert scored.song.tolist() == [0, 5] and scored.genre.tolist() == [0, 1]
    assert scored.logits.tolist() == [[5, 4], [2, 8]]
    torch.testing.assert_close(scored.probabilities[0], torch.tensor([5.0, 4.0]).softmax(0))


@pytest.mark.parametrize("size", [1, 7, 40])
def test_neither_batches_nor_order_matter(size):
    logits, target, song = windows()
    expected = torch.stack([logits[song == number].mean(0) for number in range(8)])
    order = torch.randperm(40, generator=torch.Generator().manual_seed(size))
    scored = gathered(*in_batches(logits[order], target[order], song[order], size))
    torch.testing.assert_close(scored.logits, expected)
    assert scored.song.tolist() == list(range(8)) and scored.genre.tolist() == [number % 3 for number in range(8)]


def test_padding_is_dropped():
    nothing = torch.ones(2, 3) / 3, torch.eye(3)[[0, 1]], torch.tensor([-1, -1])
    plain, padded = gathered(windows()), gathered(nothing, windows())
    assert all(torch.equal(a, b) for a, b in zip(plain, padded, strict=True))


def test_a_single_song_is_a_batch_of_one():
    scored = gathered((torch.tensor([[9.0, 1.0]]), torch.eye(2)[[0]], torch.tensor([3])))
    assert [part.tolist() for part in scored] == [[3], [[9, 1]], [0]] and song_metrics(scored)["accuracy"] == 1


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


def test_genres_without_songs_are_left_out_of_macro_figures():
    from sklearn import metrics

    every = chance_songs(80)
    few = ScoredSongs(*(part[every.genre < 3] for part in every))  # some are taken for the genre that is gone
    figures, guess = song_metrics(few), few.logits.argmax(1)
    assert 3 in guess
    expected = metrics.f1_score(few.genre, guess, labels=[0, 1, 2], average="macro")
    assert figures["f1_macro"] == pytest.approx(expected)
    aurocs = [metrics.roc_auc_score(few.genre == genre, few.probabilities[:, genre]) for genre in range(3)]
    assert figures["auroc_macro"] == pytest.approx(np.mean(aurocs), abs=1e-5)


@pytest.mark.parametrize(("count", "f1"), [(2, 2 / 3), (1, 1.0)])
def test_of_a_single_genre_there_is_no_auroc(count, f1):
    figures = song_metrics(scored_songs([[0.8, 0.2], [0.3, 0.7]][:count], [0, 0][:count]))
    assert math.isnan(figures.pop("auroc_macro")) and figures["f1_macro"] == pytest.approx(f1)
    assert all(math.isfinite(figure) for figure in figures.values())


def test_logits_that_are_no_numbers_are_no_error():
    assert math.isnan(song_metrics(scored_songs([[math.nan, math.nan]] * 2, [0, 1]))["loss"])


@pytest.mark.parametrize(("confidence", "right", "error"), [(0.8, 80, 0.0), (0.99, 60, 0.39), (0.6, 90, 0.3)])
def test_the_calibration_error_is_how_far_confidence_is_from_accuracy(confidence, right, error):
    assert song_metrics(sure_songs(confidence, right))["calibration_error"] == pytest.approx(error, abs=1e-4)


def test_reliability_tells_of_each_confidence_how_often_it_is_right():
    sure, unsure = sure_songs(0.9, 3, count=4), sure_songs(0.55, 1, count=2)
    both = ScoredSongs(*(torch.cat(pair) for pair in zip(sure, unsure, strict=True)))
    confidence, right, counts = (column.tolist() for column in reliability(both))
    assert confidence == pytest.approx([0.55, 0.9]) and right == [0.5, 0.75] and counts == [2, 4]
    error = (2 * 0.05 + 4 * 0.15) / 6
    assert song_metrics(both)["calibration_error"] == pytest.approx(error, abs=1e-6)


def test_the_calibration_error_is_that_of_torchmetrics():
    from torchmetrics.functional.classification import multiclass_calibration_error

    songs = chance_songs(200)
    expected = multiclass_calibration_error(songs.probabilities, songs.genre, 4, 15)
    assert song_metrics(songs)["calibration_error"] == pytest.approx(float(expected), abs=1e-6)


def calibrated(count, seed=0, temperature=1.0):
    """Songs whose genres are drawn from what a model would say at a temperature of 1."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(count, 5, generator=generator)
    genre = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return ScoredSongs(torch.arange(count), temperature * logits, genre)


def test_a_calibrated_model_lies_in_its_range_and_a_boastful_one_does_not():
    inside = []
    for seed in range(200):
        low, high = calibrated_range(calibrated(60, seed), 500, seed=1)
        inside.append(low <= song_metrics(calibrated(60, seed))["calibration_error"] <= high)
        assert 0 < low < high
    assert 0.9 < np.mean(inside) < 0.99
    boastful = calibrated(60, temperature=4.0)
    assert song_metrics(boastful)["calibration_error"] > calibrated_range(boastful, 500, seed=1)[1]


def test_more_songs_bring_a_calibrated_model_closer_to_0():
    few, many = (calibrated_range(calibrated(count), 500, 0) for count in (45, 4000))
    assert 0.05 < sum(few) / 2 < 0.2 and many[1] < few[0] and many[1] < 0.03


def test_the_range_is_seeded():
    first, again, other = (calibrated_range(calibrated(60), 50, seed) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_the_temperature_that_spoilt_the_logits_is_found_again(temperature):
    songs = calibrated(5000, temperature=temperature)
    fitted = fit_temperature(songs, range(5000))
    assert fitted == pytest.approx(temperature, rel=0.05)
    mended = at_temperature(songs, fitted)
    torch.testing.assert_close(mended.logits, songs.logits / fitted)
    assert song_metrics(mended)["calibration_error"] < 0.03
    assert torch.equal(is_correct(mended), is_correct(songs)) and torch.equal(mended.genre, songs.genre)


def test_no_other_temperature_has_a_lower_loss_but_for_the_prior():
    songs = calibrated(50, temperature=3.0)
    fitted = fit_temperature(songs, range(50))

    def penalised(log):
        return 50 * song_metrics(at_temperature(songs, math.exp(log)))["loss"] + (log / 0.3) ** 2 / 2

    best = penalised(math.log(fitted))
    assert all(penalised(log) >= best - 1e-4 for log in np.linspace(-4, 4, 400))
    losses = [song_metrics(at_temperature(songs, one))["loss"] for one in (1.0, fitted)]
    assert losses[1] < losses[0]


@pytest.mark.parametrize(("right", "bounds"), [(6, (0.7, 0.97)), (0, (1.1, 1.5))])
def test_a_few_songs_all_judged_rightly_or_wrongly_do_not_carry_it_away(right, bounds):
    assert bounds[0] < fit_temperature(sure_songs(0.8, right, count=6), range(6)) < bounds[1]


def test_an_artist_of_many_songs_has_no_more_say_about_the_temperature_than_one_of_a_single_song():
    """20 songs of one artist are all judged wrongly, 20 of others rightly."""
    songs, one_artist = sure_songs(0.8, 20, count=40), [*range(20), *(20 * [20])]
    wrong_ones_first = [*(20 * [20]), *range(20)]
    assert fit_temperature(songs, one_artist) < 1 < fit_temperature(songs, wrong_ones_first)
    assert fit_temperature(songs, range(40)) > 1.1


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
