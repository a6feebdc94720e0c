"""From the windows that a network reads to one vector per song."""

import logging
import sys
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning import LightningModule, Trainer
from torch import Tensor, nn

from genre_lightning.data.cache import CachedSong
from genre_lightning.data.loading import WholeSongs
from genre_lightning.data.windows import Batch
from genre_lightning.devices import without_harmless_warnings
from genre_lightning.errors import UserError
from genre_lightning.launched import check_launched
from genre_lightning.models.base import GenreClassifier
from genre_lightning.runs.checkpoint import widest
from genre_lightning.runs.run import Run

WINDOWS_A_BATCH = 32  # or fewer, if the network makes more than MOST_VALUES of them: 2 GB
MOST_VALUES = 2**29


class SongMeans(NamedTuple):
    """What a model makes of songs; both arrays are float32.

    vectors: `(songs, embedding)`, the mean of each song's windows; probabilities: `(songs, n_genres)`, the softmax of
    the mean logits of its windows.
    """

    vectors: np.ndarray
    probabilities: np.ndarray


def predicting_trainer(**settings: Any) -> Trainer:
    """A Trainer with the given settings that only predicts: it writes no files, and shows a bar only in a terminal.

    Raises UserError if a launcher has started another number of processes.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": sys.stdout.isatty()}
    trainer = Trainer(**settings | quiet)
    check_launched(trainer.num_devices, trainer.num_nodes)
    return trainer


def embed_songs(run: Run, songs: Sequence[CachedSong], trainer: Trainer) -> SongMeans:
    """Run every window of songs in the run's cache through its model, on all devices of the trainer.

    The windows are those of the run's validation: as long, and with the same overlap. How many are worked on at a time
    is not asked of the run, which may be somebody else's. Raises UserError if it says what is no number.
    """
    of_window = widest(run.model.state_dict().values()) * prod(run.spec.window_shape)
    at_once = max(1, min(WINDOWS_A_BATCH, MOST_VALUES // of_window))
    data = WholeSongs(run.cache, songs, run.spec.window_shape[0], at_once, run.spec.overlap)
    embedder = SongEmbedder(run.model, len(songs))
    with without_harmless_warnings():
        try:
            trainer.predict(embedder, data, return_predictions=False)
        except SystemExit:  # which Lightning raises on Ctrl-C
            raise KeyboardInterrupt from None
    means = SongMeans(embedder.vectors.cpu().numpy(), embedder.probabilities.cpu().numpy())
    if not all(np.isfinite(column).all() for column in means):
        raise UserError(f"the model of {run.folder} says of songs what is no number (NaN, or infinite); train again")
    return means


class SongEmbedder(LightningModule):
    """Averages a network's embeddings and logits over each song's windows, across batches and devices.

    After `Trainer.predict` over the windows of `n_songs` songs, `vectors` and `probabilities` are known on all devices.
    """

    totals: Tensor

    def __init__(self, network: GenreClassifier, n_songs: int) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # convolutions are 1.6 times as fast on a CPU
        n_genres, embedding = network.head.weight.shape
        # Sums over windows, and in the last column the number of windows
        self.totals = nn.Buffer(torch.zeros(n_songs, embedding + n_genres + 1), persistent=False)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Add a batch of windows to the totals; returns what was added."""
        embedding = self.network.embed(batch.features)  # (batch, embedding)
        logits = self.network.head(embedding).float()  # (batch, n_genres)
        windows = torch.cat([embedding.float(), logits, torch.ones_like(logits[:, :1])], dim=1)
        real = batch.song >= 0  # the others only fill the batch
        self.totals.index_add_(0, batch.song[real], windows[real])
        return windows  # (batch, embedding + n_genres + 1)

    def on_predict_epoch_end(self) -> None:
        summed = self.trainer.strategy.reduce(self.totals, reduce_op="sum")  # over all devices
        assert isinstance(summed, Tensor)
        self.totals = summed

    @property
    def vectors(self) -> Tensor:
        """The mean embedding of each song: float32 `(n_songs, embedding)`."""
        return (self.totals / self.totals[:, -1:])[:, : self.network.head.in_features]

    @property
    def probabilities(self) -> Tensor:
        """The softmax of each song's mean logits: float32 `(n_songs, n_genres)`."""
        return (self.totals / self.totals[:, -1:])[:, self.network.head.in_features : -1].softmax(dim=1)
