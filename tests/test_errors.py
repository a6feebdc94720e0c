import errno
import importlib
import importlib.util
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from hydra.utils import instantiate
from omegaconf import OmegaConf

import genre_lightning.errors
import genre_lightning.models
from genre_lightning.audio.reading import read_audio
from genre_lightning.command_line.ending import run_command
from genre_lightning.config import check_types, find_class
from genre_lightning.embed.projection import UMAP
from genre_lightning.errors import (
    CALLED,
    TRACEBACK,
    UserError,
    explain,
    install,
    is_for_users,
    is_tested,
    one_line_errors,
    packages,
    requirements,
)
from genre_lightning.predict.onnx import read_exported
from genre_lightning.runs.run import Run

APP = """
defaults:
  - model: small
  - _self_
root: ???
lost: ${nowhere}
seed: 0
features: {_target_: genre_lightning.features.mel.LogMel, n_fft: 2048}
data: {_target_: genre_lightning.data.sources.folder.folder, root: /does/not/exist}
"""


@pytest.fixture
def composed(tmp_path):
    """Compose a small Hydra app with overrides."""
    (tmp_path / "model").mkdir()
    (tmp_path / "app.yaml").write_text(APP, encoding="utf-8")
    (tmp_path / "model" / "small.yaml").write_text("width: 3", encoding="utf-8")
    (tmp_path / "model" / "large.yaml").write_text("width: 9", encoding="utf-8")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        yield lambda *overrides: compose("app", overrides=list(overrides))


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """What the environment was before, afterwards; nobody asked for tracebacks."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setenv(TRACEBACK, "0")


def fail(error):
    raise error


def ended(error):
    """Raise an error in a command; returns the status that the program ends with."""
    with pytest.raises(SystemExit) as caught:
        run_command(fail, error)
    return caught.value.code


def test_a_user_s_mistake_is_one_line():
    assert ended(UserError("data.root: there is no folder")) == "error: data.root: there is no folder"


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, TypeError, AssertionError, OSError])
def test_a_mistake_of_the_programmer_keeps_its_traceback(error):
    with pytest.raises(error):
        run_command(fail, error())


def test_whoever_wants_the_traceback_gets_it(monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.delenv(TRACEBACK)
    with pytest.raises(UserError):  # once the command has set for Hydra what it must see
        run_command(one_line_errors(fail), UserError("data.root: there is no folder"))


JOB = """
import hydra
from genre_lightning.devices import prepare_process
from genre_lightning.command_line.ending import run_command
from genre_lightning.errors import UserError, one_line_errors

prepare_process()

@hydra.main(version_base="1.3", config_path=None)
@one_line_errors
def main(cfg):
    if cfg.n < 2:
        raise UserError(f"n must be 2 or more, not {cfg.n}")
    print("done", cfg.n, flush=True)

if __name__ == "__main__":
    run_command(main)
"""


@pytest.fixture
def job(tmp_path):
    """Run a small program that Hydra starts; returns its status, what it printed and what it complained of."""
    (tmp_path / "job.py").write_text(JOB, encoding="utf-8")

    def run(*arguments, traceback="0"):
        environment = {**os.environ, "HYDRA_FULL_ERROR": traceback}
        del environment[TRACEBACK]
        ended = subprocess.run(
            [sys.executable, "job.py", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ended.returncode, ended.stdout, ended.stderr

    return run


def test_a_mistake_in_a_job_is_one_line_and_none_of_hydra_s_or_a_traceback(job):
    assert job("+n=1") == (1, "", "error: n must be 2 or more, not 1\n")
    status, _, told = job("+n=1", traceback="1")
    assert status == 1 and "Traceback" in told and told.rstrip().endswith("UserError: n must be 2 or more, not 1")


def test_a_sweep_goes_on_after_a_mistake_and_ends_with_status_1(job):
    status, printed, told = job("-m", "+n=2,1,3")
    assert status == 1 and [line for line in printed.splitlines() if "HYDRA" not in line] == ["done 2", "done 3"]
    assert told.startswith("error: n must be 2") and "Traceback" not in told


PICKLE = """
import runpy, sys
import cloudpickle
for command in sys.argv[1:]:
    assert callable(cloudpickle.loads(cloudpickle.dumps(runpy.run_path(command)["main"].__wrapped__)))
"""


def test_launchers_that_start_other_processes_can_pickle_each_command_s_job():
    pytest.importorskip("cloudpickle")
    commands = [str(Path(__file__).parents[1] / f"{name}.py") for name in ("train", "embed", "fetch")]
    subprocess.run([sys.executable, "-c", PICKLE, *commands], check=True)


EXPLAINED = [
    ("rot=1", "root", "^there is no setting 'rot'"),
    ("model.depth=1", "root", "^there is no setting 'model.depth'"),
    ("model=huge", "root", "model/huge.*large small"),
    ("model.width=[1", "root", r"\[1"),
    ("seed=3", "root", r"^root is not set; add root=\.\.\. to the command$"),
    ("data.root=${nowhere}", "data", r"^there is no setting 'nowhere', which \$\{nowhere\} stands for$"),
    ("data.root=???", "data", r"^data\.root is not set; add data\.root=\.\.\. to the command$"),
    ("seed=3", "lost", "nowhere"),
    ("seed=3", "data", r"^data\.root: there is no folder"),
    ("features.n_fft=-1", "features", "^features: n_fft must be above 0, and at most 32768, not -1$"),
    ("+features.nfft=512", "features", "^features: .*nfft"),
    ("features._target_=genre_lightning.features.mel.Nothing", "features", "^features: .*Nothing"),
]


@pytest.mark.parametrize(("override", "wanted", "told"), EXPLAINED)
def test_a_setting_that_does_not_exist_is_not_set_or_is_refused_is_one_line(composed, override, wanted, told):
    with pytest.raises(Exception) as caught:  # whatever Hydra raises
        instantiate(composed(override)[wanted])
    text = explain(caught.value)
    assert is_for_users(caught.value) and re.search(told, text)
    assert not re.search("\n|full_key|object_type|provider|https", text)


def test_lightning_s_advice_is_for_users():
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    assert ended(MisconfigurationException("no such accelerator\n is there")) == "error: no such accelerator is there"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_cannot_be_written_to_is_named(number):
    code = ended(OSError(number, os.strerror(number), "logs/run"))
    told = f"error: logs/run: {os.strerror(number)}; name another folder, or get permission to use this one"
    assert code == told


def test_too_many_open_files_are_a_line():
    told = ended(OSError(errno.EMFILE, os.strerror(errno.EMFILE), "cache/0.features.npy"))
    assert told.startswith("error: more files are open at once than the system allows")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_by_its_folder_and_what_is_safe(number, tmp_path):
    around = RuntimeError("a library's own")
    around.__cause__ = OSError(number, os.strerror(number), str(tmp_path / "last.ckpt"))
    for error in (around, around.__cause__):
        told = ended(error)
        assert told.startswith(f"error: {tmp_path}: no space left on the disk; files that were there are whole")


def test_a_full_disk_that_no_file_is_named_of_is_that_of_what_is_printed():
    told = ended(OSError(errno.ENOSPC, "No space left on device"))
    assert told.startswith("error: what is printed: no space left on the disk;")


def test_a_package_that_is_not_installed_is_named_with_the_command_that_installs_it():
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("soxr_of_tomorrow")
    line = "error: No module named 'soxr_of_tomorrow'; install it, or all that is needed here: pip install -e "
    assert ended(caught.value).startswith(line)


def test_a_module_of_ours_that_is_not_there_is_a_mistake_of_the_programmer():
    with pytest.raises(ModuleNotFoundError):
        run_command(importlib.import_module, "genre_lightning.nothing")


@pytest.fixture
def break_package(tmp_path, monkeypatch):
    """Put a package before the one that is installed, or in place of none, whose import raises what is given."""

    def broken(name, raised, needs=()):
        for loaded in [module for module in sys.modules if module.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, loaded)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"def load():\n    raise {raised}\nload()\n", encoding="utf-8")
        if importlib.util.find_spec(name) is None:
            (tmp_path / f"{name}-0.1.dist-info").mkdir()
            required = "".join(f"Requires-Dist: {need}\n" for need in needs)
            metadata = {"METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n{required}"}
            for file, text in (metadata | {"top_level.txt": name}).items():
                (tmp_path / f"{name}-0.1.dist-info" / file).write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

    return broken


IMPORTS_RAISE = (
    "OSError('lib.so: undefined symbol: torch_exception')",
    "ImportError('DLL load failed while importing _core')",
    "AttributeError('_ARRAY_API not found\\nand more')",
)


@pytest.mark.parametrize("raised", IMPORTS_RAISE)
def test_a_package_that_cannot_be_loaded_is_a_line_with_versions_and_what_to_type(break_package, raised):
    break_package("brokenaudio", raised, ["numpy>=1", "nothing-like-it", "torch; extra == 'all'"])
    with pytest.raises(Exception) as caught:
        importlib.import_module("brokenaudio")
    line = ended(caught.value)
    beside = f"numpy {version('numpy')}, Python {platform.python_version()}"
    reason = raised.replace("('", ": ").split("\\")[0].removesuffix("')")
    assert line == (
        f"error: brokenaudio 0.1 cannot be loaded ({reason}) with {beside}; nothing here needs it: "
        "pip install --upgrade brokenaudio, or pip uninstall brokenaudio"
    )


def test_the_package_at_fault_is_named_where_another_one_imports_it(break_package, tmp_path, monkeypatch):
    break_package("brokenaudio", "ImportError('no')")
    (tmp_path / "outer.py").write_text("import brokenaudio", encoding="utf-8")
    with pytest.raises(ImportError) as caught:
        importlib.import_module("outer")
    assert ended(caught.value).startswith("error: brokenaudio 0.1 cannot be loaded")


def at_another_rate(folder, write_song):
    read_audio(write_song(folder / "a.wav"), 22050)


USES = {
    "torchaudio": lambda folder, _: instantiate(
        {"_target_": "genre_lightning.data.sources.gtzan.gtzan", "root": str(folder)}
    ),
    "soundfile": at_another_rate,
    "soxr": at_another_rate,
    "av": lambda folder, write_song: read_audio(write_song(folder / "a.ogg"), 8000),
    "numba": lambda *_: UMAP().fit(np.eye(9)),
    "onnxruntime": lambda folder, _: read_exported(folder / "model.onnx"),
}


@pytest.mark.slow
@pytest.mark.parametrize("package", USES)
def test_each_compiled_package_is_told_of_where_it_is_used(package, break_package, tmp_path, write_song, monkeypatch):
    for loaded in [module for module in sys.modules if module.partition(".")[0] in ("umap", "pynndescent")]:
        monkeypatch.delitem(sys.modules, loaded)
    break_package(package, "ValueError('undefined symbol')")  # which is also caught of damaged files
    with pytest.raises(Exception) as caught:
        USES[package](tmp_path, write_song)
    line = ended(caught.value)
    assert line.startswith(f"error: {package} {version(package)} cannot be loaded (ValueError: undefined symbol) with ")
    assert line.endswith(f" {package}") and "; install it again: pip install --force-reinstall -c " in line


def test_a_bug_report_says_which_package_cannot_be_loaded_or_is_not_installed(break_package, monkeypatch):
    break_package("soxr", "OSError('lib.so: undefined symbol')")
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["soxr>=1", "scikit-learn", "nothing-like-it"])
    assert dict(packages()) == {
        "soxr": f"{version('soxr')}, cannot be loaded (OSError: lib.so: undefined symbol)",
        "scikit-learn": version("scikit-learn"),
        "nothing-like-it": "not installed",
    }


def test_a_bug_report_knows_every_required_package_and_its_module():
    required = dict(requirements("genre_lightning", extra="onnx"))
    assert {"torch", "hydra-core", "onnxruntime"} < required.keys() and "pytest" not in required
    assert all(importlib.util.find_spec(CALLED.get(name, name.replace("-", "_"))) for name in required)


@pytest.mark.parametrize(
    ("needed", "told"),
    [("brokenaudio", "brokenaudio 0.1 cannot be loaded"), ("einops_of_tomorrow", "No module named 'einops_of_t")],
)
def test_a_setting_whose_class_cannot_be_imported_says_what_is_broken_or_missing(break_package, tmp_path, needed, told):
    break_package("brokenaudio", "ImportError('no')")
    (tmp_path / f"networks_with_{needed}.py").write_text(f"import {needed}", encoding="utf-8")
    with pytest.raises(Exception) as caught:
        check_types(OmegaConf.create({"model": {"_target_": f"networks_with_{needed}.CRNN"}}))
    assert ended(caught.value).startswith(f"error: {told}")


def test_the_owner_of_a_good_run_is_not_told_to_train_again(break_package, tmp_path, monkeypatch):
    break_package("brokenaudio", "ImportError('no')")
    (tmp_path / "crnn.py").write_text("import brokenaudio", encoding="utf-8")
    monkeypatch.setattr(genre_lightning.models, "__path__", [str(tmp_path)])
    with pytest.raises(Exception) as caught:  # Hydra's
        find_class("genre_lightning.models.crnn.CRNN", genre_lightning.models.base.GenreClassifier)
    assert ended(caught.value).startswith("error: brokenaudio 0.1 cannot be loaded")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["TypeError", "ValueError"])
def test_a_run_that_cannot_be_read_for_a_broken_package_is_not_called_old(kind, run, break_package, monkeypatch):
    break_package("brokenaudio", f"{kind}('no')")
    monkeypatch.setattr(
        "genre_lightning.data.spec.read_features", lambda *_, **trust: importlib.import_module("brokenaudio")
    )
    with pytest.raises(Exception, match="no") as caught:
        _ = Run(run).spec
    assert ended(caught.value).startswith("error: brokenaudio 0.1 cannot be loaded")


@pytest.mark.parametrize("target", ["networks_nowhere.crnn.CRNN", "torch.nowhere.CRNN", "genre_lightning.nowhere.CRNN"])
def test_a_class_that_there_is_not_is_called_missing(target):
    with pytest.raises(UserError, match=f"there is no {target}"):
        check_types(OmegaConf.create({"model": {"_target_": target}}))


@pytest.mark.parametrize("mistake", ["undefined_name", "1 +"])
def test_a_mistake_in_an_installed_package_of_the_user_s_own_keeps_its_traceback(mistake, break_package, tmp_path):
    break_package("brokenaudio", "ImportError('no')")
    (tmp_path / "brokenaudio" / "__init__.py").write_text(mistake, encoding="utf-8")
    with pytest.raises((NameError, SyntaxError)):
        run_command(importlib.import_module, "brokenaudio")


def test_the_advice_can_be_typed_where_the_program_lies_in_a_folder_with_a_space(tmp_path, monkeypatch):
    home = tmp_path / "my songs"
    home.mkdir()
    monkeypatch.setattr(genre_lightning.errors, "CONSTRAINTS", home / "constraints.txt")
    assert install() == f'pip install -e "{home}"'
    (home / "constraints.txt").write_text("soxr==1.1.0\nml-dtypes==0.6.0\n", encoding="utf-8")
    assert install() == f'pip install -e "{home}" -c "{home / "constraints.txt"}"'
    assert install("[hub]") == f'pip install -e "{home}[hub]" -c "{home / "constraints.txt"}"'
    monkeypatch.chdir(home)
    assert install() == "pip install -e . -c constraints.txt"
    assert install("[hub]") == 'pip install -e ".[hub]" -c constraints.txt'
    assert [is_tested(name) for name in ("soxr", "ml_dtypes", "ML.dtypes", "ml")] == [True, True, True, False]


def test_an_experiment_that_is_a_sweep_says_how_it_is_started():
    told = "hydra.mode changed during config composition; set it directly in the primary config or on the command line"
    assert explain(ConfigCompositionException(told)) == "this experiment is a sweep: python train.py -m experiment=..."


def test_a_name_in_an_error_does_nothing_to_a_terminal():
    assert explain(UserError("\x1b[2J is damaged")) == "\\x1b[2J is damaged"
