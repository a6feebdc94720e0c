from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from genre_lightning.data.catalogue import Catalogue, Track, write_manifest
from genre_lightning.runs.results import read_results

KEPT = Path(__file__).with_name("kept")


def splits_with(figures, loss, accuracies, interval):
    """The figures of all splits with another log-loss, accuracies and their interval."""
    changed = {"uncalibrated_loss": loss, "accuracy_interval": interval}
    pairs = zip(figures.items(), accuracies, strict=True)
    return {split: replace(shown, accuracy=accuracy, **changed) for (split, shown), accuracy in pairs}


def write_settings(folder, typed, config):
    """What Hydra writes into a run's folder."""
    folder.mkdir(parents=True)
    (folder / "overrides.yaml").write_text("".join(f"- {one}\n" for one in typed) or "[]")
    if config is not None:
        parts = {part: {} for part in ("model", "features", "cache", "loader")}
        OmegaConf.save(OmegaConf.create(parts | config), folder / "config.yaml")


@pytest.fixture
def finish(tmp_path):
    """Make a folder in logs/ as a finished run leaves it: `typed` overrides, log-loss `loss` and accuracy `val` on
    validation, accuracy `test`, judged on the songs of a split `draw`.
    """

    def make(
        name, loss, *typed, val=0.5, test=0.5, interval=(0.25, 0.75), refitted=False, draw=0, config=None, **facts
    ):
        folder = tmp_path / "logs" / name
        write_settings(folder / ".hydra", typed, config)
        songs = [Track(tmp_path / f"{draw}{split}.wav", "jazz", split=split) for split in ("train", "val", "test")]
        write_manifest(Catalogue(songs), folder / "manifest.csv")
        known = read_results(KEPT)
        splits = splits_with(known.splits, loss, (1.0, val, test), interval)
        told = known.facts | {"songs from": "SONGS", "split": "artist"} | facts
        replace(known, splits=splits, refitted=refitted, facts=told).write(folder)
        return folder

    return make
