"""How quickly a network loses its genre when what is said to speak for it most is taken away first, or chance chooses.

It trains the default network on the demo songs first, or takes a finished run:

    EXPLAIN_RUN=logs/RUN pytest -n 0 -m benchmark -s tests/benchmarks/test_explain.py
"""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from genre_lightning.data.catalogue import read_manifest
from genre_lightning.predict.evidence import Listener
from genre_lightning.runs.run import Run
from genre_lightning.text import percent, table
from genre_lightning.train.train import train

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
CONF = Path(__file__).parents[2] / "conf"
SONGS = 20
SHARES = (0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1)  # of the places that are taken away


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    if finished := os.environ.get("EXPLAIN_RUN"):
        return Run(Path(finished))
    folder = tmp_path_factory.mktemp("run")
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        own = [f"{group}.root='{(folder.parent / group).as_posix()}'" for group in ("data", "cache")]
        train(compose("train", overrides=own), folder)
    return Run(folder)


def deleted(listener, song, genre, places, order):
    """The genre's probability after each of SHARES of the places, (frames, features), was taken away."""
    found = []
    for share in SHARES:
        frames = song.frames.astype(np.float32)
        for number in order[: round(share * len(order))]:
            (start, end), band = places[number]
            frames[start:end, band.start : band.end] = listener.mean[band.start : band.end]
        windows = listener.predictor.predict_windows(frames, listener.starts(len(frames)))
        found.append(float(windows.mean(dim=0).softmax(dim=0)[listener.spec.genres.index(genre)]))
    return found


def curves(listener, path, rng):
    """A song's curves: without what speaks most for its predicted genre, and without what chance chooses."""
    song = listener.read(path)
    genre = next(iter(listener.probabilities(song)))
    evidence = listener.evidence(song, genre)
    frames = listener.frames_at(evidence.edges, song)
    places = [(cell, band) for cell in pairwise(frames) for band in listener.bands]
    order = np.argsort([-part.evidence for part in evidence.places])
    orders = order, rng.permutation(len(places))
    return [deleted(listener, song, genre, places, order) for order in orders]


def test_what_is_said_to_speak_for_a_genre_does(run, capsys):
    tracks = [track for track in read_manifest(run.folder / "manifest.csv").of_split("val") if track.path.is_file()]
    rng, listener = np.random.default_rng(0), Listener(run)
    chosen = [tracks[number] for number in rng.permutation(len(tracks))[:SONGS]]
    with torch.inference_mode():
        strongest, chance = np.mean([curves(listener, track.path, rng) for track in chosen], axis=0)
    rows = [tuple(map(percent, row)) for row in zip(SHARES, strongest, chance, strict=True)]
    with capsys.disabled():
        print(f"\n{run.folder.name}: the predicted genre's probability, mean of {len(chosen)} validation songs\n")
        print(table(("taken away", "the strongest first", "by chance"), rows))
    assert np.trapezoid(strongest, SHARES) < 0.8 * np.trapezoid(chance, SHARES)
