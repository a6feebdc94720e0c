import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

import genre_lightning
from genre_lightning.__main__ import COMMANDS, main
from genre_lightning.errors import UserError
from genre_lightning.predict.predictor import Predictor
from genre_lightning.runs.run import MODEL

HELP = """
import sys
from genre_lightning.__main__ import COMMANDS, main
for command in ([], *([name] for name in COMMANDS)):
    try:
        main([*command, "--help"])
    except SystemExit as ended:
        assert ended.code == 0
print(sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv)))
"""
HEAVY = ("numpy", "torch", "lightning", "hydra", "omegaconf", "soundfile", "matplotlib", "yaml", "tqdm")


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder; returns its exit status, what it printed and what it complained of."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return ended.value.code or 0, *capsys.readouterr()

    return run


def test_help_comes_without_loading_anything_heavy():
    shown = subprocess.run([sys.executable, "-c", HELP, *HEAVY], check=True, capture_output=True, text=True)
    assert shown.stdout.endswith("\n[]\n") and shown.stderr == ""
    assert all(f"\n  {name} " in shown.stdout for name in COMMANDS)
    assert all(f"usage: genre-lightning {name} " in shown.stdout for name in COMMANDS)


def test_the_module_and_the_version(command):
    shown = subprocess.run([sys.executable, "-m", "genre_lightning", "--version"], check=True, capture_output=True)
    assert shown.stdout.decode().split() == ["genre_lightning", genre_lightning.__version__]
    assert command("--version")[:2] == (0, f"genre_lightning {genre_lightning.__version__}\n")


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["judge"],
        ["neighbours", "run", "query", "-k", "0"],
        ["info", "--all"],
        ["neighbours", "run", "query", "--to", "song", "--artists"],
    ],
)
def test_a_wrong_command_ends_with_2_and_its_usage(command, wrong):
    status, printed, told = command(*wrong)
    assert (status, printed) == (2, "") and told.startswith("usage: genre-lightning")


def test_neighbours_results_and_pruned_caches_are_printed(command, embedded, selected):
    assert command("neighbours", embedded, "noise artist 3", "-k", "2")[1].startswith("Nearest to noise artist 3")
    assert command("neighbours", embedded, "nothing")[0] == "error: no song, artist or file is called 'nothing'"
    told = command("neighbours", embedded, "noise artist 3", "--to", "noise artist 4", "--m3u", "path.m3u8")[1]
    assert told.startswith("From 3 by noise artist 3") and told.endswith("\n\npath.m3u8\n")
    listed = Path("path.m3u8").read_text().splitlines()
    assert listed[2] == "#EXTINF:-1,noise artist 3 - 3" and Path(listed[-1]).name == "4.wav"
    assert "this run hears with LogMel" in command("neighbours", embedded, "--text", "sad piano")[0]
    for wrong in ([], ["3.wav", "--text", "sad"], ["--text", "sad", "--to", "3.wav"]):
        assert command("neighbours", embedded, *wrong)[0].startswith("error: name a song or an artist, or describe")
    assert command("neighbours", embedded, "3.wav", "--to", "3.wav")[0].startswith("error: --to: both ends of the path")
    assert embedded.name in command("results", embedded)[1]
    assert command("results")[0] == "error: there is no finished run in logs"
    assert "30 of 30 songs in use" in command("prune-cache", selected[1].folder.parent)[1]
    assert command("prune-cache")[0] == "error: there is no folder cache"


def test_pruned_are_caches_and_what_runs_never_finished(command):
    for folder in ("cache", "logs/run"):
        Path(folder).mkdir(parents=True)
        left = Path(folder, "file.json.01234567.tmp")
        left.touch()
        os.utime(left, (0, 0))
    assert command("prune-cache", "--remove")[1].count("1 files that were never finished, 0.0 MB freed") == 2
    assert command("prune-cache")[1] == ""


def test_two_runs_are_compared_in_words_and_a_picture(command, run, tmp_path):
    again = shutil.copytree(run, tmp_path / "again")
    status, printed, _ = command("compare", run, again, "--output", "two.png")
    assert status == 0 and "these songs do not tell which is better" in printed and printed.endswith("\ntwo.png\n")
    assert Path("two.png").read_bytes().startswith(b"\x89PNG")
    assert command("compare", run, run)[0] == f"error: {run} and {run} are the same run; name two"


@pytest.mark.slow
def test_a_sweep_stands_for_its_best_run_in_every_command(command, embedded, library, map_run, tmp_path):
    sweep, song = tmp_path / "sweep", library / "noise" / "9.wav"
    best = Path(shutil.copytree(embedded, sweep / "0_mlp"))
    assert command("predict", sweep, song)[0].startswith(f"error: {sweep} holds several runs, and no sweep.csv")
    (sweep / "multirun.yaml").write_text("hydra: {callbacks: {question: {about: leak}}}")
    status, printed, _ = command("results", sweep)
    assert "0_mlp" in printed and "no finished runs with folds of both split.method=naive and" in status
    told = f"{sweep}: the best run is 0_mlp\n"
    for line in (["predict", song, "--csv"], ["neighbours", "noise artist 3"]):
        assert command(line[0], sweep, *line[1:]) == (0, command(line[0], best, *line[1:])[1], told)
    assert command("compare", sweep, best)[::2] == (f"error: {best} and {best} are the same run; name two", told)
    assert command("export", sweep, "model.onnx")[::2] == (0, told) and Path("model.onnx").is_file()
    assert command("audit", sweep)[::2] == (0, told) and (best / "audit.html").is_file()
    (best / "map.png").unlink()
    map_run(sweep)
    assert (best / "map.png").is_file()


@pytest.mark.parametrize("line", ["predict run b.wav", "export run a.onnx"])
def test_a_package_that_cannot_be_loaded_is_one_line(tmp_path, line):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise ImportError('lib.so: undefined symbol')")
    (tmp_path / "b.wav").touch()
    (tmp_path / "run" / MODEL).parent.mkdir(parents=True)
    (tmp_path / "run" / MODEL).touch()
    code = "import sys; sys.path.insert(0, '.'); from genre_lightning.__main__ import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, *line.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1 and ended.stderr.startswith("error: numpy ") and ended.stderr.count("\n") == 1


def test_a_bug_report_is_told_also_if_a_package_cannot_be_loaded(command, monkeypatch):
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["torch>=2", "numpy"])
    whole = dict(line.split(maxsplit=1) for line in command("info")[1].splitlines())
    assert whole["genre_lightning"] == genre_lightning.__version__ and whole["torch"] == version("torch")
    assert (
        whole["cache"] == f"{Path('cache').absolute()} (not there yet)" and {"logs", "weights", "GPUs"} < whole.keys()
    )
    monkeypatch.setitem(sys.modules, "torch", None)
    status, printed, _ = command("info")
    part = dict(line.split(maxsplit=1) for line in printed.splitlines())
    assert status == 0 and part["torch"].startswith(f"{version('torch')}, cannot be loaded (ModuleNotFoundError: ")
    assert part["numpy"] == version("numpy") and {"Python", "system", "processors", "cache", "logs"} < part.keys()


def test_what_most_programs_need_is_imported_from_the_package_when_it_is_asked_for():
    from genre_lightning import GenreDataModule, read_embeddings

    assert genre_lightning.Predictor is Predictor
    assert {GenreDataModule.__name__, read_embeddings.__name__} < set(genre_lightning.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Trainer'"):
        _ = genre_lightning.Trainer


@pytest.fixture
def foreign(run, tmp_path, monkeypatch):
    """A finished run whose network is a class that lies in the folder where the user works."""
    folder = Path(shutil.copytree(run, tmp_path / "foreign"))
    checkpoint = torch.load(folder / MODEL, weights_only=True)
    torch.save(checkpoint | {"model": "network_of_mine.Mine"}, folder / MODEL)
    monkeypatch.delitem(sys.modules, "network_of_mine", raising=False)
    return folder


def test_a_run_with_a_class_from_elsewhere_is_read_only_by_those_who_trust_it(
    command, foreign, run, map_run, library, tmp_path
):
    mine = "from genre_lightning.models.mlp import MLP\nclass Mine(MLP): pass"
    Path("network_of_mine.py").write_text(mine, encoding="utf-8")
    refused = "the run names network_of_mine.Mine, which is not part of this project; if you trust its code, add"
    song = shutil.copy(library / "noise" / "9.wav", tmp_path / "new.wav")
    with pytest.raises(UserError, match=refused):
        map_run(foreign)
    with pytest.raises(UserError, match=refused):
        Predictor(foreign)
    sys.path.append(str(Path.cwd()))
    map_run(foreign, "trust=true")
    assert Predictor(foreign, trust=True).predict(song) == Predictor(run).predict(song)
    sys.path.pop()
    for line in (["predict", foreign, song], ["neighbours", foreign, song], ["export", foreign, "model.onnx"]):
        assert command(*line)[0] == f"error: {refused} trust=true (train.py, embed.py) or --trust (genre-lightning)"
        status, printed, _ = command(*line, "--trust")
        assert status == 0 and printed
