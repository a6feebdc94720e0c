import numpy as np
import torch

from genre_lightning.features.mel import MFCC, LogMel
from genre_lightning.metrics import ScoredSongs
from genre_lightning.plotting import save_picture
from genre_lightning.train.figures import (
    calibration_picture,
    confusion_picture,
    curves_picture,
    spectrogram_picture,
)


def test_the_confusion_picture_counts_songs_where_they_belong_a_panel_a_split():
    counts = {"validation": np.array([[3, 1], [0, 4]]), "test": np.array([[0, 2], [0, 0]])}
    figure = confusion_picture(counts, ["jazz", "rock"])
    axes, other = figure.axes
    written = {(text.get_position(), text.get_text()) for text in axes.texts}
    assert written == {((0, 0), "3"), ((1, 0), "1"), ((1, 1), "4")}
    assert [text.get_text() for text in other.texts] == ["2"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["jazz", "rock"]
    assert [each.get_title() for each in figure.axes] == ["validation", "test"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 1]])


def test_a_genre_s_name_is_never_taken_for_a_formula(tmp_path):
    genres = ["A$AP_x$", "$\\frac$"]
    figure = confusion_picture({"test": np.array([[3, 1], [0, 0]])}, genres)  # the second has no songs
    save_picture(figure, tmp_path / "c.png")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == genres


def test_the_calibration_picture_shows_how_often_a_model_is_right_that_is_so_sure(tmp_path):
    probabilities = torch.tensor([[0.9, 0.1]] * 4 + [[0.35, 0.65]] * 2)
    songs = ScoredSongs(torch.arange(6), probabilities.log(), torch.tensor([0, 0, 0, 1, 1, 0]))
    figure = calibration_picture({"validation": songs, "test": songs._replace(genre=torch.zeros(6, dtype=torch.long))})
    save_picture(figure, tmp_path / "c.png")
    first, second = (axes.collections[0] for axes in figure.axes)
    np.testing.assert_allclose(first.get_offsets(), [[0.65, 0.5], [0.9, 0.75]], atol=1e-6)
    np.testing.assert_allclose(second.get_offsets(), [[0.65, 0.0], [0.9, 1.0]], atol=1e-6)
    small, large = first.get_sizes()  # 2 songs and 4
    assert small < large
    assert [axes.get_title() for axes in figure.axes] == ["validation", "test"]


def test_spectrograms_have_seconds_hertz_and_decibels():
    features = LogMel(sample_rate=8000, n_fft=512, hop_length=256, n_mels=24)
    windows = [np.linspace(-60.0, -10.0, 24 * 50).reshape(50, 24), np.full((50, 24), -80.0)]
    figure = spectrogram_picture(windows, ["one", "two"], features)
    first, last, scale = figure.axes
    assert [axes.get_title() for axes in (first, last)] == ["one", "two"]
    picture = first.images[0]
    np.testing.assert_array_equal(picture.get_array(), windows[0].T)
    assert picture.origin == "lower" and picture.get_extent() == [0, 50 * 256 / 8000, -0.5, 23.5]
    assert (first.get_ylabel(), last.get_xlabel(), scale.get_ylabel()) == ("Hz", "seconds", "dB")
    assert [text.get_text() for text in first.get_yticklabels()] == ["250", "1000", "2000"]
    assert {axes.images[0].get_clim() for axes in (first, last)} == {(-80.0, -10.0)}  # one scale for all


def test_windows_of_mfcc_have_every_coefficient_in_full_contrast():
    windows = [np.random.default_rng(number).normal(0, 1, (50, 20)) * np.geomspace(200, 1, 20) for number in range(2)]
    first, _, scale = spectrogram_picture(windows, ["one", "two"], MFCC(sample_rate=8000, n_mels=40)).axes
    rows = first.images[0].get_array()
    assert (rows.std(axis=1) > 0.7).all() and (rows.std(axis=1) < 1.3).all()
    assert (first.get_ylabel(), scale.get_ylabel()) == ("coefficient", "standard deviations")


def test_curves_show_train_and_validation_on_the_same_axes():
    curves = {"train_songs/loss": [(1, 0.9), (2, 0.5)], "val/loss": [(2, 0.8)], "val/accuracy": [(2, 0.4)]}
    curves |= {"train/loss": [(1, 0.7)], "train/learning_rate": [(1, 0.1)], "train_songs/f1_macro": [(1, 0.3)]}
    loss, accuracy, _ = curves_picture(curves).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert drawn == {"training songs": [[1, 0.9], [2, 0.5]], "validation songs": [[2, 0.8]]}
    assert [line.get_label() for line in accuracy.lines] == ["validation songs"] and accuracy.get_title() == "accuracy"
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training songs", "validation songs"]


def test_curves_of_folds_are_faint_beside_their_mean_and_no_validation():
    folds = [{"val/loss": [(1, 0.9), (2, 0.5)]}, {"val/loss": [(1, 0.7), (2, 0.3)]}]
    loss, *_ = curves_picture({"val/loss": [(1, 0.8), (2, 0.4)]}, folds).axes
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["songs out of fold"]
    assert [line.get_ydata().tolist() for line in loss.lines if line.get_alpha()] == [[0.9, 0.5], [0.7, 0.3]]
