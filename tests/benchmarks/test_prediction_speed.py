"""Predictions of mp3 files, against librosa and the same model; and how soon the command answers, against imports."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from test_reading_speed import librosa_log_mel, write_song

from genre_lightning.data.catalogue import MANIFEST, Catalogue, Track, write_manifest
from genre_lightning.data.engine import Threads
from genre_lightning.models.cnn import CNN
from genre_lightning.predict.onnx import export
from genre_lightning.predict.predictor import Predictor
from genre_lightning.runs.run import CONFIG, MODEL, Run

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
CONF = Path(__file__).parents[2] / "conf"
N_GENRES, SONGS = 10, 8
# What a program of one's own would wait for at least: Lightning, the file, and one look at its windows.
LEAST = """
import sys, lightning, torch
from genre_lightning.audio.reading import read_audio
from genre_lightning.features.mel import LogMel
from genre_lightning.models.cnn import CNN
frames = LogMel()(torch.from_numpy(read_audio(sys.argv[1], 22050)))
CNN(64, 86, 10, [24, 48, 96, 128], 0.3, optimizer={}).eval()(frames.unfold(0, 86, 43).transpose(1, 2))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with the settings of conf, as if its CNN had been trained."""
    folder = tmp_path_factory.mktemp("run")
    for path in (CONFIG, MODEL):
        (folder / path).parent.mkdir()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        config = compose("train", overrides=["data=folder", "data.root=songs"])
    OmegaConf.save(config, folder / CONFIG)
    write_manifest(Catalogue([Track(Path(f"{n}.wav"), f"genre {n}") for n in range(N_GENRES)]), folder / MANIFEST)
    model = CNN(64, 86, N_GENRES, list(config.model.channels), 0.3, optimizer={})
    torch.save({"state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams)}, folder / MODEL)
    return folder


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    export(Run(run), path)
    return path


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    return [write_song(folder / f"{number}.mp3", number) for number in range(SONGS)]


@torch.inference_mode()
def with_librosa(path, model, spec):
    """A song's probabilities as one would get them without this project: all its windows in one call."""
    frames = torch.from_numpy(librosa_log_mel(path, spec.features).T)
    n_frames = spec.window_shape[0]
    return model(frames.unfold(0, n_frames, n_frames // 2).transpose(1, 2)).softmax(dim=1).mean(dim=0)


@pytest.mark.parametrize(("kind", "least"), [("run", 1.7), ("exported", 1.7)])
def test_a_folder_of_mp3_files_takes_less_processor_time_than_with_librosa(kind, least, run, songs, request, compare):
    predictor = Predictor(request.getfixturevalue(kind))
    model = Run(run).model.to(memory_format=torch.contiguous_format)
    ratio = compare(
        f"{SONGS} mp3 files of 30 s from the {kind}, processor time, one worker",
        lambda: list(predictor.predict_all(songs, engine=Threads(1))),
        lambda: [with_librosa(path, model, predictor.spec) for path in songs],
        clock=time.process_time,
    )
    assert ratio >= least


def python(*arguments):
    subprocess.run([sys.executable, *map(str, arguments)], check=True, capture_output=True)


def test_a_prediction_from_a_run_takes_little_more_than_lightning_itself(run, songs, compare):
    ratio = compare(
        "genre-lightning predict RUN against import lightning, the file and a forward pass",
        lambda: python("-m", "genre_lightning", "predict", run, songs[0]),
        lambda: python("-c", LEAST, songs[0]),
        rounds=5,
    )
    assert ratio >= 1 / 1.3


def test_a_prediction_from_an_exported_file_takes_little_more_than_torch_itself(exported, songs, compare):
    ratio = compare(
        "genre-lightning predict model.onnx against import torch",
        lambda: python("-m", "genre_lightning", "predict", exported, songs[0]),
        lambda: python("-c", "import torch"),
        rounds=7,
    )
    assert ratio >= 1 / 1.5
