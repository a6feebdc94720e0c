"""Windows cut from the cache, a whole batch at a time, and the samplers that choose which."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from genre_lightning.cache import FeatureCache, Song

Window = tuple[int, int]
# A window that only fills up a batch, so that every device of several has the same number of batches. Its song counts
# as the last one while it is read, and SongScores drops it.
PADDING: Window = (-1, 0)


class Batch(NamedTuple):
    """Windows and what is known of them.

    features: `(batch, frames, n_features)`, of the cache's type; target: `(batch, n_genres)`, the share of each genre,
    1 for the song's own until mixup blends songs; song: `(batch,)`, the song's place in its split, -1 for PADDING.
    """

    features: Tensor
    target: Tensor
    song: Tensor


class WindowDataset(Dataset[Batch]):
    """Windows of `n_frames` frames out of `songs`; `genres` holds each song's genre index."""

    def __init__(
        self, cache: FeatureCache, songs: Sequence[Song], genres: Sequence[int], n_frames: int, n_genres: int
    ) -> None:
        self.cache, self.songs, self.n_frames = cache, songs, n_frames
        self.genres = torch.tensor(genres)
        self.targets = torch.eye(n_genres)[self.genres]

    def __len__(self) -> int:
        return len(self.songs)

    def __getitems__(self, windows: Sequence[Window]) -> Batch:
        n_features = self.cache.features.n_features
        features = torch.empty(len(windows), self.n_frames, n_features, dtype=getattr(torch, self.cache.dtype))
        for into, (song, start) in zip(features.numpy(), windows, strict=True):
            frames = self.cache.frames(self.songs[song])
            enough = len(frames) >= self.n_frames
            into[:] = frames[start : start + self.n_frames] if enough else repeated(frames, start, self.n_frames)
        song = torch.tensor([song for song, _ in windows])
        return Batch(features, self.targets[song], song)


def repeated(frames: np.ndarray, start: int, n_frames: int) -> np.ndarray:
    """A clip shorter than a window, from `start` on, over and over until it fills the window."""
    return frames[(start + np.arange(n_frames)) % len(frames)]


class RandomWindows(Sampler[list[Window]]):
    """Batches of windows at random places: `windows_per_song` of every song in an epoch, in random order.

    With `balanced`, songs are drawn so that every genre comes up equally often. The epoch's number and the seed fix
    all of it, whatever ran before; each of `world_size` devices takes its own part of the same order.
    """

    def __init__(
        self, dataset: WindowDataset, batch_size: int, windows_per_song: int, balanced: bool, seed: int,
        rank: int = 0, world_size: int = 1,
    ) -> None:  # fmt: skip
        self.dataset, self.batch_size, self.windows_per_song = dataset, batch_size, windows_per_song
        self.balanced, self.seed, self.rank, self.world_size = balanced, seed, rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer at the start of every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        windows = len(self.dataset) * self.windows_per_song // self.world_size
        return max(1, windows // self.batch_size)

    def __iter__(self) -> Iterator[list[Window]]:
        chance = np.random.default_rng((self.seed, self.epoch))
        songs = self.draw_songs(chance)
        places = chance.random(len(songs))
        windows = [(int(song), self.start(song, place)) for song, place in zip(songs, places, strict=True)]
        mine = windows[self.rank :: self.world_size]
        for number in range(len(self)):
            yield mine[number * self.batch_size : (number + 1) * self.batch_size]

    def draw_songs(self, chance: np.random.Generator) -> np.ndarray:
        """The songs of an epoch's windows, in order."""
        count = len(self.dataset)
        if not self.balanced:
            return np.concatenate([chance.permutation(count) for _ in range(self.windows_per_song)])
        genres = self.dataset.genres.numpy()
        weights = 1 / np.bincount(genres)[genres]
        return chance.choice(count, count * self.windows_per_song, p=weights / weights.sum())

    def start(self, song: int, place: float) -> int:
        """The first frame of a window, `place` of the way from the first possible one to the last."""
        n_frames, window = self.dataset.songs[song].n_frames, self.dataset.n_frames
        return int(place * (n_frames - window + 1 if n_frames >= window else n_frames))


class RegularWindows(Sampler[list[Window]]):
    """Batches of windows that cover every song from beginning to end, neighbours sharing the part `overlap`."""

    def __init__(
        self, dataset: WindowDataset, batch_size: int, overlap: float, rank: int = 0, world_size: int = 1
    ) -> None:
        self.batch_size = batch_size
        step = max(1, round(dataset.n_frames * (1 - overlap)))
        windows = [
            (number, start)
            for number, song in enumerate(dataset.songs)
            for start in regular_starts(song.n_frames, dataset.n_frames, step)
        ]
        windows += [PADDING] * (-len(windows) % world_size)
        self.windows = windows[rank::world_size]

    def __len__(self) -> int:
        return math.ceil(len(self.windows) / self.batch_size)

    def __iter__(self) -> Iterator[list[Window]]:
        for first in range(0, len(self.windows), self.batch_size):
            yield self.windows[first : first + self.batch_size]


def regular_starts(n_frames: int, window: int, step: int) -> list[int]:
    """First frames of windows at most `step` apart, evenly spaced, the first at the beginning, the last at the end."""
    room = max(0, n_frames - window)
    count = math.ceil(room / step) + 1
    return [round(start) for start in np.linspace(0, room, count)]
