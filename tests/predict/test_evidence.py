import numpy as np
import pytest
import soundfile
import torch

from genre_lightning.predict.evidence import MOST_STRETCHES, Listener, log_odds, span
from genre_lightning.runs.run import Run

SAMPLE_RATE = 8000
BAND = 5  # of eight, each of three mel bands


@pytest.fixture
def listener(run):
    """A listener whose network takes for tones what has more power in one band than the songs it learnt from."""
    listener = Listener(Run(run))
    (_, start, end), mean = listener.bands[BAND], torch.from_numpy(listener.mean)

    def logits(windows):
        louder = (windows - mean)[:, :, start:end].mean(dim=(1, 2))
        return torch.stack([0 * louder, 0 * louder, louder], dim=1)

    listener.predictor.logits = logits
    return listener


def write_tone(path, hertz, silent=(0, 0), seconds=4.0):
    """A tone of `hertz` of every moment, with as little noise as a record has."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    waveform = 0.5 * np.sin(2 * np.pi * hertz(time) * time) + 1e-4 * np.random.default_rng(0).standard_normal(len(time))
    waveform[(silent[0] <= time) & (time < silent[1])] = 0
    soundfile.write(path, waveform, SAMPLE_RATE)
    return path


def middle_of(listener):
    """A frequency in the middle of the band, in Hz."""
    features = listener.spec.features
    _, middles = features.middles()
    return float(middles[listener.bands[BAND].start + 1])


def test_the_evidence_lies_in_the_band_and_the_seconds_that_the_network_listens_to(listener, tmp_path):
    hertz = middle_of(listener)
    song = listener.read(write_tone(tmp_path / "late.wav", lambda time: np.where(time < 2, 300, hertz)))
    evidence = listener.evidence(song, "tones")
    assert [abs(part.evidence) > 0.1 for part in evidence.bands] == [row == BAND for row in range(8)]
    middle = np.searchsorted(evidence.edges, 2.0)
    assert all(part.evidence < 0 for part in evidence.times[: middle - 1])
    assert all(part.evidence > 0 for part in evidence.times[middle + 1 :])
    best = max(evidence.places, key=lambda part: part.evidence)
    assert best.name.endswith(f", {listener.bands[BAND].name}") and int(best.name[2:4]) >= 2
    assert max(evidence.times, key=lambda part: part.without).evidence < 0


def test_evidence_for_one_genre_speaks_against_another(listener, tmp_path):
    song = listener.read(write_tone(tmp_path / "tone.wav", lambda _: middle_of(listener)))
    assert listener.evidence_of_bands(song.frames, "tones")[BAND].evidence > 1
    assert listener.evidence_of_bands(song.frames, "noise")[BAND].evidence < -0.1


def test_what_a_network_that_adds_up_hears_in_a_band_is_the_sum_of_its_seconds(listener, tmp_path):
    song = listener.read(write_tone(tmp_path / "tone.wav", lambda _: middle_of(listener)))
    evidence = listener.evidence(song, "tones")
    of_band = [part.evidence for part in evidence.places[BAND :: len(evidence.bands)]]
    assert len(of_band) == len(evidence.times) == 16
    assert sum(of_band) == pytest.approx(evidence.bands[BAND].evidence, rel=1e-2)


def test_silence_says_nothing_and_is_where_it_is_in_the_song(listener, tmp_path):
    path = write_tone(tmp_path / "gap.wav", lambda _: middle_of(listener), silent=(1, 3))
    evidence = listener.evidence(listener.read(path), "tones")
    spoken = [part.evidence != 0 for part in evidence.times]
    assert spoken == [not 1 <= start < 3 for start in evidence.edges[:-1]]


def test_the_song_is_left_as_it_was_and_judged_as_predict_does(run, write_song, tmp_path):
    listener, path = Listener(Run(run)), write_song(tmp_path / "song.wav", "noise", seconds=1.3)
    song = listener.read(path)
    before = song.frames.copy()
    evidence = listener.evidence(song, "noise")
    assert (song.frames == before).all()
    assert listener.probabilities(song) == listener.predictor.predict(path).probabilities
    whole, part = listener.probabilities(song)["noise"], evidence.bands[0]
    odds = [np.log(sure / (1 - sure)) for sure in (whole, part.without)]
    assert part.evidence == pytest.approx(odds[0] - odds[1], abs=1e-4)


@pytest.mark.parametrize("seconds", [0.1, 0.3])
def test_a_clip_shorter_than_a_window_is_one_stretch(listener, write_song, tmp_path, seconds):
    song = listener.read(write_song(tmp_path / "short.wav", "tones", seconds=seconds))
    evidence = listener.evidence(song, "tones")
    assert evidence.edges == [0, pytest.approx(seconds)] and len(evidence.places) == len(evidence.bands) == 8
    assert evidence.times[0].without == pytest.approx(1 / 3, abs=1e-3)  # without it, nothing is heard


def test_long_songs_have_longer_stretches_and_no_more_of_them(listener):
    assert len(listener.stretch_edges(3600)) - 1 == MOST_STRETCHES
    assert np.diff(listener.stretch_edges(4.0)) == pytest.approx(0.25)  # half a window


def test_what_is_left_out_sounds_like_the_mean(listener):
    assert " the model says clicks, 33.3 %: " in listener.of_nothing()


def test_every_stretch_has_a_frame_of_its_own(listener, monkeypatch):
    monkeypatch.setattr(type(listener.spec.features), "frames_per_second", 0.5)
    assert np.diff(listener.stretch_edges(12.0)).tolist() == [2.0] * 6


def test_log_odds_compare_a_genre_with_all_others_together():
    assert log_odds(torch.tensor([0.2, 0.3, 0.5]).log(), 2) == pytest.approx(0.0, abs=1e-6)
    assert log_odds(torch.tensor([0.8, 0.2]).log(), 0) == pytest.approx(np.log(4), abs=1e-6)


def test_spans_are_written_as_players_show_times():
    assert span((12.0, 76.04)) == "0:12 to 1:16"
