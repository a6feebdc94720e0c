import numpy as np
import pytest
import soundfile
import torch
from matplotlib.figure import Figure

from genre_lightning.audio.recording import LengthError, Recording
from genre_lightning.features import picture
from genre_lightning.features.mel import MFCC, LogMel
from genre_lightning.features.picture import (
    COLUMNS,
    comparable,
    draw_wave,
    excerpt_picture,
    read_to_draw,
    sound_picture,
)

RATE = 44100
WAVE, SPECTRUM, SPECTROGRAM, MEL, MFCCS = range(5)


def sine(hertz, seconds, amplitude=0.5, rate=RATE):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(seconds, rate=RATE):
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * rate)).astype(np.float32)


def values_of(axes):
    return np.asarray(axes.images[0].get_array())


def scale_of(axes):
    """What the colours of a panel mean."""
    return axes.images[0].colorbar.ax.get_ylabel()


def test_a_sine_is_where_it_belongs_in_every_panel_as_loud_as_it_is():
    pitch = 279 * RATE / 4096  # the middle of a bin, or the window would take some of its level
    panels = sound_picture(sine(pitch, 2), RATE, "a $ine").axes
    hertz, decibels = panels[SPECTRUM].lines[0].get_data()
    loudest = np.argmax(decibels)
    assert hertz[loudest] == pytest.approx(pitch) and decibels[loudest] == pytest.approx(-6.02, abs=0.1)
    assert decibels[hertz > 4000].max() < -100 and decibels[hertz < 2000].max() < -100  # without the ends' windows
    rows = values_of(panels[SPECTROGRAM])
    row = pitch / (RATE / 2) * len(rows)
    assert (rows[:, 5:-5].argmax(axis=0) == int(row)).all() and rows.max() == pytest.approx(-6.02, abs=0.1)
    ticks = zip(panels[MEL].get_yticklabels(), panels[MEL].get_yticks(), strict=True)
    named = {text.get_text(): place for text, place in ticks}
    assert named["2000"] < values_of(panels[MEL])[:, 40].argmax() < named["4000"]
    assert panels[WAVE].lines[0].get_ydata().max() == pytest.approx(0.5, abs=1e-3)


def test_axes_have_seconds_hertz_and_decibels_and_one_time():
    figure = sound_picture(noise(2), RATE, "{noise} $", start=60)
    panels = figure.axes[:5]
    assert panels[WAVE].get_xticks().tolist() == panels[MEL].get_xticks().tolist()
    assert [axes.get_ylabel() for axes in panels] == ["amplitude", "dB", "Hz", "Hz", "coefficient"]
    assert [axes.get_xlabel() for axes in panels] == ["seconds", "Hz", "", "", "seconds"]
    assert [axes.get_xlim() for axes in (*panels[:1], *panels[2:])] == [(60, 62)] * 4
    assert panels[SPECTRUM].get_xlim() == (20, RATE / 2) and panels[SPECTROGRAM].get_ylim() == (0, RATE / 2)
    assert [scale_of(axes) for axes in panels[2:]] == ["dB", "dB", "standard deviations"]
    assert figure.get_suptitle() == "{noise} $"


def test_features_have_the_usual_settings_and_every_coefficient_of_the_mfcc_the_same_contrast():
    rate = LogMel.sample_rate
    waveform = np.concatenate([noise(1, rate), noise(1, rate) * 0.01])
    panels, heard = sound_picture(waveform, rate, "").axes, torch.from_numpy(waveform)
    np.testing.assert_array_equal(values_of(panels[MEL]), LogMel()(heard).T)
    stds = MFCC()(heard).std(dim=0, correction=0)
    assert f"({stds[0]:.1f} dB for 0, {stds[-1]:.1f} dB for 19)" in panels[MFCCS].get_title(loc="left")
    rows = values_of(panels[MFCCS])
    assert rows.shape[0] == 20 and (np.ptp(rows, axis=1) > 1.5).all()
    np.testing.assert_allclose(rows.std(axis=1), 1, atol=0.1)


def test_of_a_long_sound_no_click_is_lost_and_a_picture_has_no_more_columns():
    clicks = np.zeros(100 * 4000, np.float32)
    clicks[[1234, 200_000, 399_000]] = 0.9, -0.9, 0.9
    panels = sound_picture(clicks, 4000, "").axes
    seconds, wave = panels[WAVE].lines[0].get_data()
    assert len(wave) == 2 * COLUMNS and wave.min() == pytest.approx(-0.9)
    assert seconds[np.abs(wave) > 0.5] == pytest.approx([0.3, 50, 99.75], abs=0.1)
    rows = values_of(panels[SPECTROGRAM])
    assert {values_of(axes).shape[1] for axes in panels[2:5]} == {COLUMNS}
    loud = np.flatnonzero(rows.mean(axis=0) > rows.max() - 20)
    assert {round(column / COLUMNS * 100) for column in loud} == {0, 50, 100}


@pytest.mark.parametrize(
    ("waveform", "rate"),
    [
        (np.zeros(RATE, np.float32), RATE),
        (np.ones(1, np.float32), 8000),
        (np.full(RATE, -0.1, np.float32), RATE),
        (sine(440, 0.1), RATE),
        (noise(1, 1000), 1000),
    ],
    ids=["silence", "one sample", "an offset", "a tenth of a second", "1000 Hz"],
)
def test_any_sound_is_seen(waveform, rate):
    panels = sound_picture(waveform, rate, "").axes[:5]
    assert all(np.isfinite(values_of(axes)).all() for axes in panels[SPECTROGRAM:])
    for axes in panels[:SPECTROGRAM]:
        (line,) = axes.lines
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        across, values = line.get_data()
        assert left < across[0] <= across[-1] <= right and low < values.max() < high
    assert panels[WAVE].get_ylim()[0] == -panels[WAVE].get_ylim()[1], "silence is in the middle"


def test_few_samples_are_dots_each_at_its_time():
    one, many = Figure().subplots(2)
    draw_wave(one, np.ones(1, np.float32), 8000, (7200, 7200 + 1 / 8000))
    draw_wave(many, np.ones(2000, np.float32), 8000, (0, 0.25))
    assert one.lines[0].get_marker() == "." and many.lines[0].get_marker() == "None"
    assert one.lines[0].get_xdata() == pytest.approx(7200 + 0.5 / 8000, abs=1e-7)
    assert one.xaxis.get_major_formatter().format_ticks([7200.0, 7200.0001]) == ["7200.0000", "7200.0001"]


def test_a_part_of_a_recording_is_drawn_under_its_time(monkeypatch):
    waveform = np.concatenate([np.zeros(2000, np.float32), np.full(2000, 0.5, np.float32)])
    recording = Recording(waveform, 1000, 4.0, 4.0, np.zeros(0, np.uint32))
    figure = excerpt_picture(recording, "song.mp3", 2.5, 10)
    assert figure.get_suptitle() == "song.mp3, 2.50 to 4.00 s of 4.00 s"
    assert figure.axes[WAVE].get_xlim() == (2.5, 4) and figure.axes[WAVE].lines[0].get_ydata().min() == 0.5
    monkeypatch.setattr(picture, "sound_picture", lambda _waveform, _rate, title, _start: title)
    assert excerpt_picture(recording, "song.mp3") == "song.mp3, 4.00 s"
    assert excerpt_picture(recording, "song.mp3", 2.5, 1e-9) == "song.mp3, 2.5000 to 2.5010 s of 4.0000 s"


def test_features_without_a_scale_in_common_are_scaled_each_by_itself_over_all_windows():
    windows = [np.array([[-300.0, 1.0, 7.0], [-100.0, 2.0, 7.0]]), np.array([[-200.0, 1.5, 7.0]])]
    (first, second), unit = comparable(windows, MFCC(n_mfcc=3))
    np.testing.assert_allclose(first, [[-1.2247, -1.2247, 0], [1.2247, 1.2247, 0]], atol=1e-4)
    np.testing.assert_allclose(second, 0, atol=1e-12)
    assert unit == "standard deviations" and comparable(windows, LogMel(n_mels=3)) == (windows, "dB")


def test_a_long_song_is_read_at_the_rate_of_the_features_and_a_longer_one_not_at_all(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "song.wav", sine(440, 2, rate=8000), 8000)
    assert read_to_draw(tmp_path / "song.wav").sample_rate == 8000
    monkeypatch.setattr(picture, "LONG_SECONDS", 1.5)
    assert read_to_draw(tmp_path / "song.wav").sample_rate == 22050
    with pytest.raises(LengthError, match="songs may last"):
        read_to_draw(tmp_path / "song.wav", 1.9)
