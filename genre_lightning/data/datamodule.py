"""GenreDataModule: from the songs that take part to batches on the device."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader

from genre_lightning.data.augment import Augment
from genre_lightning.data.cache import CachedSong, FeatureCache
from genre_lightning.data.catalogue import SPLITS, Catalogue
from genre_lightning.data.windows import Batch, RandomWindows, RegularWindows, WindowDataset
from genre_lightning.errors import UserError

LEAST_WINDOWS = 300  # in an epoch: a network learns from few songs too, if it sees enough of each


class WindowModule(LightningDataModule):
    """What data modules share: loaders of windows, each device its own part, and batches in float32."""

    num_workers: int

    def loader(self, dataset: WindowDataset, windows: RandomWindows | RegularWindows) -> DataLoader[Batch]:
        """A DataLoader whose batches the dataset makes in one go."""
        on_gpu = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        return DataLoader(
            dataset, batch_sampler=windows, collate_fn=as_is, num_workers=self.num_workers, pin_memory=on_gpu,
            persistent_workers=self.num_workers > 0,
            generator=torch.Generator(),  # or it draws from the chance that a resumed run has to repeat
        )  # fmt: skip

    def ranks(self) -> tuple[int, int]:
        """The number of this device, and how many there are."""
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Turn the cache's numbers into float32, on the device."""
        return batch._replace(features=batch.features.float())


class WholeSongs(WindowModule):
    """Serves every window of `songs` to be looked at once, whatever their genres: regular ones of `n_frames` frames."""

    def __init__(
        self, cache: FeatureCache, songs: Sequence[CachedSong], n_frames: int, batch_size: int, overlap: float,
        num_workers: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.dataset = WindowDataset(cache, songs, [0] * len(songs), n_frames, n_genres=1)
        self.batch_size, self.overlap, self.num_workers = batch_size, overlap, num_workers

    def predict_dataloader(self) -> DataLoader[Batch]:
        windows = RegularWindows(self.dataset, self.batch_size, self.overlap, *self.ranks())
        return self.loader(self.dataset, windows)


class GenreDataModule(WindowModule):
    """Serves windows `(batch, frames, n_features)`: at random places of the songs in training, regular ones else.

    `catalogue` has a side for every song, and `cache` its features. `window_seconds` of sound make a window, or the
    longest training song where that is shorter; an epoch has `windows_per_song` of every training song (None: so many
    that there are LEAST_WINDOWS), or with `balanced` as many of every genre; the windows whose probabilities are
    averaged overlap by the part `overlap`. The same `seed` gives the same batches.
    """

    def __init__(
        self, catalogue: Catalogue, cache: FeatureCache, augments: Sequence[Augment] = (), *,
        window_seconds: float = 2.0, batch_size: int = 16, windows_per_song: int | None = None, overlap: float = 0.5,
        balanced: bool = False, num_workers: int = 0, seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.catalogue, self.cache, self.genres = catalogue, cache, catalogue.genres
        self.augments = torch.nn.ModuleList(augments)
        songs = len(catalogue.of_split("train"))
        self.windows_per_song = math.ceil(LEAST_WINDOWS / songs) if windows_per_song is None else windows_per_song
        self.batch_size, self.overlap, self.balanced = batch_size, overlap, balanced
        self.num_workers, self.seed = num_workers, seed
        self.songs = {split: self.cached_songs(split) for split in SPLITS}
        longest = max(song.n_frames for song in self.songs["train"])
        self.n_frames = min(cache.features.frames_in(window_seconds), longest)
        self.datasets = {split: self.dataset(split) for split in SPLITS}

    def cached_songs(self, split: str) -> list[CachedSong]:
        """The songs of one side. Raises UserError where the cache does not have them."""
        tracks = self.catalogue.of_split(split)
        songs = [song for track in tracks if (song := self.cache.find(track.path))]
        if len(songs) != len(tracks):
            raise UserError("data: songs have changed while they were read; run again")
        return songs

    def dataset(self, split: str) -> WindowDataset:
        """The windows of one side."""
        genres = [self.genres.index(track.genre) for track in self.catalogue.of_split(split)]
        return WindowDataset(self.cache, self.songs[split], genres, self.n_frames, len(self.genres))

    @property
    def window_shape(self) -> tuple[int, int]:
        """`(frames, n_features)` of every window."""
        return self.n_frames, self.cache.features.n_features

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each feature over all frames of the training songs: `(n_features,)` each."""
        songs = self.songs["train"]
        means, stds = np.stack([self.cache.stats(song) for song in songs], axis=1).astype(np.float64)
        weights = np.array([song.n_frames for song in songs])
        mean = np.average(means, axis=0, weights=weights)
        variance = np.average(stds**2 + (means - mean) ** 2, axis=0, weights=weights)
        floor = 1e-3 * np.sqrt(variance.max())  # a band that never sounds must not be blown up
        return torch.from_numpy(mean).float(), torch.from_numpy(np.sqrt(variance)).clamp(min=max(floor, 1e-6)).float()

    def class_weights(self) -> list[float]:
        """What makes every genre weigh the same in the loss: `n_genres` numbers with mean 1 over the training songs."""
        counts = torch.bincount(self.datasets["train"].genres, minlength=len(self.genres))
        return (counts.sum() / (len(counts) * counts)).tolist()

    def train_dataloader(self) -> DataLoader[Batch]:
        dataset = self.datasets["train"]
        how = dataset, self.batch_size, self.windows_per_song, self.balanced, self.seed
        return self.loader(dataset, RandomWindows(*how, *self.ranks()))

    def val_dataloader(self) -> DataLoader[Batch]:
        return self.regular_loader("val", *self.ranks())

    def regular_loader(self, split: str, rank: int = 0, world_size: int = 1) -> DataLoader[Batch]:
        """Every song of a side from beginning to end."""
        dataset = self.datasets[split]
        return self.loader(dataset, RegularWindows(dataset, self.batch_size, self.overlap, rank, world_size))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Turn the cache's numbers into float32 and, in training, apply the augmentations, on the device."""
        features, target, song = super().on_after_batch_transfer(batch, dataloader_idx)
        if self.trainer is not None and self.trainer.training:
            for augment in self.augments.to(features.device):
                features, target = augment(features, target)
        return Batch(features, target, song)


def as_is(batch: Any) -> Any:
    """What the dataset made is the batch already."""
    return batch
