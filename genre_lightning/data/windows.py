"""Windows cut from the cache, a whole batch at a time, and the samplers that choose which."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from genre_lightning.data.cache import CachedSong, FeatureCache

Windows = npt.NDArray[np.int64]  # `(windows, 2)`: the index of each one's song in its split, and its first frame
# A window that only fills up a batch, so that every device of several has the same number of batches. Index -1
# reads the last song, and SongScores drops what has a negative song.
PADDING = (-1, 0)


class Batch(NamedTuple):
    """Windows and what is known of them.

    features: `(batch, frames, n_features)`, of the cache's type; target: `(batch, n_genres)`, each genre's
    probability, 1 for the song's own until mixup blends songs; song: `(batch,)`, the song's index in its split, -1 for
    PADDING.
    """

    features: Tensor
    target: Tensor
    song: Tensor


class Statistics(NamedTuple):
    """What a new model needs to know of the songs it learns from.

    mean, std: of each feature over all frames, `(n_features,)`; class_weights: what makes every genre weigh the same in
    the loss, `(n_genres,)`, with mean 1 over the songs.
    """

    mean: Tensor
    std: Tensor
    class_weights: Tensor


class WindowDataset(Dataset[Batch]):
    """Windows of `n_frames` frames out of `songs`; `genres` holds each song's genre index."""

    def __init__(
        self, cache: FeatureCache, songs: Sequence[CachedSong], genres: Sequence[int], n_frames: int, n_genres: int
    ) -> None:
        self.cache, self.songs, self.n_frames = cache, songs, n_frames
        self.genres = torch.tensor(genres)
        self.targets = torch.eye(n_genres)[self.genres]
        self.dtype = getattr(torch, cache.dtype)

    def __getstate__(self) -> dict[str, Any]:
        """Drop the memory maps: a worker process opens its own."""
        return {name: value for name, value in self.__dict__.items() if name != "frames"}

    def __len__(self) -> int:
        return len(self.songs)

    def sample(self, n_songs: int) -> "WindowDataset":
        """So many of its songs, of each genre in proportion; always the same ones."""
        places = (torch.arange(n_songs) + 0.5) * len(self) / n_songs
        chosen = self.genres.argsort(stable=True)[places.long()]
        songs, genres = [self.songs[song] for song in chosen.tolist()], self.genres[chosen].tolist()
        return WindowDataset(self.cache, songs, genres, self.n_frames, self.targets.shape[1])

    def statistics(self) -> Statistics:
        """Statistics of its songs."""
        means, stds = np.stack([self.cache.stats(song) for song in self.songs], axis=1).astype(float)
        weights = np.array([song.n_frames for song in self.songs])
        mean = np.average(means, axis=0, weights=weights)
        variance = np.average(stds**2 + (means - mean) ** 2, axis=0, weights=weights)
        floor = max(1e-3 * math.sqrt(variance.max()), 1e-6)  # a band that never sounds must not be blown up
        std = torch.from_numpy(np.sqrt(variance)).clamp(min=floor)
        counts = torch.bincount(self.genres, minlength=self.targets.shape[1])
        return Statistics(torch.from_numpy(mean).float(), std.float(), counts.sum() / (len(counts) * counts))

    @cached_property
    def frames(self) -> list[npt.NDArray[Any]]:
        """The features of every song, `(n_frames, n_features)` each: views of the mapped cache, read where touched."""
        return [self.cache.frames(song) for song in self.songs]

    def __getitems__(self, windows: Windows | Sequence[tuple[int, int]]) -> Batch:
        windows, n_frames, songs = np.asarray(windows, np.int64), self.n_frames, self.frames
        features = torch.empty(len(windows), n_frames, self.cache.features.n_features, dtype=self.dtype)
        for into, (song, start) in zip(features.numpy(), windows.tolist(), strict=True):
            into[:] = cut(songs[song], start, n_frames)
        song = torch.from_numpy(windows[:, 0].copy())
        return Batch(features, self.targets[song], song)


def cut(frames: np.ndarray, start: int, n_frames: int) -> np.ndarray:
    """The window of `n_frames` that begins at `start`; a clip shorter than that comes again until it is full."""
    if len(frames) >= n_frames:
        return frames[start : start + n_frames]
    return frames[(start + np.arange(n_frames)) % len(frames)]


class RandomWindows(Sampler[Any]):
    """Batches of windows at random places: on average `windows_per_song` of every song in an epoch, in random order.

    With `balanced`, songs are drawn so that every genre comes up equally often. The epoch's number and the seed fix
    all of it, no matter what ran before; each of `world_size` devices takes its own part of the same order.
    """

    def __init__(
        self, dataset: WindowDataset, batch_size: int, windows_per_song: float, balanced: bool, seed: int,
        rank: int = 0, world_size: int = 1,
    ) -> None:  # fmt: skip
        self.dataset, self.batch_size, self.windows_per_song = dataset, batch_size, windows_per_song
        self.balanced, self.seed, self.rank, self.world_size = balanced, seed, rank, world_size
        self.epoch = 0

    @property
    def sampler(self) -> "RandomWindows":
        """Where the Trainer looks for `set_epoch`: it expects a batch sampler to have another sampler inside."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer at the start of every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        windows = round(len(self.dataset) * self.windows_per_song) // self.world_size
        return max(1, windows // self.batch_size)

    def __iter__(self) -> Iterator[Windows]:
        rng = np.random.default_rng((self.seed, self.epoch))
        songs = self.draw_songs(rng)[self.rank :: self.world_size]
        windows = np.stack([songs, self.draw_starts(songs, rng)], axis=1)  # (windows, 2)
        for first in range(0, len(self) * self.batch_size, self.batch_size):
            yield windows[first : first + self.batch_size]

    def draw_songs(self, rng: np.random.Generator) -> np.ndarray:
        """The songs of an epoch's windows, in order."""
        count = len(self.dataset)
        windows = round(count * self.windows_per_song)
        if not self.balanced:
            return np.concatenate([rng.permutation(count) for _ in range(math.ceil(windows / count))])[:windows]
        genres = self.dataset.genres.numpy()
        weights = 1 / np.bincount(genres)[genres]
        return rng.choice(count, windows, p=weights / weights.sum())

    def draw_starts(self, songs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The first frame of a window of each song; anywhere in a clip that is shorter than a window."""
        n_frames = np.array([song.n_frames for song in self.dataset.songs])[songs]
        room = np.where(n_frames >= self.dataset.n_frames, n_frames - self.dataset.n_frames + 1, n_frames)
        return rng.integers(0, room)


class RegularWindows(Sampler[Any]):
    """Batches of windows that cover every song from beginning to end, neighbours sharing the part `overlap`."""

    def __init__(
        self, dataset: WindowDataset, batch_size: int, overlap: float, rank: int = 0, world_size: int = 1
    ) -> None:
        self.batch_size = batch_size
        starts = [regular_starts(song.n_frames, dataset.n_frames, overlap) for song in dataset.songs]
        songs = np.repeat(np.arange(len(starts)), [len(of_song) for of_song in starts])
        windows = np.stack([songs, np.concatenate(starts)], axis=1)
        padding = np.tile(PADDING, (-len(windows) % world_size, 1))
        windows = np.concatenate([windows, padding])
        self.windows = windows[rank::world_size]

    def __len__(self) -> int:
        return math.ceil(len(self.windows) / self.batch_size)

    def __iter__(self) -> Iterator[Windows]:
        for first in range(0, len(self.windows), self.batch_size):
            yield self.windows[first : first + self.batch_size]


def regular_starts(n_frames: int, window: int, overlap: float) -> list[int]:
    """First frames of windows that cover a song, neighbours sharing at least the part `overlap`.

    They are evenly spaced, the first at the beginning, the last at the end.
    """
    room, step = max(0, n_frames - window), max(1, round(window * (1 - overlap)))
    count = math.ceil(room / step) + 1
    return [round(start) for start in np.linspace(0, room, count)]
