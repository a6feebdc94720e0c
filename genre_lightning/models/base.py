"""GenreClassifier: what every network has in common. An encoder and a head are all that a new model adds."""

from abc import ABC
from collections.abc import Sequence
from inspect import signature
from typing import Any, cast

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from genre_lightning.data.datamodule import TRAIN_SONGS, GenreDataModule
from genre_lightning.data.windows import Batch, Statistics
from genre_lightning.errors import UserError
from genre_lightning.metrics import ScoredSongs, SongScores, song_metrics

SERVED_AT_ONCE = 2  # loaders of the data module, each with the songs of a split


class Standardise(nn.Module):
    """`(batch, frames, n_features)` -> the same; each feature has mean 0 and variance 1 over the songs learnt from."""

    mean: Tensor
    std: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(n_features))
        self.std = nn.Buffer(torch.ones(n_features))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.std


class GenreClassifier(LightningModule, ABC):
    """What all networks have in common; a subclass supplies `encoder` and `head`.

    A network calls `super().__init__(n_genres, **learning)` and `save_hyperparameters(logger=False)`, and builds its
    `encoder`, `(batch, frames, n_features)` -> `(batch, embedding)`, which begins with Standardise, and its `head`, a
    linear layer. All arguments are plain values, so that a checkpoint holds nothing that could run.

    Args:
        n_genres: How many genres there are.
        optimizer: A mapping of a `_target_` and its settings.
        schedule: The same for the learning rate; it also gets `total_steps`. None: a constant rate.
        label_smoothing: The probability that is spread over all genres.
        class_weights: Every genre weighs the same in the loss.
    """

    encoder: nn.Sequential
    head: nn.Linear
    temperature: Tensor
    phase: str = "train"  # under which name its training is logged

    def __init__(
        self, n_genres: int, optimizer: dict[str, Any], schedule: dict[str, Any] | None = None,
        label_smoothing: float = 0.0, class_weights: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.optimizer, self.schedule = optimizer, schedule
        weight = torch.ones(n_genres) if class_weights else None
        self.loss = nn.CrossEntropyLoss(weight, label_smoothing=label_smoothing)
        self.temperature = nn.Buffer(torch.ones(()))
        self.trained: list[tuple[Tensor, Tensor, Tensor]] = []  # each step's loss, predictions and genres
        self.train_loss = MeanMetric(nan_strategy="disable")  # a loss that is no number must show
        self.train_accuracy = MulticlassAccuracy(n_genres, average="micro")
        self.train_f1_macro = MulticlassF1Score(n_genres, average="macro")
        self.scores = cast("Sequence[SongScores]", nn.ModuleList(SongScores() for _ in range(SERVED_AT_ONCE)))
        self.tested: dict[str, ScoredSongs] = {}  # the songs of each split, after `Trainer.test`

    def prepare(self, statistics: Statistics) -> None:
        """Set the normalisation statistics and class weights of a new network; checkpoints hold them."""
        standardise = self.encoder[0]
        assert isinstance(standardise, Standardise), f"the encoder of {type(self).__name__} must begin with Standardise"
        standardise.mean.copy_(statistics.mean)
        standardise.std.copy_(statistics.std)
        if self.loss.weight is not None:
            self.loss.weight.copy_(statistics.class_weights)

    @torch.no_grad()
    def calibrate(self, temperature: float) -> None:
        """Divide all logits by `temperature` from now on (Guo et al. 2017): the head's weights take it in."""
        self.temperature.mul_(temperature)
        for weight in self.head.parameters():
            weight.div_(temperature)

    def facts(self) -> dict[str, str]:
        """What it has chosen while it learnt, for the report."""
        return {}

    def embed(self, features: Tensor) -> Tensor:
        """`(batch, frames, n_features)` -> `(batch, embedding)`: what the head sees."""
        return self.encoder(features)

    def forward(self, features: Tensor) -> Tensor:
        """`(batch, frames, n_features)` -> logits `(batch, n_genres)`."""
        return self.head(self.encoder(features))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Record the class, so that the model can be built again, and how long it was to be trained."""
        checkpoint["model"] = f"{type(self).__module__}.{type(self).__qualname__}"
        if self._trainer is not None:
            checkpoint["max_epochs"] = self._trainer.max_epochs  # as planned, whatever has stopped it

    def on_train_start(self) -> None:
        """Raise UserError if the schedule of a resumed run was made for another number of steps, or its optimizer for
        other weights.
        """
        for optimizer in self.trainer.optimizers:
            lay_out_state(optimizer)
        planned, steps = getattr(self.lr_schedulers(), "total_steps", None), self.trainer.estimated_stepping_batches
        if planned not in (None, steps):
            raise UserError(
                f"ckpt_path: that run's learning rate was planned for {planned} steps, this one has {steps:.0f}; "
                "keep its epochs, devices and songs (only runs started with learning.schedule=null and refit=false may "
                "change them)"
            )

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        logits = self(batch.features)  # (batch, n_genres)
        loss = self.loss(logits, batch.target)
        # without smoothing and class weights, so that it compares with val/loss
        plain_loss = nn.functional.cross_entropy(logits.detach().float(), batch.target)
        self.trained.append((plain_loss, logits.detach().argmax(dim=1), batch.target.argmax(dim=1)))
        return loss

    def on_train_epoch_end(self) -> None:
        if not self.trained:  # a run that is resumed at the end of an epoch
            return
        losses, predicted, genres = zip(*self.trained, strict=True)  # metrics are slow to update, so once an epoch
        self.trained.clear()
        self.train_loss.update(torch.stack(losses))
        self.train_accuracy.update(torch.cat(predicted), torch.cat(genres))
        self.train_f1_macro.update(torch.cat(predicted), torch.cat(genres))
        for name in ("loss", "accuracy", "f1_macro"):
            metric = getattr(self, f"train_{name}")
            self.log(f"{self.phase}/{name}", metric.compute())  # over all devices
            metric.reset()
        for optimizer in self.trainer.optimizers:  # a head that is solved has none
            self.log(f"{self.phase}/learning_rate", optimizer.param_groups[0]["lr"])

    def validation_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self.score_windows(dataloader_idx, batch)

    def on_validation_epoch_end(self) -> None:
        for number, split in enumerate(self.served().val_splits):
            scored = self.scored_songs(number)
            if self.phase == "refit":  # there are no songs to watch it
                return
            name = split if split == TRAIN_SONGS else "val"  # or a fold, whose curves are its own
            for figure, value in song_metrics(scored).items():
                self.log(f"{name}/{figure}", value, prog_bar=name == "val" and figure in ("loss", "accuracy"))

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        with torch.autocast(self.device.type, enabled=False):  # in float32, as everything that reads the run does
            self.score_windows(dataloader_idx, batch)

    def on_test_epoch_end(self) -> None:
        for number, split in enumerate(self.served().test_splits):
            self.tested[split] = self.scored_songs(number)
            for name, figure in song_metrics(self.tested[split]).items():
                self.log(f"final/{split}_{name}", figure, logger=False)

    def served(self) -> GenreDataModule:
        """The data module, which knows of what splits the songs are."""
        return getattr(self.trainer, "datamodule")  # noqa: B009 (the Trainer declares no such attribute)

    def score_windows(self, number: int, batch: Batch) -> None:
        """Add the logits of windows to those of their songs, of the loader with this number."""
        self.scores[number].update(self(batch.features), batch.target, batch.song)

    def scored_songs(self, number: int) -> ScoredSongs:
        """The songs of a loader whose windows were scored, of all devices; the next ones begin anew."""
        scored = self.scores[number].scored()
        self.scores[number].reset()
        return scored

    def build_optimizer(self) -> torch.optim.Optimizer:
        """The configured optimizer of all weights. Raises UserError for settings that it does not take."""
        from hydra.utils import instantiate

        settings = dict(self.optimizer)
        if settings.get("lr") == 0:
            raise UserError("learning.optimizer: at a rate lr of 0 nothing is learnt")
        if self._trainer is not None and "mixed" in str(self.trainer.precision):
            settings.pop("fused", None)  # Lightning cannot clip the gradients of a fused optimizer then
        try:
            return instantiate(settings, _partial_=True)(params=decayed(self))
        except (ValueError, TypeError) as error:
            raise UserError(f"learning.optimizer: {error}") from None

    def build_schedule(self, optimizer: torch.optim.Optimizer, total_steps: int) -> Any:
        """The configured schedule of the learning rate. Raises UserError for settings that it does not take."""
        from hydra.utils import get_class, instantiate

        if self.schedule is None:
            return None
        counted = "total_steps" in signature(get_class(self.schedule["_target_"])).parameters
        own = {"total_steps": total_steps} if counted else {}
        try:
            return instantiate(self.schedule, _partial_=True)(optimizer, **own)
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise UserError(f"learning.schedule: {error}") from None

    def configure_optimizers(self) -> Any:
        optimizer = self.build_optimizer()
        if self.schedule is None:
            return optimizer
        schedule = self.build_schedule(optimizer, int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def lay_out_state(optimizer: torch.optim.Optimizer) -> None:
    """Have what an optimizer remembers of each weight lie in memory as the weight does.

    Fused optimizers read and write it without a look at its shape, also where a checkpoint from elsewhere has a smaller
    one. Raises UserError for such.
    """
    is_fused = any(group.get("fused") for group in optimizer.param_groups)
    for weight, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                state[name] = torch.empty_like(weight).copy_(value)
            elif is_fused and not (isinstance(value, Tensor) and value.ndim == 0):
                raise UserError(f"ckpt_path: the optimizer's {name} is not of the shape of its weights; it is damaged")


def decayed(module: nn.Module) -> list[dict[str, Any]]:
    """Parameter groups: weight decay for matrices and filters, none for biases and normalisation layers."""
    weights = [*module.parameters()]
    return [
        {"params": [weight for weight in weights if weight.ndim > 1]},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
