"""The demo songs as an exam: what networks, the baseline and single cues make of songs by unheard artists."""

import json
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genre_lightning.audio.reading import read_audio
from genre_lightning.data.catalogue import read_manifest
from genre_lightning.features.mel import LogMel
from genre_lightning.train.train import train

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
CONF = Path(__file__).parents[2] / "conf"
DATA_SEEDS = (0, 1, 2)
ONSETS = LogMel(n_fft=1024, hop_length=256)
FRAMES_A_MINUTE = 60 * ONSETS.sample_rate / ONSETS.hop_length


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The finished runs of every data seed, by model."""
    root = tmp_path_factory.mktemp("exam")

    def run(model, seed):
        own = [f"data.root='{(root / 'data').as_posix()}'", f"cache.root='{(root / 'cache').as_posix()}'"]
        with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
            config = compose("train", overrides=[*own, f"model={model}", f"data.seed={seed}"])
        folder = tmp_path_factory.mktemp(f"{model}_{seed}")
        train(config, folder)
        return folder

    return {model: [run(model, seed) for seed in DATA_SEEDS] for model in ("cnn", "lstm", "mlp")}


def loudness(waveform: np.ndarray) -> float:
    """The level of a song in decibels."""
    return 20 * np.log10(waveform.std())


def start_silence(waveform: np.ndarray) -> float:
    """The samples before a song is first as loud as a tenth of its usual level."""
    return float(np.argmax(np.abs(waveform) > 0.1 * waveform.std()))


def tempo(waveform: np.ndarray) -> float:
    """Octaves of beats per minute: the strongest period of the onsets, the likelier the nearer to 120 a minute."""
    frames = ONSETS(torch.from_numpy(waveform)).numpy()
    onsets = np.maximum(0, np.diff(frames, axis=0)).mean(axis=1)
    onsets -= onsets.mean()
    strength = np.correlate(onsets, onsets, "full")[len(onsets) :]
    octaves = np.log2(FRAMES_A_MINUTE / np.arange(1, len(strength) + 1))
    likely = np.exp(-0.5 * ((octaves - np.log2(120)) / 0.9) ** 2)
    return octaves[np.argmax(strength * likely)]


def accuracy_of_cue(run: Path, cue) -> float:
    """The accuracy on a run's test songs of the nearest neighbours among its training songs, by one number alone."""
    tracks = list(read_manifest(run / "manifest.csv"))
    values = np.array([[cue(read_audio(track.path, ONSETS.sample_rate))] for track in tracks])
    genres, sides = (np.array([getattr(track, name) for track in tracks]) for name in ("genre", "split"))
    judge = make_pipeline(StandardScaler(), KNeighborsClassifier(15))
    return judge.fit(values[sides == "train"], genres[sides == "train"]).score(
        values[sides == "test"], genres[sides == "test"]
    )


@pytest.fixture(scope="module")
def accuracies(runs):
    """The accuracy on test songs, for every data seed, of each network and of the baseline."""
    figures = {
        model: [json.loads((run / "metrics.json").read_text(encoding="utf-8")) for run in folders]
        for model, folders in runs.items()
    }
    networks = {model: [each["test"]["accuracy"] for each in every] for model, every in figures.items()}
    return networks | {"baseline": [each["baseline"]["test"]["accuracy"] for each in figures["cnn"]]}


def show(capsys, name, each):
    with capsys.disabled():
        print(f"\n{name}: {mean(each):.1%} of the test songs; by data seed {[f'{one:.1%}' for one in each]}")


def test_networks_pass_the_exam_better_than_a_baseline_and_not_perfectly(accuracies, capsys):
    for name, each in accuracies.items():
        show(capsys, name, each)
    assert 0.65 <= mean(accuracies["baseline"]) <= 0.85
    best = max(mean(accuracies["cnn"]), mean(accuracies["lstm"]))
    assert mean(accuracies["baseline"]) + 0.05 <= best < 0.99


@pytest.mark.parametrize(("cue", "most"), [(loudness, 0.45), (start_silence, 0.6), (tempo, 0.6)])
def test_no_cheap_cue_tells_the_genre(runs, cue, most, capsys):
    each = [accuracy_of_cue(run, cue) for run in runs["cnn"]]
    show(capsys, f"{cue.__name__} alone", each)
    assert mean(each) <= most
