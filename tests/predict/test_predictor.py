import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
import torch
from serving import score, serve
from torch import nn

from genre_lightning.audio.reading import AudioError
from genre_lightning.data.catalogue import read_manifest
from genre_lightning.data.engine import Threads
from genre_lightning.errors import UserError
from genre_lightning.models.cnn import CNN
from genre_lightning.predict.onnx import METADATA
from genre_lightning.predict.predictor import WINDOWS_A_BATCH, Predictor, folded
from genre_lightning.runs.run import Run

GENRES = ("clicks", "noise", "tones")
SAMPLE_RATE = 8000
FRAMES_A_SECOND = SAMPLE_RATE / 256


@pytest.fixture(scope="module", params=["run", "exported"])
def predictor(request):
    return Predictor(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def ours(run):
    return Predictor(run)


def write(path, waveform, rate=SAMPLE_RATE):
    soundfile.write(path, waveform, rate)
    return path


def write_float(path, waveform):
    soundfile.write(path, waveform, SAMPLE_RATE, "FLOAT")
    return path


@pytest.mark.parametrize("split", ["learnt_from", "test"])
def test_songs_of_the_run_get_what_its_report_counted(predictor, run, configure, split):
    data, songs = serve(configure()), read_manifest(run / "manifest.csv")
    data.learn_from("train", "val")
    scored = score(Run(run).model, data, split)
    tracks = [
        track for part in (data.learnt_from if split == "learnt_from" else [split]) for track in songs.of_split(part)
    ]
    predicted = [predictor.predict(track.path) for track in tracks]
    for prediction, probabilities in zip(predicted, scored.probabilities, strict=True):
        known = dict(zip(GENRES, probabilities.tolist(), strict=True))
        assert prediction.probabilities == pytest.approx(known, abs=1e-5)
        assert list(prediction.probabilities.values()) == sorted(prediction.probabilities.values(), reverse=True)
        assert prediction.genre == next(iter(prediction.probabilities)) and prediction.timeline == ()
    right = np.mean([found.genre == track.genre for found, track in zip(predicted, tracks, strict=True)])
    assert right == pytest.approx(json.loads((run / "metrics.json").read_text())[split]["accuracy"])


def test_clips_shorter_than_the_windows_asked_for_get_what_the_report_counted(short_clips, configure):
    data = serve(configure("loader.window_seconds=3"))
    scored = score(Run(short_clips).model, data, "test")
    predictor = Predictor(short_clips)
    for track, probabilities in zip(data.selection.catalogue.of_split("test"), scored.probabilities, strict=True):
        known = dict(zip(GENRES, probabilities.tolist(), strict=True))
        assert predictor.predict(track.path).probabilities == pytest.approx(known, abs=1e-5)


def test_channels_and_rates_make_no_difference(ours, tmp_path, sound):
    song = sound("tones", 3, 2.0)
    mono = ours.predict(write(tmp_path / "mono.wav", song)).probabilities
    stereo = ours.predict(write(tmp_path / "stereo.wav", np.stack([song, song], axis=1))).probabilities
    faster = ours.predict(write(tmp_path / "faster.wav", np.repeat(song, 2), 2 * SAMPLE_RATE)).probabilities
    assert stereo == pytest.approx(mono, abs=1e-3) and faster == pytest.approx(mono, abs=0.1)


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.5, 30.0])
def test_songs_of_any_length_are_predicted(predictor, tmp_path, sound, seconds):
    prediction = predictor.predict(write(tmp_path / "song.wav", sound("noise", 1, seconds)), every_seconds=1.0)
    assert prediction.genre in GENRES and len(prediction.timeline) == max(1, round(seconds))
    assert (prediction.from_seconds, prediction.to_seconds) == (0, pytest.approx(seconds))


def test_windows_are_predicted_alike_in_however_many_batches(ours):
    frames = np.random.default_rng(0).normal(-40, 20, (500, 24)).astype(np.float16)
    starts = list(range(0, 400, 3))
    assert len(starts) > 3 * WINDOWS_A_BATCH
    by_itself = torch.cat([ours.predict_windows(frames, [start]) for start in starts])
    assert torch.allclose(ours.predict_windows(frames, starts), by_itself, atol=1e-6)


def tones_or_noise(windows):
    """A network for the three genres that knows noise by its even spectrum, and is as sure of all windows."""
    evenness = 2 * torch.sign(5 - windows.std(dim=2).mean(dim=1))
    return torch.stack([torch.full_like(evenness, -9), evenness, -evenness], dim=1)


def test_a_timeline_tells_what_is_heard_when(run, tmp_path, sound):
    predictor = Predictor(run)
    predictor.logits = tones_or_noise
    song = np.concatenate([sound("tones", 2, 3.0), sound("noise", 2, 3.1)])
    prediction = predictor.predict(write(tmp_path / "song.wav", song), every_seconds=0.5)
    edges = [(moment.from_seconds, moment.to_seconds) for moment in prediction.timeline]
    assert edges == [(part / 2, (part + 1) / 2) for part in range(11)] + [(5.5, pytest.approx(6.1))]
    assert [moment.genre for moment in prediction.timeline] == ["tones"] * 6 + ["noise"] * 6
    whole = predictor.predict(tmp_path / "song.wav").probabilities
    assert prediction.probabilities == whole and whole["clicks"] < 0.01 and 0.3 < whole["tones"] < 0.7


def test_silence_has_no_vote_and_is_told_in_the_timeline(predictor, tmp_path, sound):
    parts = [sound(genre, 2, 3.0) for genre in ("tones", "noise")]
    alone = predictor.predict(write(tmp_path / "alone.wav", np.concatenate(parts)), every_seconds=1.0)
    hush = np.random.default_rng(0).integers(-1, 2, 4 * SAMPLE_RATE).astype(np.int16)
    song = np.concatenate([np.zeros(SAMPLE_RATE, np.int16), parts[0], hush, parts[1]])
    prediction = predictor.predict(write(tmp_path / "song.wav", song), every_seconds=1.0)
    assert prediction.to_seconds == 11.0
    assert [moment.to_seconds for moment in prediction.timeline] == list(range(1, 12))
    assert [bool(moment.genre) for moment in prediction.timeline] == [False] + 3 * [True] + 4 * [False] + 3 * [True]
    heard = [moment for moment in prediction.timeline if moment.genre]
    for moment, same in zip([prediction, *heard], [alone, *alone.timeline], strict=True):
        assert moment.probabilities == pytest.approx(same.probabilities, abs=0.02)


def test_a_song_gets_the_same_at_any_level(predictor, tmp_path, sound):
    song = sound("noise", 3, 2.0) / 2**15
    loud, quiet = (predictor.predict(write_float(tmp_path / "song.wav", song * gain)) for gain in (4, 0.01))
    assert quiet.probabilities == pytest.approx(loud.probabilities, abs=1e-3)


@pytest.mark.parametrize("noise", [0, 0.3])
def test_a_song_of_silence_is_told_like_a_broken_file(ours, tmp_path, noise):
    hush = (noise * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE)).round() / 2**15
    with pytest.raises(AudioError, match="is silent"):
        ours.predict(write_float(tmp_path / "song.wav", hush))


def test_a_moment_is_predicted_by_the_window_around_its_middle(ours):
    starts = ours.starts_around([0, 1, 2, 4], n_frames=round(4 * FRAMES_A_SECOND))
    assert starts == [round(middle * FRAMES_A_SECOND - 16 / 2) for middle in (0.5, 1.5, 3.0)]
    assert ours.starts_around([0, 0.1, 0.2], n_frames=20) == [0, 0]
    assert ours.starts_around([0, 0.1, 1.9, 2.0], n_frames=62) == [0, 23, 62 - 16]
    assert ours.starts_around([0, 0.1], n_frames=5) == [0]


def test_many_songs_come_in_their_order_and_broken_ones_as_errors(ours, library):
    paths = [*sorted(library.rglob("*.wav")), library / "nowhere.wav"]
    outcomes = list(ours.predict_all(paths, every_seconds=0.5, engine=Threads(3)))
    assert [path for path, _ in outcomes] == paths
    broken = {path.name: str(outcome) for path, outcome in outcomes if isinstance(outcome, AudioError)}
    assert set(broken) == {"broken.wav", "nowhere.wav"} and broken["nowhere.wav"] == "does not exist"
    assert all(outcome.path == path and outcome.timeline for path, outcome in outcomes if path.name not in broken)


def test_folded_normalisations_change_nothing():
    torch.manual_seed(0)
    network = CNN(n_features=24, n_frames=16, n_genres=3, channels=[4, 8], dropout=0.3, optimizer={})
    network(torch.randn(64, 16, 24) + 1)  # in training, so that what it normalises with is no longer 0 and 1
    windows, whole = torch.randn(5, 16, 24), nn.Sequential(network.encoder, network.head).eval()
    with torch.inference_mode():
        before, after = whole(windows), folded(whole)(windows)
    assert torch.allclose(after, before, atol=1e-5)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in whole.modules())


@pytest.mark.parametrize("name", ["nowhere", "song.wav", "model.onnx"])
def test_what_is_no_run_is_said(tmp_path, name):
    (tmp_path / "song.wav").touch()
    with pytest.raises(UserError, match=f"{name} is neither a finished run's folder nor an .onnx file"):
        Predictor(tmp_path / name)


FORK = """
import sys
from multiprocessing import get_context
from genre_lightning import Predictor

song, *runs = sys.argv[1:]
predictors = [Predictor(run) for run in runs]

def predict(number):
    return predictors[number].predict(song)

before = [predict(number) for number in range(2)]  # on all threads
with get_context("fork").Pool(2) as pool:
    after = pool.map_async(predict, range(2)).get(60)
assert [one.genre for one in after] == [one.genre for one in before]
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_it_is_loaded_once_and_used_by_processes_that_are_forked(run, exported, tmp_path, sound):
    song = write(tmp_path / "song.wav", sound("noise", 1, 30.0))  # long enough for PyTorch to share out the work
    threads = {**os.environ, "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", FORK, song, run, exported], check=True, timeout=120, env=threads)


def test_a_manifest_with_other_genres_changes_nothing_that_a_model_says(run, ours, library, tmp_path):
    spoilt = Path(shutil.copytree(run, tmp_path / "run"))
    text = (run / "manifest.csv").read_text(encoding="utf-8")
    (spoilt / "manifest.csv").write_text(text.replace(",clicks,", ",noise,"), encoding="utf-8")
    song = library / "tones" / "9.wav"
    assert Predictor(spoilt).predict(song) == ours.predict(song)


@pytest.mark.parametrize("change", [{"genres": ["jazz", "rock"]}, {"window_seconds": 3.0}, {"features": {"n_mels": 7}}])
def test_an_exported_network_that_does_not_fit_its_spec_is_said(exported, tmp_path, change):
    model = onnx.load(exported)
    (spec,) = [entry for entry in model.metadata_props if entry.key == METADATA]
    values = json.loads(spec.value)
    values["features"] |= change.pop("features", {})
    spec.value = json.dumps(values | change)
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(UserError, match=r"model\.onnx: the network does not match the features, windows or genres"):
        Predictor(tmp_path / "model.onnx")


ALONE = """
import os, sys, warnings, torch, onnxruntime
from genre_lightning import devices

def process():
    return dict(os.environ), warnings.showwarning, warnings.filters[:], sys.meta_path[:], torch.get_num_threads()

before = process()
devices.keep_freed_memory = None  # so that it cannot be called
from genre_lightning import Predictor
list(Predictor(sys.argv[1]).predict_all([sys.argv[2]], 1.0))
assert process() == before
heavy = {"lightning", "torchmetrics", "hydra", "omegaconf", "umap", "matplotlib", "sklearn", "scipy"}
assert not heavy & set(sys.modules)
"""


@pytest.mark.slow
def test_an_exported_file_needs_no_lightning_and_changes_nothing_in_the_process(exported, library):
    song = library / "noise" / "9.wav"
    ended = subprocess.run([sys.executable, "-c", ALONE, exported, song], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
