"""Make the run in tests/runs/kept anew, which later versions must read, or refuse in a line.

Run it as `python tests/runs/keep_run.py`. Until 0.2.0 is released its format may still change, and the run is made anew
then; after that it stays as it is.
"""

import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import soundfile
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
KEPT = Path(__file__).with_name("kept")
# What reading a run back needs of its checkpoint; the rest is large, or says where it was made.
NEEDED = ("state_dict", "hyper_parameters", "GenreDataModule", "model", "pytorch-lightning_version")


def train_run(run):
    """Train on songs of three kinds that lie in the run's folder; returns one of them."""
    from conftest import GENRES, SAMPLE_RATE, SMALL, compose_song

    from genre_lightning.runs.run import CONFIG
    from genre_lightning.train.train import train

    for genre in GENRES:
        (run / "songs" / genre).mkdir(parents=True)
        for number in range(10):
            soundfile.write(run / "songs" / genre / f"{number}.wav", compose_song(genre, number), SAMPLE_RATE)
    own = ("data=folder", "data.root=songs", "cache.root=cache", "split.method=naive", "trainer.max_epochs=60")
    with initialize_config_dir(version_base="1.3", config_dir=str(ROOT / "conf")):
        settings = compose("train", [*(one for one in SMALL if "max_epochs" not in one), *own])
    (run / CONFIG).parent.mkdir()
    OmegaConf.save(settings, run / CONFIG)
    settings.data.root, settings.cache.root = str(run / "songs"), str(run / "cache")
    train(settings, run)
    return run / "songs" / GENRES[0] / "9.wav"


def keep(run, song):
    """Copy what is read back, and what the model says of a song."""
    from genre_lightning.predict.onnx import export
    from genre_lightning.predict.predictor import Predictor
    from genre_lightning.runs.run import CONFIG, MODEL, Run

    checkpoint = torch.load(run / MODEL, weights_only=True)
    shutil.rmtree(KEPT, ignore_errors=True)
    for part in (MODEL, CONFIG):
        (KEPT / part).parent.mkdir(parents=True)
    torch.save({name: checkpoint[name] for name in NEEDED}, KEPT / MODEL)
    for part in (CONFIG, "manifest.csv", "metrics.json"):
        shutil.copy(run / part, KEPT / part)
    export(Run(KEPT), KEPT / "model.onnx")
    (KEPT / "probabilities.json").write_text(json.dumps(Predictor(KEPT).predict(song).probabilities, indent=2) + "\n")


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        keep(Path(made), train_run(Path(made)))
