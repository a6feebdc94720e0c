"""Finished runs whose models were told which test songs to get wrong."""

import json

import torch

from genre_lightning.data.catalogue import SPLITS, Catalogue, Track, write_manifest
from genre_lightning.metrics import ScoredSongs, song_metrics
from genre_lightning.runs.predictions import write_predictions
from genre_lightning.runs.results import METRICS
from genre_lightning.train.evaluation import parts

GENRES = ("jazz", "rock")


def listed(root, songs_of_artist=3, unknown=0):
    """Two training songs, two of validation, and 30 test songs by artists of several songs or, the last, of none."""
    songs = [Track(root / f"{split}{n}.wav", GENRES[n], split, split=split) for split in SPLITS[:2] for n in (0, 1)]
    for n in range(30):
        number = n // songs_of_artist
        artist = "" if n >= 30 - unknown else f"artist {number}"
        songs.append(Track(root / f"test{n}.wav", GENRES[number % 2], artist, split="test"))
    return songs


def judged(tracks, wrong=()):
    """What a model says of songs that takes some of them for the other genre."""
    genres = torch.tensor([GENRES.index(track.genre) for track in tracks])
    taken = torch.tensor([1 - genre if n in wrong else genre for n, genre in enumerate(genres)])
    return ScoredSongs(torch.arange(len(genres)), 2 * torch.eye(2)[taken], genres)


def finish_judged(folder, run, wrong=(), tracks=None):
    """Make a folder like that of `run`, whose model judges some of the test songs beside it wrongly; returns it."""
    catalogue = Catalogue(tracks or listed(folder.parent))
    folder.mkdir()
    scored = {split: judged(catalogue.of_split(split), wrong if split == "test" else ()) for split in SPLITS}
    scored["learnt_from"] = scored.pop("train")
    results = json.loads((run / METRICS).read_text(encoding="utf-8"))
    results["test"] |= song_metrics(scored["test"])
    results["run"]["split"] = "artist"
    (folder / METRICS).write_text(json.dumps(results), encoding="utf-8")
    write_manifest(catalogue, folder / "manifest.csv")
    write_predictions(folder, catalogue, scored, parts(("train",)))
    return folder
