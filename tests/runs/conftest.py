from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from genre_lightning.data.catalogue import Catalogue, Track, write_manifest
from genre_lightning.runs.results import read_results

KEPT = Path(__file__).with_name("kept")


@pytest.fixture
def finish(tmp_path):
    """Make a folder in logs/ as a finished run leaves it: `typed` overrides, log-loss `loss` and accuracy `val` on
    validation, accuracy `test`, judged on the songs of a split `draw`.
    """

    def make(
        name, loss, *typed, val=0.5, test=0.5, interval=(0.25, 0.75), refitted=False, draw=0, config=None, **facts
    ):
        folder = tmp_path / "logs" / name
        (folder / ".hydra").mkdir(parents=True)
        (folder / ".hydra" / "overrides.yaml").write_text("".join(f"- {one}\n" for one in typed) or "[]")
        if config is not None:
            OmegaConf.save(OmegaConf.create({part: {} for part in PARTS} | config), folder / ".hydra" / "config.yaml")
        songs = [Track(tmp_path / f"{draw}{split}.wav", "jazz", split=split) for split in ("train", "val", "test")]
        write_manifest(Catalogue(songs), folder / "manifest.csv")
        known = read_results(KEPT)
        splits = {
            split: replace(figures, accuracy=accuracy, accuracy_interval=interval, uncalibrated_loss=loss)
            for (split, figures), accuracy in zip(known.splits.items(), (1.0, val, test), strict=True)
        }
        told = known.facts | {"songs from": "SONGS", "split": "artist"} | facts
        replace(known, splits=splits, refitted=refitted, facts=told).write(folder)
        return folder

    return make


PARTS = ("model", "features", "cache", "loader")
