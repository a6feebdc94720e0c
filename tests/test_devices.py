import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from genre_lightning.devices import (
    CACHE_FOLDERS,
    check_accelerator,
    check_help_as_text,
    give_caches_a_folder,
    gpus,
    jobs_at_once,
    leave_group,
)
from genre_lightning.errors import UserError

PREPARE = "from genre_lightning.devices import prepare_process; prepare_process(); "
WARN = """
import warnings
warnings.simplefilter("default")  # as Lightning does for its own
for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning, UserWarning):
    warnings.warn(f"here is a {category.__name__}", category)
warnings.warn("\\nThe version_base parameter is deprecated".strip())
warnings.warn("Hydra configured Python logging without an execution whitelist.")
warnings.warn("GPU available but not used. You can set it by doing `Trainer(accelerator='gpu')`.")
"""


def run(*arguments, **environment):
    """A Python of its own, which a prepared environment of this one does not reach."""
    ours = ("OMP_", "GOMP_", "PYTHONWARN", "GENRE_LIGHTNING_", "HYDRA_FULL_ERROR", "ORT_", *CACHE_FOLDERS)
    own = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=own | environment, capture_output=True, text=True, check=True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch brings another OpenMP there")
def test_threads_that_wait_soon_give_way_to_other_programs_unless_somebody_wants_it_otherwise():
    told = run("-c", PREPARE + "import torch", OMP_DISPLAY_ENV="VERBOSE").stderr  # of OpenMP as it is loaded
    assert "GOMP_SPINCOUNT = '10000'" in told
    shown = PREPARE + "import os; print(os.environ.get('GOMP_SPINCOUNT'))"
    assert run("-c", shown, GOMP_SPINCOUNT="7").stdout == "7\n"
    assert run("-c", shown, OMP_WAIT_POLICY="ACTIVE").stdout == "None\n"


MODULES = (
    "__main__", "data.prune", "devices", "embed.neighbours", "errors", "predict.cli", "predict.onnx",
    "predict.predictor", "runs.overview", "runs.folders",
)  # fmt: skip


def test_importing_the_package_sets_nothing():
    before = "import os, warnings; before = dict(os.environ), warnings.showwarning; "
    imports = "".join(f"import genre_lightning.{module}; " for module in MODULES)
    run("-c", before + imports + "assert (dict(os.environ), warnings.showwarning) == before")


@pytest.fixture
def caches(monkeypatch, tmp_path):
    """The variables that say where libraries keep their caches, unset; they are as they were afterwards."""
    for name in (*CACHE_FOLDERS, "HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_caches_are_kept_in_a_temporary_folder_if_the_home_cannot_be_written_to(caches, monkeypatch):
    monkeypatch.setenv("HOME", str(caches / "home"))  # which does not exist
    monkeypatch.setattr(os.path, "expanduser", lambda path: os.environ["HOME"])
    give_caches_a_folder()
    (folder,) = caches.iterdir()
    assert {os.environ[name] for name in CACHE_FOLDERS} == {str(folder)}
    assert os.environ["HOME"] == str(caches / "home")  # what lies there can still be read


def test_without_a_home_the_temporary_folder_is_one(caches, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.setenv("MPLCONFIGDIR", "chosen")
    give_caches_a_folder()
    (folder,) = caches.iterdir()
    assert os.environ["HOME"] == os.environ["NUMBA_CACHE_DIR"] == str(folder)
    assert os.environ["MPLCONFIGDIR"] == "chosen"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("tempfile.tempdir", str(caches / "nowhere"))  # where nothing can be written
    give_caches_a_folder()
    assert "HOME" not in os.environ


def test_a_home_is_used_as_always(caches, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: str(caches))
    give_caches_a_folder()
    assert not list(caches.iterdir()) and not {*CACHE_FOLDERS} & os.environ.keys()


def test_users_see_no_deprecation_of_a_package_and_all_other_warnings():
    assert [line for line in run("-c", PREPARE + WARN).stderr.splitlines() if "Warning: " in line] == [
        "<string>:5: UserWarning: here is a UserWarning"
    ]


def test_who_asks_for_warnings_sees_deprecations_too():
    shown = run("-W", "default", "-c", PREPARE + WARN).stderr
    assert shown.count("Warning: here is a") == 4 and "version_base" in shown and "whitelist" in shown


@pytest.fixture
def python_3_14(monkeypatch):
    """Have argparse look into each help text as an argument is added, as it does since Python 3.14."""
    if "_check_help" in vars(argparse.ArgumentParser):  # mended already, by a test of a command
        monkeypatch.delattr(argparse.ArgumentParser, "_check_help")
    if sys.version_info >= (3, 14):
        return
    add = argparse.ArgumentParser.add_argument

    def check_help(parser, action):
        try:
            parser._get_formatter()._expand_help(action)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError("badly formed help string") from error

    def add_argument(parser, *names, **settings):
        parser._check_help(action := add(parser, *names, **settings))
        return action

    monkeypatch.setattr(argparse.ArgumentParser, "_check_help", check_help, raising=False)
    monkeypatch.setattr(argparse.ArgumentParser, "add_argument", add_argument)


@pytest.mark.usefixtures("python_3_14")
def test_hydra_starts_where_argparse_looks_into_help_texts(monkeypatch):
    import hydra
    from hydra._internal.utils import get_args_parser

    if hydra.__version__.startswith("1.3"):
        with pytest.raises(ValueError, match="badly formed help string"):
            get_args_parser()
    monkeypatch.setattr(argparse.ArgumentParser, "_check_help", argparse.ArgumentParser._check_help)  # undone later
    check_help_as_text()
    parsed = get_args_parser().parse_args(["--multirun", "model=lstm,cnn"])
    assert parsed.multirun and parsed.overrides == ["model=lstm,cnn"]
    with pytest.raises(ValueError, match="badly formed help string"):
        argparse.ArgumentParser().add_argument("--rate", help="100 % of it")


COMMANDS = """
import importlib, os, sys
from genre_lightning.devices import prepare_process
sys.path.insert(0, sys.argv[1])
for command in ("train", "embed", "fetch"):
    importlib.import_module(command)
    print(os.environ.pop("ORT_DISABLE_TELEMETRY"))  # with which ONNX Runtime reports nothing to its makers
    prepare_process.cache_clear()
"""


def test_a_command_prepares_its_process():
    assert run("-c", COMMANDS, str(Path(__file__).parents[1])).stdout == "1\n1\n1\n"


@pytest.fixture
def broken_torchvision(tmp_path):
    """A torchvision that is installed, as far as its version tells, and cannot be loaded; returns where it lies."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("raise RuntimeError('operator nms does not exist')")
    (tmp_path / "torchvision-0.19.0.dist-info").mkdir()
    metadata = "Metadata-Version: 2.1\nName: torchvision\nVersion: 0.19.0\n"
    (tmp_path / "torchvision-0.19.0.dist-info" / "METADATA").write_text(metadata)
    return str(tmp_path)


@pytest.mark.slow
def test_a_torchvision_that_was_left_beside_a_new_torch_is_not_loaded(broken_torchvision):
    figures = "from torchmetrics.classification import MulticlassAccuracy; MulticlassAccuracy(3)"
    with pytest.raises(subprocess.CalledProcessError):
        run("-c", "import torchvision", PYTHONPATH=broken_torchvision)
    run("-c", PREPARE + figures, PYTHONPATH=broken_torchvision)


def test_a_gpu_is_asked_for_only_where_there_is_one(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    for accelerator in ("auto", "cpu"):
        check_accelerator(accelerator)
    with pytest.raises(UserError, match=r"trainer\.accelerator: PyTorch finds no gpu here; use trainer=auto"):
        check_accelerator("gpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    check_accelerator("gpu")


def test_a_process_leaves_its_group_once_and_alone_nothing_happens(tmp_path):
    leave_group()
    torch.distributed.init_process_group("gloo", init_method=(tmp_path / "meet").as_uri(), rank=0, world_size=1)
    leave_group()
    assert not torch.distributed.is_initialized()
    leave_group()


PAGES = """
import resource, torch
from genre_lightning.devices import prepare_process

def pages():
    for step in range(16):
        if step == 12:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.zeros(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = pages()
prepare_process()
assert pages() < 1000 < given_back  # 40 MB are 10,000 of them
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other C libraries")
def test_memory_that_was_freed_is_not_asked_of_the_system_again():
    run("-c", PAGES)


@pytest.mark.parametrize(
    ("given", "expected"), [("0,1", ["0", "1"]), ("GPU-5, 7", ["GPU-5", "7"]), ("", []), ("-1", [])]
)
def test_as_many_runs_at_once_as_gpus_may_be_used_or_else_as_processors(given, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    monkeypatch.setattr("genre_lightning.devices.threads", lambda: 5)
    assert gpus() == expected and jobs_at_once() == (len(expected) or 5)


def test_all_gpus_may_be_used_where_nothing_else_is_said(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    assert gpus() == ["0", "1", "2"]
