from pathlib import Path

import numpy as np
import pytest

from genre_lightning.data.extraction import Extracted
from genre_lightning.features.chroma import Chroma
from genre_lightning.features.mel import MFCC, LogMel
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.predict.evidence import Evidence, Part
from genre_lightning.predict.evidence_picture import genres_picture, song_picture


def evidence_of(features, stretches, strongest):
    """Evidence of one place alone, a stretch of time and a band, in a song of four seconds."""
    edges = np.linspace(0, 4, stretches + 1).tolist()
    bands = [Part(band.name, 0.0, 0.5) for band in features.bands()]
    places = [
        Part("", float((time, band) == strongest), 0.5) for time in range(stretches) for band in range(len(bands))
    ]
    return Evidence(edges, bands, [Part("", 0.0, 0.5)] * stretches, places)


def song_of(features, silences=()):
    heard = 4 - sum(end - start for start, end in silences)
    frames = np.ones((features.frames_in(heard), features.n_features), np.float32)
    return Extracted(
        Path("song.mp3"),
        "",
        frames,
        np.zeros((2, features.n_features), np.float32),
        4.0,
        "",
        np.zeros(0, np.uint32),
        silences,
    )


@pytest.mark.parametrize("features", [LogMel(), Chroma()])
def test_evidence_stands_above_the_spectrogram_on_the_same_axes(features):
    figure = song_picture(song_of(features), evidence_of(features, 4, (2, 1)), features, "a $ong", {})
    above, below = (axes for axes in figure.axes if axes.get_ylabel() == features.ticks()[0])
    assert above.get_title() == "a $ong" and above.get_xlim() == below.get_xlim() == (0, 4)
    assert above.get_ylim() == below.get_ylim() == (0, features.n_features)
    (mesh,) = above.collections
    values, corners = mesh.get_array(), mesh.get_coordinates()
    assert values.shape == (len(features.bands()), 4) and np.argwhere(values).tolist() == [[1, 2]]
    band = features.bands()[1]
    assert corners[1, 2].tolist() == [2, band.start] and corners[2, 3].tolist() == [3, band.end]
    assert figure.axes[-1].get_ylabel() == features.unit


def test_mfcc_are_shown_each_coefficient_by_itself():
    features = MFCC()
    song = song_of(features)
    song.frames[len(song.frames) // 2 :] *= 2  # of all, those of the first are a hundred times as large
    song.frames[:, 0] *= 100
    figure = song_picture(song, evidence_of(features, 4, (0, 0)), features, "", {})
    (image,) = (image for axes in figure.axes for image in axes.images)
    np.testing.assert_allclose(np.ptp(image.get_array(), axis=1), 2, atol=0.1)
    assert image.colorbar.ax.get_ylabel() == "standard deviations"


def test_silence_is_a_gap_in_the_spectrogram():
    features = LogMel()
    song = song_of(features, silences=((1.0, 2.0),))
    figure = song_picture(song, evidence_of(features, 4, (0, 0)), features, "", {})
    (image,) = (image for axes in figure.axes for image in axes.images)
    gap = np.isnan(np.ma.filled(image.get_array(), np.nan)).all(axis=0)
    seconds = (np.arange(len(gap)) + 0.5) * 4 / len(gap)
    assert (gap == ((seconds >= 1) & (seconds < 2))).all()


def test_encoders_have_rows_with_their_names_and_the_most_probable_tags(encoder_weights):
    features = Pretrained(["musicnn", "efficientat"])
    tags = {"musicnn": {f"tag {number}": number / 100 for number in range(50)}}
    figure = song_picture(song_of(features), evidence_of(features, 2, (0, 1)), features, "", tags)
    rows, below = figure.axes[0], figure.axes[-1]
    assert [label.get_text() for label in rows.get_yticklabels()] == ["musicnn", "efficientat"]
    assert [label.get_text() for label in below.get_yticklabels()] == [f"tag {number}" for number in range(49, 41, -1)]
    assert [round(bar.get_width(), 2) for bar in below.patches][:2] == [0.49, 0.48]


def test_each_genre_has_a_panel_with_the_mean_of_its_songs():
    songs = [[Part("low", 1.0, 0.5), Part("high", -1.0, 0.5)], [Part("low", 3.0, 0.5), Part("high", 0.0, 0.5)]]
    figure = genres_picture({"rock": songs, "jazz": songs[:1]})
    assert [axes.get_title() for axes in figure.axes] == ["rock (2 songs)", "jazz (1 songs)"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == [2.0, -0.5]
