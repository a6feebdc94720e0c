"""model=musicnn: a network that was trained on a million songs, and a last layer for yours."""

from typing import Any, Literal

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from genre_lightning.data.datamodule import Statistics
from genre_lightning.errors import UserError
from genre_lightning.models.base import GenreClassifier, Standardise, decayed
from genre_lightning.models.blocks import Mean
from genre_lightning.pretrained.network import N_MELS, PENULTIMATE, POOLED, Tagger
from genre_lightning.pretrained.weights import load_musicnn


class Musicnn(GenreClassifier):
    """musicnn's layers, which come with their weights, up to `embedding`, and a new head.

    With features=musicnn, the output of its convolutions, only the head is trained; with features=musicnn_mel the
    encoder too, at `encoder_rate` times the learning rate. `embedding`: "pooled", what the convolutions make of a
    window, 1506 numbers, or "penultimate", the layer before musicnn's tags, 200.
    """

    def __init__(
        self, n_features: int, n_frames: int, n_genres: int, embedding: Literal["pooled", "penultimate"],
        dropout: float, encoder_rate: float, **learning: Any,
    ) -> None:  # fmt: skip
        super().__init__(n_genres, **learning)
        self.save_hyperparameters(logger=False)
        if n_features not in (POOLED, N_MELS):
            raise UserError("model=musicnn reads features=musicnn or features=musicnn_mel, no others")
        if embedding not in ("pooled", "penultimate"):
            raise UserError(f"model.embedding is pooled or penultimate, not {embedding}")
        if encoder_rate < 0:
            raise UserError(f"model.encoder_rate must be 0 or above, not {encoder_rate}")
        self.trains_all, self.embedding = n_features == N_MELS, embedding
        self.dropout, self.encoder_rate = dropout, encoder_rate
        self.encoder = self.encoder_from(Tagger()).requires_grad_(self.trains_all)
        self.head = nn.Linear(PENULTIMATE if embedding == "penultimate" else POOLED, n_genres)

    def encoder_from(self, network: Tagger) -> nn.Sequential:
        """Put the layers of musicnn together that this model has."""
        return nn.Sequential(
            Standardise(N_MELS if self.trains_all else POOLED),
            network.convolutions if self.trains_all else Mean(),
            network.normalise,
            network.penultimate if self.embedding == "penultimate" else nn.Identity(),
            nn.Dropout(self.dropout),
        )

    def prepare(self, statistics: Statistics) -> None:
        """Take the pre-trained weights, and with them what musicnn standardises with. Raises UserError."""
        super().prepare(statistics)
        self.encoder.load_state_dict(self.encoder_from(load_musicnn()).state_dict())

    def on_train_start(self) -> None:
        super().on_train_start()
        self.train()  # which Lightning leaves to the module

    def train(self, mode: bool = True) -> "Musicnn":
        """Batch normalisation keeps its statistics: a batch knows less of music than a million songs."""
        super().train(mode)
        for layer in self.encoder.modules():
            if isinstance(layer, _BatchNorm):
                layer.eval()
        return self

    def weight_groups(self) -> list[dict[str, Any]]:
        """The encoder has a rate of its own, and nothing pulls its weights away from what they have learnt."""
        rate = self.optimizer["lr"] * self.encoder_rate
        return [*decayed(self.head), {"params": [*self.encoder.parameters()], "lr": rate, "weight_decay": 0.0}]
