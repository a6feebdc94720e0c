"""Batches of windows on the device: what data modules share, and the one that predicts."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader

from genre_lightning.data.cache import CachedSong, FeatureCache
from genre_lightning.data.windows import Batch, RegularWindows, WindowDataset


class WindowModule(LightningDataModule):
    """What data modules share: loaders of windows, each device its own part, and batches in float32."""

    num_workers: int

    def loader(self, dataset: WindowDataset, windows: Iterable[Any]) -> DataLoader[Batch]:
        """A DataLoader whose batches the dataset makes in one go."""
        on_gpu = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        return DataLoader(
            dataset, batch_sampler=windows, collate_fn=as_is, num_workers=self.num_workers, pin_memory=on_gpu,
            persistent_workers=self.num_workers > 0,
            generator=torch.Generator(),  # or it uses global random numbers, and a resumed run differs
        )  # fmt: skip

    def ranks(self) -> tuple[int, int]:
        """The number of this device, and how many there are."""
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Turn the cache's numbers into float32, on the device."""
        return batch._replace(features=batch.features.float())


class WholeSongs(WindowModule):
    """Regular windows of `n_frames` frames that cover `songs`, for prediction; genres play no part."""

    def __init__(
        self, cache: FeatureCache, songs: Sequence[CachedSong], n_frames: int, batch_size: int, overlap: float,
        num_workers: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        numbers = np.array([song.number for song in songs], np.int64)
        self.dataset = WindowDataset(cache, numbers, np.zeros_like(numbers), n_frames, n_genres=1)
        self.batch_size, self.overlap, self.num_workers = batch_size, overlap, num_workers

    def predict_dataloader(self) -> DataLoader[Batch]:
        windows = RegularWindows(self.dataset, self.batch_size, self.overlap, *self.ranks())
        return self.loader(self.dataset, windows)


def as_is(batch: Any) -> Any:
    """What the dataset made is the batch already."""
    return batch
