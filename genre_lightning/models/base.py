"""GenreClassifier: what every network has in common. An encoder and a head are all that a new model adds."""

from abc import ABC
from typing import Any

import torch
from lightning import LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from genre_lightning.data.windows import Batch
from genre_lightning.errors import UserError
from genre_lightning.metrics import SongScores, song_metrics


class Standardise(nn.Module):
    """`(batch, frames, n_features)` -> the same; each feature has mean 0 and variance 1 over the training split."""

    mean: Tensor
    std: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(n_features))
        self.std = nn.Buffer(torch.ones(n_features))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.std


class GenreClassifier(LightningModule, ABC):
    """An `encoder`, `(batch, frames, n_features)` -> `(batch, embedding)`, and a linear `head`.

    The encoder begins with Standardise.
    Final classes build both and call `super().__init__(n_genres=..., **learning)`, where `learning` is:
    optimizer and schedule, mappings with a `_target_` and its settings (the schedule's also gets `total_steps`; None
    keeps the rate); label_smoothing; class_weights `n_genres` numbers, or None. All plain values, so that a checkpoint
    holds nothing that could run.
    """

    encoder: nn.Sequential
    head: nn.Linear

    def __init__(
        self, n_genres: int, optimizer: dict[str, Any], schedule: dict[str, Any] | None = None,
        label_smoothing: float = 0.0, class_weights: list[float] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.optimizer, self.schedule = optimizer, schedule
        weight = None if class_weights is None else torch.tensor(class_weights)
        self.loss = nn.CrossEntropyLoss(weight, label_smoothing=label_smoothing)
        self.trained: list[tuple[Tensor, Tensor, Tensor]] = []  # each step's loss, predictions and genres
        self.train_loss = MeanMetric(nan_strategy="disable")  # a loss that is no number must show
        self.train_accuracy = MulticlassAccuracy(n_genres, average="micro")
        self.train_f1_macro = MulticlassF1Score(n_genres, average="macro")
        self.val_songs = SongScores()

    def prepare(self, mean: Tensor, std: Tensor) -> None:
        """What a new model does before it is trained, and one that is read back does not.

        Standardise with the training split's statistics, `(n_features,)` each; they are stored in checkpoints.
        """
        standardise = self.encoder[0]
        assert isinstance(standardise, Standardise), f"the encoder of {type(self).__name__} must begin with Standardise"
        standardise.mean.copy_(mean)
        standardise.std.copy_(std)

    def embed(self, features: Tensor) -> Tensor:
        """`(batch, frames, n_features)` -> `(batch, embedding)`: what the head sees."""
        return self.encoder(features)

    def forward(self, features: Tensor) -> Tensor:
        """`(batch, frames, n_features)` -> logits `(batch, n_genres)`."""
        return self.head(self.encoder(features))

    def on_train_start(self) -> None:
        """Raise UserError where a resumed run was moved, or its schedule was made for another number of steps."""
        checkpoint = self.trainer.checkpoint_callback
        if self.current_epoch > 0 and isinstance(checkpoint, ModelCheckpoint) and checkpoint.best_model_score is None:
            raise UserError("ckpt_path: that run was moved, and its best epoch is not known here; move it back")
        planned, steps = getattr(self.lr_schedulers(), "total_steps", None), self.trainer.estimated_stepping_batches
        if planned not in (None, steps):
            raise UserError(
                f"ckpt_path: that run's learning rate was planned for {planned} steps, this one has {steps:.0f}; "
                "keep its epochs, devices and songs (what began with learning.schedule=null needs not)"
            )

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        logits = self(batch.features)
        loss = self.loss(logits, batch.target)
        plain_loss = nn.functional.cross_entropy(logits.detach().float(), batch.target)  # to be held beside val/loss
        self.trained.append((plain_loss, logits.detach().argmax(dim=1), batch.target.argmax(dim=1)))
        return loss

    def on_train_epoch_end(self) -> None:
        losses, predicted, genres = zip(*self.trained, strict=True)  # metrics are slow to update, so once an epoch
        self.trained.clear()
        self.train_loss.update(torch.stack(losses))
        self.train_accuracy.update(torch.cat(predicted), torch.cat(genres))
        self.train_f1_macro.update(torch.cat(predicted), torch.cat(genres))
        for name in ("loss", "accuracy", "f1_macro"):
            metric = getattr(self, f"train_{name}")
            self.log(f"train/{name}", metric.compute())  # over all devices
            metric.reset()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.val_songs.update(self(batch.features).float().softmax(dim=1), batch.target, batch.song)

    def on_validation_epoch_end(self) -> None:
        figures = song_metrics(self.val_songs.compute())
        self.val_songs.reset()
        for name, figure in figures.items():
            self.log(f"val/{name}", figure, prog_bar=name in ("loss", "accuracy"))

    def weight_groups(self) -> list[dict[str, Any]]:
        """What the optimizer changes, each group with the settings that are its own."""
        return decayed(self)

    def build_optimizer(self) -> torch.optim.Optimizer:
        """The configured optimizer of all weights. Raises UserError for settings that it does not take."""
        from hydra.utils import instantiate

        try:
            return instantiate(self.optimizer, _partial_=True)(params=self.weight_groups())
        except (ValueError, TypeError) as error:
            raise UserError(f"learning.optimizer: {error}") from None

    def configure_optimizers(self) -> Any:
        from hydra.utils import instantiate

        optimizer = self.build_optimizer()
        if self.schedule is None:
            return optimizer
        steps = int(self.trainer.estimated_stepping_batches)
        own: dict[str, Any] = {"total_steps": steps}
        if "max_lr" in self.schedule:  # one number, where each group has a rate of its own
            parts = [group["lr"] / self.optimizer["lr"] for group in optimizer.param_groups]
            own["max_lr"] = [self.schedule["max_lr"] * part for part in parts]
        schedule = instantiate(self.schedule, _partial_=True)(optimizer, **own)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def decayed(module: nn.Module) -> list[dict[str, Any]]:
    """Weight decay pulls at matrices and filters; biases and normalisation layers are left alone."""
    weights = [*module.parameters()]
    return [
        {"params": [weight for weight in weights if weight.ndim > 1]},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
