import errno
import logging
import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from genre_lightning.errors import UserError, explain
from genre_lightning.runs.folders import (
    run_folder,
    run_name,
    telling,
    told_how_to_go_on,
    untouched_if_refused,
    write_log,
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_runs_get_folders_of_their_own_named_after_their_settings_and_time():
    names = {run_folder(None, "cnn_logmel_seed7") for _ in range(20)}
    assert len(names) == 20 and all(Path(name).is_dir() for name in names)
    named = r"logs/cnn_logmel_seed7_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(_\d+)?"
    assert all(re.fullmatch(named, name) for name in names)


DIFFERENCES = {
    "learning.optimizer.lr=0.01": "lr0.01",
    "learning.optimizer.lr=0.00896858981000588": "lr0.008969",
    "split.method=naive": "method-naive",
    "+trainer.max_time={minutes: 10}": "max_time-minutes-10",
    "augment=[gain,mixup]": "augment-gain-mixup",
    "~callbacks.ema": "ema-none",
    "data=gtzan": "gtzan",
    "data.root='/home of/songs'": "songs",
    "data.root=D:\\songs": "songs",
    "data.root=my songs": "my-songs",
    "data.root=my\\ songs": "my-songs",  # as a sweep hands it to its jobs
    "data.root=D\\:\\\\a\\\\my\\ songs\\ \\(2\\)": "my-songs-2",
    "data.root=музыка": "none",
    "experiment=four_cnn": "four_cnn",
}


@pytest.mark.parametrize(("override", "named"), DIFFERENCES.items())
def test_the_name_of_a_run_says_what_was_typed_in_signs_of_every_system(override, named):
    untold = [
        "model=cnn",
        "seed=7",
        "cache.root=/c",
        "trainer=gpu",
        "trainer.devices=2",
        "trainer.num_nodes=2",
        "+logger.mine=x",
        "refit=false",
    ]
    assert run_name("cnn", "logmel", 7, [*untold, override]) == f"cnn_logmel_seed7_{named}"
    assert telling([*untold, override]) == [override]


def test_a_long_name_is_cut():
    name = run_name("cnn", "logmel", 7, [f"model.width{number}=1" for number in range(50)])
    assert name.startswith("cnn_logmel_seed7_width01_width11") and len(name) <= 80 and name[-1] != "_"


def test_a_place_where_nothing_can_be_written_is_a_line(monkeypatch):
    def refuse(self, *how, **more):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    folder = OmegaConf.create({"dir": "${run_folder:null,cnn_logmel_seed7}"})
    with pytest.raises(OmegaConfBaseException) as caught:
        _ = folder.dir
    expected = "logs cannot be made: Read-only file system; name another folder with hydra.run.dir=DIR, or run it from"
    assert explain(caught.value).startswith(expected)


@pytest.fixture
def begun(tmp_path):
    """A run's folder as it is before any work, with its log open."""
    folder = tmp_path / "begun"
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").touch()
    handler = logging.FileHandler(folder / "train.log")
    logging.root.addHandler(handler)
    yield folder
    logging.root.removeHandler(handler)
    handler.close()


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("end", [UserError("a mistake"), KeyboardInterrupt()])
def test_a_run_that_ends_before_any_work_leaves_no_folder(begun, end):
    with pytest.raises(type(end)), untouched_if_refused(begun):
        raise end
    assert not begun.exists()
    logging.getLogger("genre_lightning").warning("logging goes on, without that file")
    assert not begun.exists()


@pytest.mark.parametrize("more", ["checkpoints/last.ckpt", "another run/.hydra/config.yaml"])
def test_a_folder_with_anything_else_in_it_stays_as_it_is(begun, more):
    (begun / more).parent.mkdir(parents=True)
    (begun / more).touch()
    before = everything(begun)
    with pytest.raises(UserError), untouched_if_refused(begun):
        raise UserError("a mistake")
    assert everything(begun) == before


def test_what_somebody_else_put_among_the_settings_stays_and_a_folder_that_is_gone_hides_no_mistake(begun):
    (begun / ".hydra" / "notes.txt").touch()
    for folder in (begun, begun / "gone"):
        with pytest.raises(UserError, match="a mistake"), untouched_if_refused(folder):
            raise UserError("a mistake")
    assert (begun / ".hydra" / "notes.txt").exists()


def test_the_folder_one_works_in_stays(begun, monkeypatch):
    monkeypatch.chdir(begun)
    with pytest.raises(UserError), untouched_if_refused(Path()):
        raise UserError("a mistake")
    assert (begun / "train.log").exists()


def test_a_run_without_a_mistake_keeps_its_folder(begun):
    with untouched_if_refused(begun):
        pass
    assert everything(begun) == [".hydra", ".hydra/config.yaml", "train.log"]


FULL = OSError(errno.ENOSPC, "No space left on device", "logs/run/checkpoints/last.ckpt.0123abcd.tmp")


@pytest.mark.parametrize(("error", "raised"), [(KeyboardInterrupt(), KeyboardInterrupt), (FULL, UserError)])
def test_a_run_that_stops_says_what_is_kept_and_how_it_goes_on(tmp_path, error, raised):
    folder = tmp_path / "my run"
    with (
        pytest.raises(raised, match=r"nothing was learnt yet.*: type the same command again"),
        told_how_to_go_on(folder),
    ):
        raise error
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "last.ckpt").touch()
    with pytest.raises(raised) as caught, told_how_to_go_on(folder):
        raise error
    assert str(caught.value).endswith(f"""python train.py 'ckpt_path={folder.as_posix()}/checkpoints/last.ckpt'""")
    if raised is UserError:
        checkpoints = Path("logs", "run", "checkpoints").absolute()
        assert str(caught.value).startswith(f"{checkpoints}: no space left on the disk; make room; what was learnt is")


def test_other_errors_of_a_run_are_left_as_they_are(tmp_path):
    with pytest.raises(ZeroDivisionError), told_how_to_go_on(tmp_path):
        raise ZeroDivisionError


@pytest.fixture
def logged(begun):
    """A run's folder with a log."""
    logging.getLogger("genre_lightning").warning("the first part")
    (begun / "metrics.json").touch()
    return begun / "train.log"


def test_no_line_of_a_run_that_is_refused_gets_into_the_log_of_another_one(logged):
    with pytest.raises(UserError), untouched_if_refused(logged.parent):
        logging.getLogger("genre_lightning").warning("the folder of another run")
        raise UserError("holds a run")
    for handler in logging.root.handlers:
        handler.flush()  # as Python does when it ends
    assert logged.read_text() == "the first part\n"


def test_the_log_of_a_run_that_goes_on_has_every_line(logged):
    with untouched_if_refused(logged.parent):
        logging.getLogger("genre_lightning").warning("it goes on")
        write_log()
        logging.getLogger("genre_lightning").warning("to its end")
    assert logged.read_text() == "the first part\nit goes on\nto its end\n"


def name_of_job(sweeper, number, *typed):
    hydra = {"runtime": {"choices": {"hydra/sweeper": sweeper}}, "job": {"num": number}, "overrides": {"task": typed}}
    return OmegaConf.create({"hydra": hydra, "name": "${job_name:}"}).name


def test_jobs_are_numbered_but_those_of_a_search_which_counts_anew_have_names_of_their_own():
    assert name_of_job("basic", 3, "x=1") == "3"
    names = [name_of_job("optuna", 0, *typed) for typed in (("x=1", "y=2"), ("y=2", "x=1"), ("x=1", "y=3"))]
    assert names[0] == names[1] != names[2] and all(len(name) == 8 for name in names)


OF_ITS_OWN = r"^logs/cnn_logmel_seed3_gtzan_[\d_-]+$"


@pytest.mark.parametrize(
    ("ckpt_path", "expected"),
    [(None, OF_ITS_OWN), ("downloads/model.ckpt", OF_ITS_OWN), ("a/checkpoints/b.ckpt", r"/a$")],
)
def test_a_configuration_asks_for_a_new_folder_or_that_of_the_run_which_goes_on(ckpt_path, expected):
    config = OmegaConf.create(
        {
            "ckpt_path": ckpt_path,
            "seed": 3,
            "typed": ["seed=3", "data=gtzan"],
            "dir": "${run_folder:${ckpt_path},${run_name:cnn,logmel,${seed},${typed}}}",
        }
    )
    assert re.search(expected, config.dir) and config.dir == config.dir
