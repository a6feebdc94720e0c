import numpy as np
import pytest

from genre_lightning.features.mel import LogMel
from genre_lightning.plotting import save_picture
from genre_lightning.train.figures import confusion_picture, curves_picture, spectrogram_picture


def test_the_confusion_picture_counts_songs_where_they_belong():
    figure = confusion_picture(np.array([[3, 1], [0, 4]]), ["jazz", "rock"], "test: songs")
    (axes,) = figure.axes
    written = {(text.get_position(), text.get_text()) for text in axes.texts}
    assert written == {((0, 0), "3"), ((1, 0), "1"), ((1, 1), "4")}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["jazz", "rock"]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("test: songs", "predicted", "true")
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 1]])


def test_a_genre_s_name_is_never_taken_for_a_formula(tmp_path):
    genres = ["A$AP_x$", "$\\frac$"]
    figure = confusion_picture(np.array([[3, 1], [0, 0]]), genres, "test: songs")  # the second has no songs
    save_picture(figure, tmp_path / "c.png")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == genres


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


LABELS = {
    False: ("train: windows", "val: songs"),
    True: ("train: windows, raw weights", "val: songs, averaged weights"),
}


@pytest.mark.parametrize(("averaged", "labels"), LABELS.items())
def test_curves_show_train_and_validation_on_the_same_axes(averaged, labels):
    curves = {"train/loss": [(1, 0.9), (2, 0.5)], "val/loss": [(2, 0.8)], "val/accuracy": [(2, 0.4)]}
    curves |= {"train/learning_rate": [(1, 0.1)], "train/f1_macro": [(1, 0.3)]}
    loss, accuracy, _ = curves_picture(curves, averaged).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert drawn == dict(zip(labels, ([[1, 0.9], [2, 0.5]], [[2, 0.8]]), strict=True))
    assert [line.get_label() for line in accuracy.lines] == [labels[1]] and accuracy.get_title() == "accuracy"
    assert [text.get_text() for text in loss.get_legend().get_texts()] == list(labels)
