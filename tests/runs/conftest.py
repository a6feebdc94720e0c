"""Finished runs as training leaves them, without any training."""

from dataclasses import replace
from pathlib import Path

import pytest
from made_up import made_up
from omegaconf import OmegaConf

from genre_lightning.data.catalogue import Catalogue, Track, write_manifest
from genre_lightning.runs.results import GenreFigures, SplitFigures, read_results

GENRES = ("jazz", "rock")
SETTINGS = "model: {}\nfeatures: {}\ncache: {}\nloader: {}\nseed: 0\n"
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
    validation (or of songs out of fold), accuracy `test`, judged on the songs of a split `draw`.
    """

    def make(name, loss, *typed, draw=0, config=None, **shown):
        folder = tmp_path / "logs" / name
        write_settings(folder / ".hydra", typed, config)
        songs = [Track(tmp_path / f"{draw}{split}.wav", "jazz", split=split) for split in ("train", "val", "test")]
        write_manifest(Catalogue(songs), folder / "manifest.csv")
        results_as(loss, **shown).write(folder)
        return folder

    return make


def results_as(loss, val=0.5, test=0.5, interval=(0.25, 0.75), refitted=False, folds=0, **facts):
    """The results of the kept run with other figures and facts; it took no seconds unless they are given."""
    known = read_results(KEPT)
    splits = splits_with(known.splits, loss, (1.0, val, test), interval)
    told = {name: fact for name, fact in known.facts.items() if name != "seconds"}
    told |= {"songs from": "SONGS", "split": "artist"} | facts
    if folds:
        del splits["val"]
        known = replace(known, first_fit=None, val_gap=None, folds=folds)
    return replace(known, splits=splits, refitted=refitted, facts=told)


@pytest.fixture
def finish_run(tmp_path):
    """Make the folder of a run with its settings of the split, what else was typed, and its results.

    `wrong` says of each test song, three an artist, whether it was judged wrongly; `songs` and `artists` are how many
    of each of the two genres it learnt from.
    """

    def make(wrong, split, *typed, songs=10, artists=5, shared_artists=(), unknown=0, interval=(0.5, 0.9), folds=0):
        name = "_".join([*(f"{key}={value}" for key, value in split.items()), *typed])
        folder = tmp_path / "sweep" / name
        (folder / ".hydra").mkdir(parents=True)
        settings = "".join(f"  {key}: {'null' if value is None else value}\n" for key, value in split.items())
        (folder / ".hydra" / "config.yaml").write_text(f"{SETTINGS}split:\n{settings}")
        lines = [*(f"split.{key}={value}" for key, value in split.items()), *typed]
        (folder / ".hydra" / "overrides.yaml").write_text("".join(f"- {line}\n" for line in lines))
        results = results_of(wrong, songs, artists, shared_artists, unknown, interval)
        if folds:
            splits = {part: replace(results.splits[part], unknown_artists=unknown) for part in ("learnt_from", "test")}
            results = replace(results, splits=splits, first_fit=None, val_gap=None, folds=folds)
        results.write(folder)
        write_songs(folder, wrong)
        return folder

    return make


def results_of(wrong, songs, artists, shared_artists, unknown, interval):
    figures = {"learnt_from": 1.0, "val": 0.8, "test": 1 - sum(wrong) / len(wrong)}
    counts = {"learnt_from": (2 * songs, 2 * artists, unknown), "val": (9, 3, 0), "test": (len(wrong), 5, 0)}
    splits = {
        split: SplitFigures(1.0, accuracy, 0.5, 0.5, 0.1, 1.2, 0.2, (0.0, 0.2), interval, interval, *counts[split], 0)
        for split, accuracy in figures.items()
    }
    genres = {genre: GenreFigures(9, 0.5, 0.5, 0.5) for genre in GENRES}
    known = made_up(baseline=0.4, shared_artists={"test": [*shared_artists]} if shared_artists else {})
    return replace(known, splits=splits, by_genre=genres)


def write_songs(folder, wrong):
    """manifest.csv and predictions.csv of the test songs."""
    tracks = [
        Track(Path(f"/songs/{number}.wav"), GENRES[number % 2], f"artist {number // 3}", split="test")
        for number in range(len(wrong))
    ]
    write_manifest(Catalogue(tracks), folder / "manifest.csv")
    lines = ["path,genre,split,predicted,jazz,rock"]
    for number, (track, is_wrong) in enumerate(zip(tracks, wrong, strict=True)):
        lines.append(f"{track.path.as_posix()},{track.genre},test,{GENRES[(number + is_wrong) % 2]},0.5,0.5")
    (folder / "predictions.csv").write_text("\n".join(lines) + "\n")
