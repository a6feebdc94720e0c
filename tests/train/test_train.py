import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from filelock import FileLock
from finished import checkpoint, curves, figures, same_weights
from serving import score, serve

from genre_lightning.data.catalogue import read_manifest
from genre_lightning.errors import UserError, explain, is_for_users
from genre_lightning.metrics import song_metrics
from genre_lightning.models.mlp import MLP
from genre_lightning.runs.resume import settings_to_go_on_with
from genre_lightning.runs.run import Run, finished_runs, run_with_model
from genre_lightning.train.checks import check
from genre_lightning.train.train import build_model, train

ROOT = Path(__file__).parents[2]
GPU = torch.cuda.is_available() or torch.backends.mps.is_available()


def test_a_run_leaves_all_its_parts(run, selected):
    names = {path.relative_to(run).as_posix() for path in run.rglob("*")}
    parts = {
        "checkpoints/model.ckpt",
        "checkpoints/first_fit.ckpt",
        "checkpoints/last.ckpt",
        "metrics.json",
        "report.md",
        "history.csv",
    }
    assert parts <= names and any("tfevents" in name for name in names)
    assert not [name for name in names if name.endswith(".tmp")]
    written, songs = read_manifest(run / "manifest.csv"), selected[0].catalogue
    sides = [{(track.path, track.genre, track.artist, track.split) for track in tracks} for tracks in (written, songs)]
    assert sides[0] == sides[1]


def test_the_same_seed_gives_the_same_run(run, train_run):
    again = train_run()
    assert figures(again) == figures(run) and same_weights(again, run)


def test_another_seed_gives_another_run_on_the_same_songs(run, train_run):
    other = train_run("seed=1", "trainer.max_epochs=1")
    assert curves(other)["val/loss"][0] != curves(run)["val/loss"][0]
    assert (other / "manifest.csv").read_text(encoding="utf-8") == (run / "manifest.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["train", "refit"])
def resumed(request, configure, train_run, tmp_path_factory):
    """A run that Ctrl-C stopped in the middle of the third epoch of one of its two fits and that was then resumed, and
    what Ctrl-C raised.
    """
    folder, step = tmp_path_factory.mktemp("resumed"), MLP.training_step
    handler = signal.getsignal(signal.SIGINT)

    def stop(model, batch, batch_idx):
        if model.phase == request.param and model.current_epoch == 2 and batch_idx == 1:
            raise KeyboardInterrupt
        return step(model, batch, batch_idx)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(BaseException) as stopped:
        patch.setattr(MLP, "training_step", stop)
        train(configure(), folder)
    signal.signal(signal.SIGINT, handler)
    assert not (folder / "report.md").exists() and checkpoint(folder, "last")["epoch"] == 1
    return train_run(f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'", into=folder), stopped


def test_a_resumed_run_ends_as_if_it_had_never_stopped(resumed, run):
    assert figures(resumed[0]) == figures(run) and same_weights(resumed[0], run)
    ours, theirs = curves(resumed[0]), curves(run)
    assert all(ours[name] == theirs[name] for name in ("train/loss", "val/loss", "val/accuracy", "refit/loss"))
    assert resumed[1].type is KeyboardInterrupt  # Ctrl-C, to the program too


@pytest.fixture(scope="module")
def without_refit(train_run):
    """A run that learnt from the training split only, which nobody may change."""
    return train_run("refit=false")


@pytest.fixture
def unrefitted(without_refit, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(without_refit, tmp_path / "run"))


@pytest.mark.slow
def test_a_fit_that_was_stopped_after_its_last_epoch_keeps_the_averaged_weights(
    without_refit, configure, train_run, tmp_path
):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("genre_lightning.train.train.score", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        train(configure("refit=false"), tmp_path)
    again = train_run("refit=false", f"ckpt_path='{(tmp_path / 'checkpoints/last.ckpt').as_posix()}'", into=tmp_path)
    assert same_weights(again, without_refit) and figures(again) == figures(without_refit)


def test_a_run_is_finished_by_the_last_thing_that_is_written_and_can_be_judged_again(run, train_run, tmp_path):
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    last = f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"
    written_last = patch("genre_lightning.train.evaluation.write_artists", side_effect=KeyboardInterrupt)
    with written_last, pytest.raises(KeyboardInterrupt):
        train_run(last, into=folder)
    assert not (folder / "metrics.json").exists() and not finished_runs(folder)
    with pytest.raises(UserError, match=r"run is not a finished run; it is finished by python train\.py .*last\.ckpt"):
        run_with_model(folder)
    train_run(last, into=folder)
    assert figures(folder) == figures(run) and same_weights(folder, run) and run_with_model(folder)


def test_a_run_whose_model_was_trained_anew_is_not_finished_until_that_one_is_tested(run, train_run, tmp_path):
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    last = f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"
    with patch("lightning.Trainer.save_checkpoint", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        train_run(last, into=folder)
    assert not (folder / "metrics.json").exists()


def test_a_second_run_in_a_folder_is_one_line_and_changes_nothing(tmp_path):
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text("seed: 1", encoding="utf-8")
    with FileLock(tmp_path / ".hydra" / "lock"):
        status, printed, told = run_script(tmp_path, f"hydra.run.dir='{tmp_path.as_posix()}'", "seed=2")
    assert (
        (status, printed) == (1, "")
        and told.startswith(f"error: {tmp_path}: another run is at work")
        and "\n" not in told[:-1]
    )
    assert [path.name for path in tmp_path.iterdir()] == [".hydra"]
    assert (tmp_path / ".hydra" / "config.yaml").read_text(encoding="utf-8") == "seed: 1"


@pytest.mark.slow
def test_a_refit_that_was_left_off_is_done_by_one_command(run, unrefitted, configure):
    folder = unrefitted
    assert checkpoint(folder)["GenreDataModule"]["learnt_from"] == ["train"] and "refit/loss" not in curves(folder)
    last = f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"
    settings = settings_to_go_on_with(configure("refit=true", last), [last, "refit=true"], folder)
    train(settings, folder)
    assert figures(folder) == figures(run) and same_weights(folder, run)


@pytest.fixture(scope="module")
def stopped(configure):
    """Begin or go on with a run in a folder, and stop it in the second epoch of its refit; returns its last.ckpt."""

    def stop(folder, *overrides):
        step = MLP.training_step

        def stopping(model, batch, batch_idx):
            if model.phase == "refit" and model.current_epoch == 1:
                raise KeyboardInterrupt
            return step(model, batch, batch_idx)

        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(MLP, "training_step", stopping)
            train(configure(*overrides), folder)
        return f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"

    return stop


@pytest.mark.slow
def test_a_refit_that_was_asked_for_later_is_resumed_too(run, unrefitted, train_run, stopped):
    folder = unrefitted
    last = stopped(folder, f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'", "refit=true")
    again = train_run("refit=false", last, into=folder)  # as the settings in its folder say
    assert figures(again) == figures(run) and same_weights(again, run)


@pytest.fixture(scope="module")
def half_refitted(stopped, tmp_path_factory):
    """A run that was stopped in its refit, which nobody may change."""
    folder = tmp_path_factory.mktemp("stopped")
    stopped(folder)
    return folder


def test_a_first_fit_cannot_be_longer_once_the_refit_has_begun(configure, half_refitted, tmp_path):
    folder = shutil.copytree(half_refitted, tmp_path / "run")
    last = f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"
    with pytest.raises(UserError, match=r"trainer\.max_epochs: the first fit of that run was over after 4 epochs"):
        train(configure(last, "trainer.max_epochs=8"), folder)


def test_a_refit_cannot_go_on_without_its_first_fit(configure, half_refitted, tmp_path):
    folder = shutil.copytree(half_refitted, tmp_path / "run")
    last = f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"
    (folder / "checkpoints" / "first_fit.ckpt").unlink()
    with pytest.raises(UserError, match=r"ckpt_path: .* its first fit, .*first_fit\.ckpt, is missing"):
        train(configure(last), folder)


def test_a_first_fit_that_ends_amid_an_epoch_is_followed_by_a_refit_of_as_many_steps(train_run):
    folder = train_run("+trainer.max_steps=5")  # of 3 an epoch
    assert checkpoint(folder, "first_fit")["global_step"] == checkpoint(folder)["global_step"] == 5


@pytest.mark.parametrize("name", ["model", "first_fit"])
def test_only_the_last_checkpoint_can_be_gone_on_from(configure, run, name):
    path = (run / "checkpoints" / f"{name}.ckpt").as_posix()
    with pytest.raises(UserError, match=rf"ckpt_path: .*{name}\.ckpt holds weights only; a run goes on from .*last"):
        check(configure(f"ckpt_path='{path}'"))


def test_the_refit_learns_from_validation_too_and_its_curves_are_its_own(run, selected):
    catalogue, steps = selected[0].catalogue, checkpoint(run, "first_fit")["global_step"]
    assert checkpoint(run)["GenreDataModule"]["learnt_from"] == ["train", "val"]
    assert checkpoint(run, "last")["global_step"] == steps == 12  # 4 epochs of 18 songs, 6 a batch
    assert [step for step, _ in curves(run)["val/loss"]] == [step for step, _ in curves(run)["train/loss"]]
    assert curves(run)["refit/loss"][0] != curves(run)["train/loss"][0]
    assert len(catalogue.of_split("train")) == 18 and figures(run)["learnt_from"]["songs"] == 24
    first, last = (checkpoint(run, name)["state_dict"]["encoder.0.mean"] for name in ("first_fit", "model"))
    assert not torch.equal(first, last)  # the features' statistics are those of all songs it learnt from


def test_the_finished_weights_are_averages_of_those_of_the_last_steps(run):
    kept = checkpoint(run, "last")
    raw, averaged, finished = kept["current_model_state"], kept["state_dict"], checkpoint(run)["state_dict"]
    assert not torch.equal(raw["encoder.2.0.weight"], averaged["encoder.2.0.weight"])
    assert torch.equal(finished["encoder.2.0.weight"], averaged["encoder.2.0.weight"])
    assert torch.allclose(finished["head.weight"] * finished["temperature"], averaged["head.weight"])


def test_a_schedule_made_for_fewer_epochs_is_one_clear_line(unrefitted, train_run):
    last = (unrefitted / "checkpoints" / "last.ckpt").as_posix()
    with pytest.raises(UserError, match=r"planned for .* steps"):
        train_run("trainer.max_epochs=5", "refit=false", f"ckpt_path='{last}'", into=unrefitted)


@pytest.fixture(scope="module")
def watched(configure, tmp_path_factory):
    """What two epochs showed each step of training and validation, the score that train() gave back, and the folder."""
    seen, folder = {"training_step": [], "validation_step": []}, tmp_path_factory.mktemp("watched")

    def watching(name):
        step = getattr(MLP, name)

        def watch(model, batch, batch_idx, *more):
            training = [module.training for part in (model.encoder, model.head) for module in part.modules()]
            seen[name].append((model.current_epoch, batch.song.tolist(), training))
            return step(model, batch, batch_idx, *more)

        return watch

    with pytest.MonkeyPatch.context() as patch:
        for name in seen:
            patch.setattr(MLP, name, watching(name))
        return seen, train(configure("refit=false", "trainer.max_epochs=2"), folder), folder


@pytest.mark.slow
def test_the_network_is_in_training_mode_in_training_only(watched):
    assert all(all(training) for _, _, training in watched[0]["training_step"])
    assert not any(any(training) for _, _, training in watched[0]["validation_step"])


@pytest.mark.slow
def test_every_epoch_draws_every_song_in_another_order(watched):
    epochs = [[song for n, songs, _ in watched[0]["training_step"] if n == epoch for song in songs] for epoch in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(18)) and epochs[0] != epochs[1]


def test_the_score_of_a_run_is_the_loss_of_validation_at_the_end_of_the_first_fit(watched):
    assert watched[1] == pytest.approx(curves(watched[2])["val/loss"][-1][1], abs=1e-5)


@pytest.mark.slow
def test_a_callback_may_stop_the_first_fit_and_the_refit_takes_as_many_steps(learnt_noise):
    losses = [loss for _, loss in curves(learnt_noise)["val/loss"]]
    assert len(losses) == losses.index(min(losses)) + 1 + 3 < 40  # a patience of 3 epochs
    assert checkpoint(learnt_noise, "last")["global_step"] == checkpoint(learnt_noise, "first_fit")["global_step"]
    assert curves(learnt_noise)["refit/loss"]


def test_a_split_that_leaks_artists_is_warned_of_in_the_report(learnt_noise, run):
    shared = figures(learnt_noise)["shared_artists"]["test"]
    assert shared and set(shared) <= {f"artist {number}" for number in range(10)}
    told = (learnt_noise / "report.md").read_text(encoding="utf-8")
    assert f"Warning: there are artists on both sides, {len(shared)} in both test" in told
    assert "Warning" not in (run / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("other", ["model=cnn", "features.n_mels=20"])
def test_a_checkpoint_of_something_else_is_one_clear_line(configure, run, tmp_path, other):
    path = (run / "checkpoints" / "last.ckpt").as_posix()
    with pytest.raises(UserError, match=r"ckpt_path: .* was written .*for other features") as caught:
        train(configure(other, f"ckpt_path='{path}'"), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_checkpoint_is_one_clear_line(configure, run, tmp_path):
    path = shutil.copy(run / "report.md", tmp_path / "last.ckpt").as_posix()
    with pytest.raises(UserError, match="ckpt_path: "):
        train(configure(f"ckpt_path='{path}'"), tmp_path)
    with pytest.raises(UserError, match=r"ckpt_path: there is no file nowhere\.ckpt"):
        train(configure("ckpt_path=nowhere.ckpt"), tmp_path)


def test_a_monitor_that_does_not_exist_is_named_beside_those_that_do(configure, tmp_path):
    stop = "+callbacks.stop={_target_:lightning.pytorch.callbacks.EarlyStopping,monitor:val/acc}"
    with pytest.raises(UserError, match=r"callbacks\.stop\.monitor must be one of .*val/accuracy.*, not 'val/acc'"):
        train(configure(stop), tmp_path)


def run_script(folder, *overrides):
    """Run train.py in `folder`; returns its status, what it printed and what it complained of."""
    line = [sys.executable, str(ROOT / "train.py"), *overrides]
    done = subprocess.run(line, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform == "win32", reason="PyTorch for Windows lacks libuv, with which its processes would meet"
)
def test_two_processes_train_together_and_one_alone_goes_on(command_line, configure, tmp_path):
    steady = ("loader.batch_size=3", "learning.schedule=null")
    several = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.max_epochs=1", "refit=false")
    status, printed, told = run_script(tmp_path, *command_line(*several, *steady))
    (folder,) = (tmp_path / "logs").iterdir()
    assert status == 0 and "accuracy" in printed and printed.count("whole songs") == 1, told
    assert [figures(folder)[split]["songs"] for split in ("learnt_from", "val", "test")] == [18, 6, 6]
    assert (folder / "report.md").is_file() and (folder / ".hydra" / "config.yaml").is_file()
    assert not [*folder.glob("*ddp*")] and printed.count("epoch 1 of 1") == 1 and "Initializing" not in printed + told
    assert checkpoint(folder)["global_step"] == 3  # of 18 songs, 3 a batch, on 2 devices
    alone = song_metrics(score(Run(folder).model, serve(configure()), "test"))
    assert {name: figures(folder)["test"][name] for name in alone} == pytest.approx(alone, abs=1e-5)
    last = f"ckpt_path='{(folder / 'checkpoints/last.ckpt').as_posix()}'"
    more = ["trainer=cpu", "trainer.max_epochs=2", "refit=false", last]
    train(settings_to_go_on_with(configure(*more), more, folder), folder)
    assert figures(folder)["run"]["epochs"] == 2 and checkpoint(folder, "last")["global_step"] == 3 + 6


@pytest.mark.slow
def test_a_process_that_trains_alone_does_all_its_work_whatever_a_shell_says_of_ranks(
    command_line, tmp_path, monkeypatch
):
    for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID", "SLURM_NTASKS"):
        monkeypatch.setenv(name, "2")
    status, printed, _ = run_script(tmp_path, *command_line("trainer.max_epochs=1"))
    (folder,) = (tmp_path / "logs").iterdir()
    assert status == 0 and "whole songs" in printed and "epoch 1 of 1" in printed
    assert {"report.md", "train.log", "curves.png", "history.csv"} <= {path.name for path in folder.iterdir()}
    assert [*folder.glob("events*")] and (folder / ".hydra" / "config.yaml").is_file() and curves(folder)["val/loss"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows lacks libuv")
def test_two_processes_learn_anew_from_validation_too(command_line, tmp_path):
    several = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.max_epochs=1")
    status, printed, told = run_script(tmp_path, *command_line(*several, "loader.batch_size=3"))
    (folder,) = (tmp_path / "logs").iterdir()
    assert status == 0 and printed.count("whole songs") == 1, told
    assert [figures(folder)[split]["songs"] for split in ("learnt_from", "val", "test")] == [24, 6, 6]
    assert checkpoint(folder)["global_step"] == checkpoint(folder, "first_fit")["global_step"] == 3


def test_a_new_run_is_not_written_over_another(run, configure):
    before = (run / "report.md").read_bytes()
    with pytest.raises(
        UserError, match=r"already contains a run; choose another hydra\.run\.dir, or resume it with ckpt_path=.*last"
    ):
        train(configure(), run)
    assert (run / "report.md").read_bytes() == before


def test_a_resumed_run_refuses_another_split(unrefitted, train_run):
    last = (unrefitted / "checkpoints" / "last.ckpt").as_posix()
    with pytest.raises(UserError, match="other songs or another split"):
        train_run("refit=false", "split.method=naive", "split.seed=5", f"ckpt_path='{last}'", into=unrefitted)


def test_training_in_mixed_precision(train_run):
    folder = train_run("trainer.precision=bf16-mixed", "trainer.max_epochs=1", "model=cnn", "model.channels=[4,8]")
    assert 0 <= figures(folder)["test"]["accuracy"] <= 1


WRONG = [
    pytest.param("trainer.accelerator=gpu", marks=pytest.mark.skipif(GPU, reason="there is a GPU")),
    "model.dropout=lots",
    "report.calibration_draws=0",
    "baseline.C=0",
    "trainer.max_epochs=-1",
    "seed=-1",
    "learning.label_smoothing=2",
    "learning.class_weights=off",
    "trainer.precision=bf16",
    "loader.batch_size=1",
    "loader.window_seconds=-1.5",
    "loader.windows_per_song=0",
    "loader.overlap=1.0",
    "loader.num_workers=-1",
    "split.val_fraction=2",
    "split.method=fair",
    "augment.mixup.alpha=0",
    "engine.num_workers=two",
]


@pytest.mark.parametrize("setting", WRONG)
def test_what_would_fail_at_the_end_fails_before_any_song_is_read(configure, tmp_path, monkeypatch, setting):
    monkeypatch.setattr("genre_lightning.data.extraction.read_song", lambda *_: pytest.fail("a song was read"))
    nothing_cached = f"cache.root='{(tmp_path / 'cache').as_posix()}'"
    with pytest.raises(UserError, match=setting.split("=")[0].replace(".", ".*")):
        train(configure(nothing_cached, setting), tmp_path)


@pytest.mark.parametrize("method", ["auto", "artist", "published", "naive"])
def test_settings_of_the_splits_are_no_mistakes(configure, method):
    check(configure(f"split.method={method}", "loader.windows_per_song=3", "loader.overlap=0"))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["learning.optimizer.lr=-1", "learning.schedule=null"], r"learning\.optimizer: .*-1"),
        (["+learning.optimizer.foo=1"], r"learning\.optimizer: .*'foo'"),
        (["loader.window_seconds=0"], r"loader\.window_seconds must be a number from 0\.001 to 3600, not 0"),
        (["loader.window_seconds=nan"], r"loader\.window_seconds must be a number .*, not nan"),
        (["model=cnn", "features=pretrained"], "model=cnn reads features=logmel, mfcc or chroma, which make a picture"),
        (["model=linear", "model.C=0"], r"model\.C must be above 0, or null, not 0"),
        (["model=cnn", "model.channels=[4,0.5]"], r"model\.channels"),
        (["model=cnn", "model.dropout=2"], r"dropout probability .* 2"),
    ],
)
def test_a_network_that_cannot_be_built_is_told_of_before_any_song_is_read(configure, monkeypatch, settings, line):
    monkeypatch.setattr("genre_lightning.data.datamodule.GenreDataModule.prepare_data", lambda _: pytest.fail("read"))
    with pytest.raises(Exception) as error:
        train(configure(*settings), Path("unused"))
    assert is_for_users(error.value) and re.search(line, explain(error.value))


def test_training_that_went_astray_is_no_result(configure, tmp_path):
    with pytest.raises(UserError, match=r"val/loss became infinite or NaN; try a lower learning\.optimizer\.lr"):
        train(configure("learning.optimizer.lr=1e30", "trainer.max_epochs=2"), tmp_path)
    assert not (tmp_path / "metrics.json").exists()


def test_the_seed_and_nothing_else_decides_with_which_weights_a_model_begins(configure):
    data = serve(configure())
    begun = []
    for seed in (0, 0, 1):
        torch.rand(3)
        begun.append(build_model(configure(f"seed={seed}"), data).head.weight)
    assert torch.equal(begun[0], begun[1]) and not torch.equal(begun[0], begun[2])
