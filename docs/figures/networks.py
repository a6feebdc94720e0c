"""Train the networks of the theory, and store what its pictures and figures need: python -m docs.figures.networks.

Four networks on each of three splits of the composed songs by artist, in a temporary folder; or in the one that is
named behind the command, where it goes on if it was interrupted.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from docs.figures import maps, recurrent
from docs.figures.neighbours import neighbours, told
from docs.figures.stored import NETWORKS, SPLIT_SEEDS, STORED, Arrays
from genre_lightning.data.catalogue import SPLITS, Track
from genre_lightning.files import write_whole
from genre_lightning.runs.run import Run, finished_runs

if TYPE_CHECKING:
    from genre_lightning.embed.embedder import SongMeans

TRAIN = Path(__file__).parents[2] / "train.py"
# What is typed for each sweep. First fits, so that songs of validation and of test are both unheard.
SWEEPS = {"networks": ["model=mlp,cnn,lstm"], "frames": ["model=lstm", "convolutions=[]"]}
Runs = dict[tuple[str, int], Run]  # by the network, one of NETWORKS, and its split


def main(folder: Path) -> None:
    """Train what is not trained yet, store what is needed of it, and print the table of neighbours."""
    seeds = ",".join(map(str, SPLIT_SEEDS))
    for name, typed in SWEEPS.items():
        command = [str(TRAIN), "-m", *typed, f"split.seed={seeds}", "refit=false", f"hydra.sweep.dir={name}"]
        subprocess.run([sys.executable, *command], cwd=folder, check=True)
    arrays = collect({identity(run): run for run in map(Run, finished_runs(folder))})
    write_whole(STORED, lambda file: np.savez_compressed(file, allow_pickle=False, **arrays))
    print(told(arrays))


def identity(run: Run) -> tuple[str, int]:
    """Which network it is, and on which split."""
    kind, settings = run.checkpoint["model"].rpartition(".")[2].lower(), run.checkpoint["hyper_parameters"]
    return "frames" if settings.get("channels") == [] else kind, run.config.split.seed


def collect(runs: Runs) -> Arrays:
    """All that is stored, of all networks on all splits."""
    first = runs["frames", SPLIT_SEEDS[0]]
    tracks = sorted(first.catalogue, key=lambda track: track.path)
    split = np.array([splits(runs["mlp", seed], tracks) for seed in SPLIT_SEEDS], np.int8)
    arrays = {"split": split} | known(tracks, first.catalogue.genres) | statistics(first, tracks)
    vectors = {name: [arrays[name]] * len(split) for name in ("mfcc", "logmel")}
    probabilities = {}
    for name in NETWORKS:
        made = [embedded(runs[name, seed], tracks) for seed in SPLIT_SEEDS]
        vectors[name] = [songs.vectors.astype(np.float16) for songs in made]  # measured as they are stored
        probabilities[name] = [songs.probabilities for songs in made]
        arrays[name] = vectors[name][0]
    arrays["accuracy"] = np.array([accuracies(probabilities[name], arrays) for name in NETWORKS], np.float32)
    arrays["neighbours"] = neighbours(vectors, split)
    return arrays | recurrent.watched(first, tracks) | maps.projected(arrays)


def splits(run: Run, tracks: Sequence[Track]) -> list[int]:
    """The split of each song in a run, as a number of SPLITS."""
    found = {track.path: SPLITS.index(track.split) for track in run.catalogue}
    return [found[track.path] for track in tracks]


def known(tracks: Sequence[Track], genres: Sequence[str]) -> Arrays:
    """The songs' genres and artists, by number."""
    artists = sorted({track.artist for track in tracks})
    genre, artist = [genres.index(track.genre) for track in tracks], [artists.index(track.artist) for track in tracks]
    return {"genres": np.array(genres), "genre": np.array(genre, np.int8), "artist": np.array(artist, np.int8)}


def statistics(run: Run, tracks: Sequence[Track]) -> Arrays:
    """Each feature's mean and standard deviation over songs: of 20 MFCC, computed now, and of log-mel bands."""
    from genre_lightning.data.cache import FeatureCache
    from genre_lightning.features.mel import MFCC

    caches, found = {"mfcc": FeatureCache(run.cache.root, MFCC(n_mfcc=20)), "logmel": run.cache}, {}
    for name, cache in caches.items():
        cache.build([track.path for track in tracks])
        songs = [song for track in tracks if (song := cache.find(track.path))]
        found[name] = np.array([cache.stats(song).ravel() for song in songs], np.float16)
    return found


def embedded(run: Run, tracks: Sequence[Track]) -> "SongMeans":
    """What a network makes of songs, as embed.py has it."""
    from genre_lightning.embed.embedder import embed_songs, predicting_trainer

    songs = [song for track in tracks if (song := run.cache.find(track.path))]
    return embed_songs(run, songs, predicting_trainer(accelerator="cpu", devices=1))


def accuracies(probabilities: Sequence[np.ndarray], arrays: Arrays) -> list[list[float]]:
    """The part of the songs of train, val and test that a network gets right, of each split."""
    right = [made.argmax(axis=1) == arrays["genre"] for made in probabilities]
    parts = range(len(SPLITS))
    return [
        [songs[split == part].mean() for part in parts] for songs, split in zip(right, arrays["split"], strict=True)
    ]


if __name__ == "__main__":
    with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).absolute())
