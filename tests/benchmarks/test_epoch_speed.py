"""An epoch under the Trainer, against a plain PyTorch loop over the same loader; and what watching it costs."""

import logging
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from lightning import Callback
from serving import serve

from genre_lightning.train.train import build_model, build_trainer, fit

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
CONF = str(Path(__file__).parents[2] / "conf")
EPOCHS = 8


class EpochTimes(Callback):
    """The time from the first batch of an epoch to its last, without validation and checkpoints."""

    def __init__(self):
        self.times, self.begin = [], 0.0

    def on_train_epoch_start(self, trainer, module):
        self.begin = time.perf_counter()

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        if trainer.is_last_batch:
            self.times.append(time.perf_counter() - self.begin)


def configuration(songs: Path, model: str):
    overrides = [
        "data=folder", f"model={model}", f"data.root={songs}", f"cache.root={songs.parent / 'cache'}", "trainer=cpu",
        "+trainer.enable_progress_bar=false", f"trainer.max_epochs={EPOCHS}", "loader.windows_per_song=16",
        "loader.batch_size=64", "+trainer.limit_val_batches=1",
    ]  # fmt: skip
    with initialize_config_dir(CONF, version_base="1.3"):
        return compose("train", overrides)


def plain_epoch(model, data, optimizer, clip: float) -> float:
    """What the Trainer does for an epoch, written out."""
    begin = time.perf_counter()
    for batch in data.train_dataloader():
        features, target = batch.features.float(), batch.target
        for augment in data.augments:
            features, target = augment(features, target)
        loss = model.loss(model(features), target)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    return time.perf_counter() - begin


class PlainEpochBetween(Callback):
    """Runs a plain loop's epoch after each of the Trainer's, so that both see the same machine."""

    def __init__(self, model, data, clip: float):
        self.model, self.data, self.clip, self.times = model, data, clip, []
        self.optimizer = torch.optim.AdamW(model.weight_groups(), lr=0.001, fused=True)

    def on_train_epoch_end(self, trainer, module):
        self.model.train()
        self.times.append(plain_epoch(self.model, self.data, self.optimizer, self.clip))


@pytest.mark.parametrize("model", ["cnn", "lstm"])
def test_an_epoch_costs_no_more_than_a_plain_loop(model, hiss, tmp_path, capsys):
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    cfg = configuration(hiss(90, 8), model)
    trainer, data = build_trainer(cfg, tmp_path, []), serve(cfg)
    ours, plain = EpochTimes(), PlainEpochBetween(build_model(cfg, data), data, cfg.trainer.gradient_clip_val)
    trainer.callbacks += [ours, plain]
    fit(trainer, build_model(cfg, data), data, None)
    ratio = np.median(np.divide(ours.times, plain.times)[1:])
    with capsys.disabled():
        print(f"\nan epoch of the {model}: {np.median(ours.times):.2f} s, {ratio:.3f} times a plain loop's")
    assert ratio <= 1.06


class ValidationTimes(Callback):
    """The time of each epoch, and of what it takes to judge each of the data module's `val_splits` in it."""

    def __init__(self):
        self.epochs, self.judged, self.begin, self.batch = [], [], 0.0, 0.0

    def on_train_epoch_start(self, trainer, module):
        self.begin = self.batch = time.perf_counter()
        self.judged.append({})

    def on_validation_start(self, trainer, module):
        self.batch = time.perf_counter()

    def on_validation_batch_end(self, trainer, module, outputs, batch, batch_idx, dataloader_idx=0):
        now, split = time.perf_counter(), trainer.datamodule.val_splits[dataloader_idx]
        self.judged[-1][split] = self.judged[-1].get(split, 0) + now - self.batch
        self.batch = now

    def on_train_epoch_end(self, trainer, module):
        self.epochs.append(time.perf_counter() - self.begin)


@pytest.mark.parametrize("model", ["mlp", "cnn", "lstm"])
@pytest.mark.parametrize("seconds", [8, 40])
def test_judging_training_songs_takes_less_than_a_tenth_of_an_epoch(model, seconds, hiss, tmp_path, capsys):
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    cfg = configuration(hiss(90, seconds), model)
    cfg.loader.windows_per_song, cfg.loader.batch_size, cfg.trainer.limit_val_batches = None, 32, None
    cfg.trainer.max_epochs = 4
    trainer, data, times = build_trainer(cfg, tmp_path, []), serve(cfg), ValidationTimes()
    data.watch("val")
    trainer.callbacks += [times]
    fit(trainer, build_model(cfg, data), data, None)
    train, val = (
        np.median([judged[split] / epoch for judged, epoch in zip(times.judged, times.epochs, strict=True)][1:])
        for split in data.val_splits[::-1]
    )
    songs = len(data.datasets["train_songs"]), len(data.datasets["val"])
    told = f"{100 * train:.1f} % to judge {songs[0]} of train, {100 * val:.1f} % to judge {songs[1]} of val"
    with capsys.disabled():
        print(f"\nof an epoch of the {model}, songs of {seconds} s: {told}")
    assert train < 0.1
