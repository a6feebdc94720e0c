import logging
import os
import socket
import sys
from pathlib import Path

import pytest
from campaigns.started import start
from finished import checkpoint, figures
from lightning.fabric.plugins.environments import SLURMEnvironment, TorchElasticEnvironment
from lightning.fabric.utilities.rank_zero import _get_rank
from omegaconf import OmegaConf
from serving import score, serve
from torch.distributed import HashStore

from genre_lightning import launched
from genre_lightning.errors import UserError
from genre_lightning.launched import (
    check_launched,
    check_one_process,
    first_says,
    is_alone,
    is_first_process,
    launcher,
    settle_ranks,
)
from genre_lightning.metrics import song_metrics
from genre_lightning.runs.run import Run

TORCHRUN = {"TORCHELASTIC_RUN_ID": "a", "RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2"}
SRUN = {"SLURM_JOB_ID": "42", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2", "SLURM_PROCID": "1"}
SRUN |= {"SLURM_LOCALID": "1"}


@pytest.fixture
def told(monkeypatch):
    """Set the variables of a launcher, which are there as long as a test lasts."""
    kept = dict(os.environ)
    monkeypatch.setattr(logging.root.manager, "disable", 0)

    def tell(variables):
        os.environ.update(variables)

    yield tell
    os.environ.clear()
    os.environ.update(kept)


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "SLURM_PROCID"])
def test_whoever_is_told_of_a_rank_above_0_is_not_the_first(told, name):
    told({name: "0"})
    assert is_first_process()
    told({name: "1"})
    assert not is_first_process()


ALONE = [({"devices": 1}, True), ({"devices": "1", "num_nodes": 1}, True), ({"devices": [3]}, True)]
ALONE += [({"devices": 2}, False), ({"devices": "auto"}, False), ({"devices": [0, 1]}, False), ({"devices": -1}, False)]
ALONE += [({"devices": "3,"}, True), ({"devices": "0,1"}, False), ({"devices": "3"}, False)]
ALONE += [({"devices": "auto", "accelerator": "cpu"}, True), ({"devices": -1, "accelerator": "mps"}, True)]


@pytest.mark.parametrize(("trainer", "alone"), [*ALONE, ({"devices": 1, "num_nodes": 2}, False)])
def test_one_device_of_one_machine_is_alone(trainer, alone, monkeypatch):
    monkeypatch.setattr("genre_lightning.launched.devices_here", lambda: 2)
    assert is_alone(OmegaConf.create(trainer)) is alone


@pytest.mark.parametrize(("gpus", "alone"), [(0, True), (1, True), (2, False)])
def test_all_devices_may_be_one(gpus, alone, monkeypatch):
    monkeypatch.setattr("genre_lightning.launched.devices_here", lambda: gpus)
    assert is_alone(OmegaConf.create({"devices": "auto", "accelerator": "auto"})) is alone


@pytest.mark.parametrize("variables", [TORCHRUN, SRUN])
def test_who_trains_alone_is_the_first_for_lightning_too_whatever_a_shell_says(told, variables):
    told(variables)
    assert _get_rank() == 1 and launcher() is not None
    settle_ranks(OmegaConf.create({"devices": 1}))
    assert is_first_process() and launcher() is None and not _get_rank()
    assert not SLURMEnvironment.detect() and not TorchElasticEnvironment.detect()


def test_of_several_processes_the_first_one_logs(told, caplog):
    for rank in ("0", "1"):
        told(TORCHRUN | {"RANK": rank, "LOCAL_RANK": rank})
        settle_ranks(OmegaConf.create({"devices": 2}))
        logging.getLogger("genre_lightning").warning("from %s", rank)
    assert caplog.messages == ["from 0"]


def test_a_run_has_as_many_processes_as_were_started_for_it(told):
    check_launched(2, 1)  # Lightning starts the other one
    with pytest.raises(UserError, match=r"trainer\.num_nodes: a run on 2 machines .* by torchrun or srun"):
        check_launched(1, 2)
    told(SRUN)
    check_launched(2, 1)
    check_launched(1, 2)
    line = r"trainer\.devices=4 and trainer\.num_nodes=2 make 8 processes, and srun has started 2"
    with pytest.raises(UserError, match=line):
        check_launched(4, 2)
    told(TORCHRUN | {"WORLD_SIZE": "8"})
    check_launched(4, 2)


def test_tasks_whose_machines_slurm_does_not_tell_are_one_line(told):
    told({"SLURM_NTASKS": "2"})
    with pytest.raises(UserError, match=r"srun: .*--ntasks-per-node=2"):
        launcher()


def test_a_sweep_is_not_begun_by_torchrun(told):
    check_one_process()
    told(TORCHRUN)
    with pytest.raises(UserError, match=r"not by torchrun; .* hydra/launcher=joblib"):
        check_one_process()


def test_what_the_first_process_says_all_hear(told, monkeypatch):
    assert first_says("folder", lambda: "mine") == "mine"
    store = HashStore()
    monkeypatch.setattr(launched, "meeting", lambda: store)
    assert first_says("folder", lambda: "the first's") == "the first's"
    told({"RANK": "1"})
    assert first_says("folder", lambda: pytest.fail("asked the second")) == "the first's"
    monkeypatch.setattr(launched, "WAIT", launched.timedelta(milliseconds=1))
    with pytest.raises(UserError, match="the processes of this run do not meet, since another one has ended"):
        first_says("features", lambda: pytest.fail("asked the second"))


@pytest.fixture
def together(told, tmp_path, monkeypatch, command_line):
    """Start train.py twice, as torchrun does; returns the runs' folders and what the processes complained of."""
    monkeypatch.chdir(tmp_path)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])

    def train(*overrides):
        variables = TORCHRUN | {"MASTER_ADDR": "localhost", "MASTER_PORT": port}
        line = command_line("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", *overrides)
        ranks = [variables | {"RANK": rank, "LOCAL_RANK": rank} for rank in "01"]
        processes = [start(line, tmp_path / f"told{rank['RANK']}", drawn=False, **rank) for rank in ranks]
        for process in processes:
            process.join(60)
        told = [(tmp_path / f"told{rank}").read_text(encoding="utf-8") for rank in "01"]
        assert [process.exitcode for process in processes] == [0, 0], told
        return [*Path("logs").iterdir()], told

    return train


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows lacks libuv, with which processes meet")
def test_two_processes_are_one_run_in_which_each_song_is_judged_once_and_the_first_one_writes(together, configure):
    (folder,), told = together("trainer.max_epochs=1", "refit=false", "loader.batch_size=3")
    assert told[0].count("whole songs") == told[0].count("epoch 1 of 1") == 1 and told[1] == ""
    assert [figures(folder)[split]["songs"] for split in ("learnt_from", "val", "test")] == [18, 6, 6]
    one = song_metrics(score(Run(folder).model, serve(configure()), "test"))
    assert {name: figures(folder)["test"][name] for name in one} == pytest.approx(one, abs=1e-5)
    assert checkpoint(folder)["global_step"] == 3  # of 18 songs, 3 a batch, on 2 devices
    written = {path.name for path in folder.iterdir() if "tfevents" not in path.name}
    assert len({path.name.split(".")[-2] for path in folder.glob("*tfevents*")}) == 1  # all of one process
    assert written == {
        ".hydra", "checkpoints", "history.csv", "manifest.csv", "metrics.json", "predictions.csv", "report.md",
        "train.log",
    }  # fmt: skip
