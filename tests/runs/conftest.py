"""Finished runs of a sweep, written as training leaves them, without any training."""

from pathlib import Path

import pytest

from genre_lightning.data.catalogue import Catalogue, Track, write_manifest
from genre_lightning.runs.results import Figures, GenreFigures, Results, SplitFigures

GENRES = ("jazz", "rock")
SETTINGS = "model: {}\nfeatures: {}\ncache: {}\nloader: {}\nseed: 0\n"


@pytest.fixture
def finish_run(tmp_path):
    """Make the folder of a run with its settings of the split, what else was typed, and its results.

    `wrong` says of each test song, three an artist, whether it was judged wrongly; `songs` and `artists` are how many
    of each of the two genres it learnt from.
    """

    def make(wrong, split, *typed, songs=10, artists=5, shared_artists=(), unknown=0, interval=(0.5, 0.9)):
        name = "_".join([*(f"{key}={value}" for key, value in split.items()), *typed])
        folder = tmp_path / "sweep" / name
        (folder / ".hydra").mkdir(parents=True)
        settings = "".join(f"  {key}: {'null' if value is None else value}\n" for key, value in split.items())
        (folder / ".hydra" / "config.yaml").write_text(f"{SETTINGS}split:\n{settings}")
        lines = [*(f"split.{key}={value}" for key, value in split.items()), *typed]
        (folder / ".hydra" / "overrides.yaml").write_text("".join(f"- {line}\n" for line in lines))
        results_of(wrong, songs, artists, shared_artists, unknown, interval).write(folder)
        write_songs(folder, wrong)
        return folder

    return make


def results_of(wrong, songs, artists, shared_artists, unknown, interval):
    figures = {"learnt_from": 1.0, "val": 0.8, "test": 1 - sum(wrong) / len(wrong)}
    counts = {"learnt_from": (2 * songs, 2 * artists, unknown), "val": (9, 3, 0), "test": (len(wrong), 5, 0)}
    splits = {
        split: SplitFigures(1.0, accuracy, 0.5, 0.5, 0.1, 1.2, 0.2, (0.0, 0.2), interval, *counts[split], 0)
        for split, accuracy in figures.items()
    }
    genres = {genre: GenreFigures(9, 0.5, 0.5, 0.5) for genre in GENRES}
    baseline = {"test": Figures(1.0, 0.4, 0.3, 0.5, 0.1)}
    return Results(splits, False, baseline, (0.2, (0.0, 1.0)), genres, {}, {}, [*shared_artists], {})


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
