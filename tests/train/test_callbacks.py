import errno
import os
from types import SimpleNamespace
from unittest.mock import patch

import pytest
import torch
from lightning.pytorch.callbacks import Timer
from omegaconf import OmegaConf

from genre_lightning.errors import UserError
from genre_lightning.train.callbacks import (
    EpochLines,
    History,
    LastCheckpoint,
    SeedEveryEpoch,
    build_callbacks,
    read_history,
)
from genre_lightning.train.fit import build_trainer
from genre_lightning.train.tensorboard import Curves


@pytest.mark.parametrize(("limit", "mine", "timers"), [(None, False, 1), ("00:00:10:00", False, 0), (None, True, 1)])
def test_a_run_is_timed_once_and_where_its_time_is_limited_by_the_trainer(limit, mine, timers):
    chosen = {"mine": {"_target_": "lightning.pytorch.callbacks.Timer"} if mine else None}
    config = OmegaConf.create({"callbacks": chosen, "seed": 0, "trainer": {"max_time": limit}})
    kinds = [type(callback) for callback in build_callbacks(config)]
    assert kinds.count(Timer) == timers and {LastCheckpoint, SeedEveryEpoch} < {*kinds, None}


def test_a_history_keeps_every_figure_and_goes_on_where_a_run_is_resumed(tmp_path):
    history = History(tmp_path)
    for step in (1, 2, 3):
        history.log_metrics({"val/loss": 1 / step, "train/loss": 0.1 * step}, step)
    resumed = History(tmp_path)
    resumed.log_metrics({"val/loss": 0.25}, 2)  # the third step was lost with the run
    assert resumed.curves["val/loss"] == [(1, 1.0), (2, 0.25)] and len(resumed.curves["train/loss"]) == 3
    assert read_history(tmp_path / "history.csv") == resumed.curves


HEAD = "figure,step,value\n"


@pytest.mark.parametrize(
    "text", ["step\n1\n", f"{HEAD}a\n", f"{HEAD}a,b,c\n", f"{HEAD}a,-1,0\n", f"{HEAD}a,{10**30},0\n", "\udcff", None]
)
def test_a_history_that_is_none_is_named_with_what_to_do(tmp_path, text):
    path = tmp_path / "history.csv"
    path.mkdir() if text is None else path.write_bytes(text.encode(errors="surrogateescape"))
    for logger in (History, Curves):
        with pytest.raises(UserError, match=r"history\.csv is damaged; remove it"):
            logger(tmp_path)


def test_the_last_checkpoint_is_kept_also_if_no_optimizer_stepped(tmp_path):
    kept = []
    trainer = SimpleNamespace(
        default_root_dir=tmp_path, fast_dev_run=False, global_step=0,
        save_checkpoint=lambda path, weights_only: kept.append((path, weights_only)),
    )  # fmt: skip
    LastCheckpoint().on_train_epoch_end(trainer, None)
    assert kept == [(tmp_path / "checkpoints" / "last.ckpt", False)]


def test_checkpoints_are_written_beside_the_one_before_and_never_over_it(configure, tmp_path, monkeypatch):
    checkpoints = build_trainer(configure(), tmp_path, []).strategy.checkpoint_io
    path, fsync = tmp_path / "checkpoints" / "last.ckpt", os.fsync
    checkpoints.save_checkpoint({"epoch": 1}, path)
    before = path.read_bytes()
    monkeypatch.setattr("tempfile.mkstemp", lambda *_, **__: pytest.fail("on another disk"))

    def full(descriptor):
        assert path.read_bytes() == before and len([*path.parent.iterdir()]) == 2
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left .*last\.ckpt"):
        checkpoints.save_checkpoint({"epoch": 2}, path)
    assert path.read_bytes() == before and [*path.parent.iterdir()] == [path]
    monkeypatch.setattr(os, "fsync", fsync)
    checkpoints.save_checkpoint({"epoch": 2}, path)
    assert torch.load(path)["epoch"] == 2


def test_whoever_has_checkpoints_of_their_own_keeps_them(configure, tmp_path):
    own = "+trainer.plugins={_target_:lightning.fabric.plugins.io.XLACheckpointIO}"
    with patch("lightning.fabric.plugins.io.xla._XLA_AVAILABLE", True):
        trainer = build_trainer(configure(own), tmp_path, [])
    assert type(trainer.strategy.checkpoint_io).__name__ == "XLACheckpointIO"


@pytest.fixture
def epochs(monkeypatch):
    """A Trainer of three epochs, of which the second is not validated, and what is written of each."""
    clock = iter([0.0, 10.0, 20.0, 30.0])
    monkeypatch.setattr("genre_lightning.train.callbacks.time.monotonic", lambda: next(clock))
    trainer = SimpleNamespace(current_epoch=0, max_epochs=3, callback_metrics={})
    lines = EpochLines()

    def run(phase="train"):
        model = SimpleNamespace(phase=phase)
        lines.on_train_start(trainer, model)
        for epoch in range(3):
            trainer.current_epoch = epoch
            if phase == "train" and epoch != 1:
                trainer.callback_metrics |= {"val/loss": 0.9 - epoch / 10, "val/accuracy": 0.6}
                lines.on_validation_end(trainer, model)
            trainer.callback_metrics |= {f"{phase}/loss": 0.5 - epoch / 10, f"{phase}/accuracy": 0.8}
            lines.on_train_epoch_end(trainer, model)

    return run


def test_an_epoch_is_a_line_with_what_validation_has_just_seen_and_the_time_left(epochs, caplog):
    caplog.set_level("INFO")
    epochs()
    assert caplog.messages == [
        "epoch 1 of 3; train: loss 0.500, accuracy 80.0 %; validation: loss 0.900, accuracy 60.0 %; 20 s left",
        "epoch 2 of 3; train: loss 0.400, accuracy 80.0 %; 10 s left",
        "epoch 3 of 3; train: loss 0.300, accuracy 80.0 %; validation: loss 0.700, accuracy 60.0 %; 0 s left",
    ]


def test_an_epoch_of_the_refit_is_told_as_such(epochs, caplog):
    caplog.set_level("INFO")
    epochs("refit")
    assert caplog.messages[0] == "epoch 1 of 3; learning anew: loss 0.500, accuracy 80.0 %; 20 s left"


@pytest.mark.parametrize(
    ("terminal", "override", "lines"),
    [
        (False, "seed=0", True),
        (True, "seed=0", False),
        (False, "+trainer.enable_progress_bar=false", False),
        (False, "+callbacks.bar._target_=lightning.pytorch.callbacks.TQDMProgressBar", False),
    ],
)
def test_lines_stand_for_a_bar_where_one_is_wanted_and_there_is_no_terminal(
    configure, monkeypatch, terminal, override, lines
):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    found = build_callbacks(configure(override))
    assert any(isinstance(one, EpochLines) for one in found) == lines


def test_a_run_without_a_terminal_has_a_line_an_epoch_and_no_bar(train_run, caplog, capsys):
    caplog.set_level("INFO")
    train_run("trainer.max_epochs=2")
    told = [line for line in caplog.messages if line.startswith("epoch")]
    assert ["train" in line for line in told] == [True, True, False, False] and "validation: loss" in told[0]
    assert "it/s" not in "".join(capsys.readouterr())
