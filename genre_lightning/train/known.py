"""What a network makes of the songs that it has learnt from, kept so that it can tell what is not like them."""

from pathlib import Path

import torch
from lightning import Trainer
from torch import Tensor

from genre_lightning.data.datamodule import LEARNT_FROM, GenreDataModule
from genre_lightning.data.windows import Batch
from genre_lightning.embed.embedder import SongEmbedder
from genre_lightning.models.base import GenreClassifier
from genre_lightning.runs.known import known_songs, write_known
from genre_lightning.train.fit import quietly
from genre_lightning.train.too_large import told_what_to_lower


class ExactEmbedder(SongEmbedder):
    """In float32, whatever the network was trained in, as `predict` will compare other songs with these."""

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        with torch.autocast(self.device.type, enabled=False):
            return super().predict_step(batch, batch_idx)


def keep_known(trainer: Trainer, model: GenreClassifier, data: GenreDataModule) -> None:
    """Write the songs that a model has learnt from, as it sees them, into the run's folder."""
    embedder = ExactEmbedder(model, len(data.datasets[LEARNT_FROM]))
    with quietly(), told_what_to_lower(data, trainer.strategy.root_device):
        trainer.predict(embedder, data, return_predictions=False)
    if trainer.is_global_zero:
        groups = torch.tensor(data.artist_groups(*data.learnt_from))
        write_known(known_songs(embedder.vectors.cpu(), groups), Path(trainer.default_root_dir))
