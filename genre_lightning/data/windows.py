"""Windows cut from the cache, a whole batch at a time, and the samplers that choose which."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.stored import Numbers

Windows = npt.NDArray[np.int64]  # `(windows, 2)`: the index of each one's song in its split, and its first frame
# A window that only fills up a batch, so that every device of several has the same number of batches. Index -1
# reads the last song, and SongScores drops what has a negative song.
PADDING = (-1, 0)
SONGS_AT_ONCE = 65536  # of which the statistics are read


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
    """Windows of `n_frames` frames out of `songs`, by their numbers in the cache.

    `genres` holds each one's genre index, and `lengths` its frames: `(songs,)`.
    """

    def __init__(
        self, cache: FeatureCache, songs: Numbers, genres: npt.ArrayLike, n_frames: int, n_genres: int
    ) -> None:
        self.cache, self.songs, self.n_frames = cache, songs, n_frames
        self.genres, self.targets = torch.as_tensor(np.asarray(genres, np.int64)), torch.eye(n_genres)
        self.shards, self.starts = cache.shard[songs], cache.rows["start"][songs]
        self.lengths = cache.rows["n_frames"][songs].astype(np.int64)
        self.dtype = getattr(torch, cache.dtype)

    def __len__(self) -> int:
        return len(self.songs)

    def sample(self, n_songs: int) -> "WindowDataset":
        """So many of its songs, of each genre in proportion; always the same ones."""
        places = (torch.arange(n_songs) + 0.5) * len(self) / n_songs
        chosen = self.genres.argsort(stable=True)[places.long()].numpy()
        return WindowDataset(self.cache, self.songs[chosen], self.genres[chosen], self.n_frames, len(self.targets))

    def statistics(self) -> Statistics:
        """Statistics of its songs."""
        parts = range(0, len(self), SONGS_AT_ONCE)
        of_parts = [self.moments(slice(first, first + SONGS_AT_ONCE)) for first in parts]
        mean, variance = pooled(*(np.stack(of) for of in zip(*of_parts, strict=True)))
        floor = max(1e-3 * math.sqrt(variance.max()), 1e-6)  # a band that never sounds must not be blown up
        std = torch.from_numpy(np.sqrt(variance)).clamp(min=floor)
        counts = torch.bincount(self.genres, minlength=len(self.targets))
        return Statistics(torch.from_numpy(mean).float(), std.float(), counts.sum() / (len(counts) * counts))

    def moments(self, part: slice) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
        """Mean and variance of each feature over the frames of some of its songs, `(n_features,)` each; how many."""
        stats, lengths = self.cache.stats_of(self.songs[part]).astype(float), self.lengths[part]
        return *pooled(stats[:, 0], stats[:, 1] ** 2, lengths), lengths.sum()

    def __getitems__(self, windows: Windows | Sequence[tuple[int, int]]) -> Batch:
        windows, n_frames = np.asarray(windows, np.int64), self.n_frames
        features = torch.empty(len(windows), n_frames, self.cache.features.n_features, dtype=self.dtype)
        songs, starts = windows.T.copy()
        shards, begins = self.shards[songs].tolist(), self.starts[songs]
        arrays = {shard: self.cache.array(shard, "features") for shard in {*shards}}
        places = (column.tolist() for column in (begins, begins + self.lengths[songs], starts))
        for into, shard, begin, end, start in zip(features.numpy(), shards, *places, strict=True):
            into[:] = cut(arrays[shard][begin:end], start, n_frames)
        song = torch.from_numpy(songs)
        return Batch(features, self.targets[self.genres[song]], song)


def pooled(
    means: npt.NDArray[Any], variances: npt.NDArray[Any], weights: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Mean and variance over parts, `(n_features,)`, from those of each part, `(parts, n_features)`."""
    mean = np.average(means, axis=0, weights=weights)
    return mean, np.average(variances + (means - mean) ** 2, axis=0, weights=weights)


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
        n_frames = self.dataset.lengths[songs]
        room = np.where(n_frames >= self.dataset.n_frames, n_frames - self.dataset.n_frames + 1, n_frames)
        return rng.integers(0, room)


class RegularWindows(Sampler[Any]):
    """Batches of windows that cover every song from beginning to end, neighbours sharing the part `overlap`."""

    def __init__(
        self, dataset: WindowDataset, batch_size: int, overlap: float, rank: int = 0, world_size: int = 1
    ) -> None:
        self.dataset, self.batch_size, self.rank, self.world_size = dataset, batch_size, rank, world_size
        self.counts = count_windows(dataset.lengths, dataset.n_frames, overlap)  # of each song
        self.ends = self.counts.cumsum()

    @property
    def n_windows(self) -> int:
        """How many there are for this device, with padding."""
        return -(-int(self.ends[-1]) // self.world_size)

    def __len__(self) -> int:
        return math.ceil(self.n_windows / self.batch_size)

    def __iter__(self) -> Iterator[Windows]:
        for first in range(0, self.n_windows, self.batch_size):
            numbers = np.arange(first, min(first + self.batch_size, self.n_windows))
            yield self.windows(numbers * self.world_size + self.rank)

    def windows(self, numbers: Numbers) -> Windows:
        """Some windows by their numbers among all, made when they are wanted: they are many more than songs."""
        songs = np.searchsorted(self.ends, numbers[numbers < self.ends[-1]], side="right")
        counts = self.counts[songs]
        within = numbers[: len(songs)] - (self.ends[songs] - counts)
        starts = place_windows(within, counts, self.dataset.lengths[songs], self.dataset.n_frames)
        padding = np.tile(PADDING, (len(numbers) - len(songs), 1))
        return np.concatenate([np.stack([songs, starts], axis=1), padding])


def count_windows(n_frames: Numbers, window: int, overlap: float) -> Numbers:
    """How many windows cover songs of so many frames, neighbours sharing at least the part `overlap`."""
    step = max(1, round(window * (1 - overlap)))
    return np.ceil(np.maximum(0, n_frames - window) / step).astype(np.int64) + 1


def place_windows(numbers: Numbers, counts: Numbers, n_frames: Numbers, window: int) -> Numbers:
    """The first frame of a window, the first of which is 0, of `counts` that cover a song of so many frames.

    They are evenly spaced, the first at the beginning, the last at the end.
    """
    room = np.maximum(0, n_frames - window)
    return np.where(numbers == counts - 1, room, np.rint(numbers * (room / np.maximum(1, counts - 1)))).astype(np.int64)


def regular_starts(n_frames: int, window: int, overlap: float) -> list[int]:
    """First frames of windows that cover a song: `place_windows`."""
    count = count_windows(np.array(n_frames), window, overlap)
    return place_windows(np.arange(int(count)), count, np.array(n_frames), window).tolist()
