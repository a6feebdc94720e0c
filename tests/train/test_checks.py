"""Lightning's own switches work, or are refused in a line before songs are read."""

import json
import shutil
from pathlib import Path

import pytest

from genre_lightning.command_line.quoting import in_shell, override
from genre_lightning.errors import UserError, explain, is_for_users
from genre_lightning.runs.run import Run
from genre_lightning.train.callbacks import read_history
from genre_lightning.train.checks import check, check_values
from genre_lightning.train.train import train

REFUSED = {
    "+trainer.logger=false": r"trainer\.logger cannot be set; choose loggers with logger=csv",
    "+trainer.enable_checkpointing=false": r"trainer\.enable_checkpointing=False cannot be used: a run goes on",
    "+trainer.overfit_batches=2": r"trainer\.overfit_batches=2 cannot be used: .*limit_train_batches",
    "+trainer.limit_test_batches=1": r"trainer\.limit_test_batches cannot be set",
    "trainer.use_distributed_sampler=true": r"trainer\.use_distributed_sampler=True cannot be used",
    "callbacks.ema.foo=1": "foo",
    "refit=maybe": r"refit must be true or false, not maybe",
    "+trainer.max_time={parsecs: 3}": "parsecs",
    "loader.balanced=true": r"loader\.balanced: it and learning\.class_weights both make up .* twice; leave one",
    "learning.schedule.pct_start=2": r"learning\.schedule: .*pct_start",
    "learning.optimizer.lr=0": r"learning\.optimizer: ",
    "folds=1": "folds must be a whole number from 2 to 1000, not 1",
    "folds=true": "folds must be a whole number from 2 to 1000, not True",
    "repeats=0": "repeats must be a whole number from 1 to 1000, not 0",
    "repeats=2": "repeats: is for cross-validation; add folds=5",
}
TOGETHER = {
    "split.method=published": "folds: every song is tested once, whatever its published split is",
    "split.train_songs_per_genre=3": r"split\.train_songs_per_genre: folds use all songs",
    "split.draw=1": r"split\.draw: folds use all songs",
    "split.train_artists_per_genre=0.5": r"split\.train_artists_per_genre: folds use all songs",
}


@pytest.mark.parametrize(("override", "line"), REFUSED.items())
def test_what_would_leave_no_run_behind_is_refused_before_songs_are_read(configure, tmp_path, override, line):
    nothing_cached = f"cache.root='{(tmp_path / 'cache').as_posix()}'"
    with pytest.raises(Exception, match=line) as error:
        train(configure(nothing_cached, "learning.class_weights=true", override), tmp_path)
    assert is_for_users(error.value) and "\n" not in explain(error.value) and not (tmp_path / "cache").exists()


@pytest.mark.parametrize("root", ["???", "null", "", "[]"])
@pytest.mark.parametrize("source", ["folder", "gtzan"])
def test_a_folder_that_was_forgotten_is_asked_for(configure, source, root):
    with pytest.raises(UserError, match=r"^data\.root: is not set; add data\.root=SONGS"):
        check(configure(f"data={source}", f"data.root={root}"))


def test_folders_with_commas_between_them_are_a_list_or_a_sweep(configure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b c"):
        Path(name).mkdir()
    with pytest.raises(UserError) as told:
        check_values(configure("data=folder", "data.root='a,b c'"))
    ways = in_shell("data.root=[a,b c]"), f"-m {in_shell('data.root=a,b c')}"
    line = "data.root: there is no folder a,b c; for the songs of all, type {}; for a run with each, {}"
    assert str(told.value) == line.format(*ways)


def test_a_checkpoint_is_named_where_the_folder_of_its_run_was(configure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("R&B", "checkpoints").mkdir(parents=True)
    Path("R&B", "checkpoints", "last.ckpt").touch()
    with pytest.raises(UserError) as told:
        check_values(configure("ckpt_path='R&B'"))
    assert str(told.value).endswith(f"no file R&B; type {override('ckpt_path', 'R&B/checkpoints/last.ckpt')}")


@pytest.mark.parametrize(("override", "line"), TOGETHER.items())
def test_what_goes_with_no_folds_is_refused(configure, override, line):
    with pytest.raises(UserError, match=line):
        check(configure("folds=5", override))


@pytest.mark.parametrize("one", ["loader.balanced=true", "learning.class_weights=true"])
def test_unequal_numbers_of_songs_may_be_made_up_for_once(configure, one):
    check(configure(one))


def test_a_head_that_is_solved_is_not_averaged(configure):
    with pytest.raises(UserError, match=r"callbacks\.ema: the head of model=linear is solved, .*; leave it out"):
        check(configure("model=linear", "callbacks=[ema]"))


@pytest.mark.parametrize(
    "setting", ["trainer.gradient_clip_val=1", "+trainer.accumulate_grad_batches=2", "loader.windows_per_song=3"]
)
def test_what_goes_with_training_is_refused_where_a_head_is_solved(configure, setting):
    with pytest.raises(UserError, match=rf"{setting.split('=')[0].strip('+')}: the head of model=linear is solved"):
        check(configure("model=linear", setting))


def test_a_network_is_not_trained_on_all_windows_in_order(configure):
    with pytest.raises(UserError, match="windows_per_song: all is for model=linear"):
        check(configure("model=mlp", "loader.windows_per_song=all"))


def test_a_fast_run_of_a_head_that_is_solved_tries_the_way(configure, tmp_path):
    train(configure("model=linear", "+trainer.fast_dev_run=true"), tmp_path)


WORK = [
    ("callbacks.ema=null", "augment.gain=null", "logger.tensorboard=null"),  # Hydra's way to switch off
    ("+trainer.max_steps=1", "trainer.num_sanity_val_steps=1"),  # ends before the first validation
    ("+trainer.limit_val_batches=0", "+trainer.check_val_every_n_epoch=9"),
    ("+trainer.check_val_every_n_epoch=2", "+trainer.accumulate_grad_batches=2", "trainer.limit_train_batches=2",
     "+trainer.limit_val_batches=1"),
    ("+trainer.val_check_interval=0.5", "trainer.gradient_clip_val=null", "trainer.max_epochs=1"),
    ("+trainer.max_time='00:00:01:00'", "trainer.max_epochs=1",
     "+callbacks.timer._target_=lightning.pytorch.callbacks.Timer"),
]  # fmt: skip


@pytest.mark.parametrize("seconds", ["{seconds: 60}", "'00:00:01:00'"])
def test_the_longest_time_may_be_a_mapping_or_a_text(configure, seconds):
    check(configure(f"+trainer.max_time={seconds}"))


@pytest.mark.parametrize("overrides", WORK, ids=lambda overrides: overrides[0])
def test_a_switch_that_is_not_refused_leaves_a_whole_run(train_run, overrides):
    folder = train_run("trainer.max_epochs=2", *overrides)
    assert (folder / "report.md").is_file() and len(Run(folder).catalogue) == 30
    assert read_history(folder / "history.csv")["verdict/test_accuracy"]
    assert json.loads((folder / "metrics.json").read_text())["test"]["songs"] == 6


def test_an_interval_longer_than_an_epoch_is_one_line(configure, tmp_path):
    with pytest.raises(UserError, match=r"trainer\.val_check_interval: .*must be less than or equal to the number"):
        train(configure("+trainer.val_check_interval=100"), tmp_path)


def test_a_fast_run_tries_the_way_and_writes_no_results(configure, tmp_path):
    assert train(configure("+trainer.fast_dev_run=true"), tmp_path) > 0
    assert not (tmp_path / "checkpoints").exists() and not (tmp_path / "metrics.json").exists()


def test_a_run_that_was_moved_is_resumed_where_it_is(train_run, tmp_path):
    constant = ("learning.schedule=null", "trainer.max_epochs=2", "refit=false")
    moved = Path(shutil.move(train_run(*constant), tmp_path / "moved"))
    last = (moved / "checkpoints" / "last.ckpt").as_posix()
    train_run(*constant, "trainer.max_epochs=3", f"ckpt_path='{last}'", into=moved)
    assert len(read_history(moved / "history.csv")["val/loss"]) == 3
