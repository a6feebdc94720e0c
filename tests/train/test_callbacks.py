from types import SimpleNamespace

import pytest
from lightning.pytorch.callbacks import Timer
from omegaconf import OmegaConf

from genre_lightning.train.callbacks import History, LastCheckpoint, SeedEveryEpoch, build_callbacks, read_history


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


def test_the_last_checkpoint_is_kept_also_if_no_optimizer_stepped(tmp_path):
    kept = []
    trainer = SimpleNamespace(
        default_root_dir=tmp_path, fast_dev_run=False, global_step=0,
        save_checkpoint=lambda path, weights_only: kept.append((path, weights_only)),
    )  # fmt: skip
    LastCheckpoint().on_train_epoch_end(trainer, None)
    assert kept == [(tmp_path / "checkpoints" / "last.ckpt", False)]
