"""Labels that were changed on purpose: how many of them an audit finds, and what it is worth to correct those.

One label in ten of the demo songs is another genre, at random. Somebody listens to the first 15 % of the list that the
audit writes, and fills in what is right; the list then becomes the manifest of the songs.
"""

import csv
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from genre_lightning.data.catalogue import Catalogue, read_manifest, write_manifest
from genre_lightning.data.sources.demo import demo
from genre_lightning.labels.audit import audit
from genre_lightning.runs.predictions import read_predictions
from genre_lightning.runs.run import CONFIG, Run
from genre_lightning.train.train import train

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
CONF = Path(__file__).parents[2] / "conf"
SEEDS = (0, 1, 2)
FLIPPED, HEARD = 0.1, 0.15
# With the least part of the changed labels that is found, and of the accuracy that they cost that is won back.
MODELS = [("mlp", 0.6, 0.2), pytest.param("pretrained", 0.8, 0.5, marks=pytest.mark.weights)]


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """The demo songs in a folder with a manifest; their genres are right."""
    return next(iter(demo(str(tmp_path_factory.mktemp("songs"))))).path.parents[1]


def cross_validated(songs, truth, model, into):
    """A run on the labels that the songs have now, which tests each song once; and its accuracy against the truth."""
    places = [f"data.root='{songs.as_posix()}'", f"cache.root='{(into.parent / 'cache').as_posix()}'"]
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        own = ["folds=5", "refit=false", "data=folder", *places, "logger=[]", "trainer=cpu"]
        config = compose("train", [f"model={model}", *own])
    (into / CONFIG).parent.mkdir(parents=True)
    OmegaConf.save(config, into / CONFIG)
    train(config, into)
    tested = [song for song in read_predictions(into) if song.split == "test"]
    assert len(tested) == len(truth)
    return Run(into), mean(song.predicted == truth[song.path] for song in tested)


def flip(songs, truth, seed):
    """Write a manifest in which some songs have another genre; returns which ones."""
    rng, genres = np.random.default_rng(seed), sorted({*truth.values()})
    wrong = {list(truth)[row] for row in rng.choice(len(truth), round(FLIPPED * len(truth)), replace=False)}
    tracks = []
    for track in right(songs, truth):
        others = [genre for genre in genres if genre != track.genre]
        tracks.append(replace(track, genre=str(rng.choice(others)) if track.path in wrong else track.genre))
    write_manifest(Catalogue(tracks), songs / "manifest.csv")
    return wrong


def right(songs, truth):
    """The songs with their true genres, and what nobody has heard yet."""
    tracks = read_manifest(songs / "manifest.csv")
    return [replace(track, genre=truth[track.path], extra={}) for track in sorted(tracks, key=lambda one: one.path)]


def listen(run, songs, truth):
    """Hear the songs at the top of the list, which becomes the songs' manifest; returns which ones were heard."""
    audit(run)
    with (run.folder / "audit.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    heard = rows[: round(HEARD * len(rows))]
    for row in heard:
        row["genre_checked"] = truth[songs / row["path"]]
    with (songs / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [*rows[0]])
        table.writeheader()
        table.writerows(rows)
    return {songs / row["path"] for row in heard}


@pytest.mark.parametrize(("model", "least", "won_back"), MODELS)
def test_most_of_the_changed_labels_are_found_and_correcting_them_pays(songs, model, least, won_back, tmp_path, capsys):
    truth = {track.path: track.genre for track in read_manifest(songs / "manifest.csv")}
    figures = []
    _, clean = cross_validated(songs, truth, model, tmp_path / "clean")
    for seed in SEEDS:
        wrong = flip(songs, truth, seed)
        run, spoilt = cross_validated(songs, truth, model, tmp_path / f"spoilt{seed}")
        found = len(wrong & listen(run, songs, truth)) / len(wrong)
        _, corrected = cross_validated(songs, truth, model, tmp_path / f"corrected{seed}")
        figures.append((found, clean, spoilt, corrected))
        write_manifest(Catalogue(right(songs, truth)), songs / "manifest.csv")
    found, clean, spoilt, corrected = np.mean(figures, axis=0)
    with capsys.disabled():
        print(f"\n{model}: {found:.0%} found in the first {HEARD:.0%} ({[f'{one:.0%}' for one, *_ in figures]}); ")
        print(f"accuracy {clean:.1%} with right labels, {spoilt:.1%} with wrong ones, {corrected:.1%} once corrected")
    assert found >= least
    assert corrected - spoilt >= won_back * (clean - spoilt) > 0
