"""The notebook: clean as it is committed, every command in it known, and (slow) its cells do what they say."""

import builtins
import os
import re
import shlex
import shutil
import sys
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from hydra import compose, initialize_config_dir
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell

from genre_lightning.__main__ import command_line

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "colab.ipynb"
NEED_COLAB = {"colab", "token"}  # tags of the cells that nothing but Colab, or an account, can run
SMALL = "data.artists_per_genre=7 data.songs_per_artist=2 trainer.max_epochs=2"
QUICK = {  # lines that would take minutes, somebody's songs or a download, and what is run in their place
    "!python train.py": f"!python train.py {SMALL}",
    'SONGS = "/content/drive/MyDrive/songs"': 'SONGS = next(Path("data/demo").glob("*/manifest.csv")).parent',
    '!python train.py data=folder "data.root={SONGS}" model=pretrained': (
        '!python train.py data=folder "data.root={SONGS}" model=linear'
    ),
}
SUCCEEDED = "assert globals().get('_exit_code', 0) == 0"  # a notebook goes on after a command that failed
ASK_BOARD = """
import json, time, urllib.request
from tensorboard.manager import get_all
(board,), runs = get_all(), []
while not runs:
    time.sleep(0.5)
    with urllib.request.urlopen(f"http://localhost:{board.port}/data/runs") as answer:
        runs = json.load(answer)
print(board.port, *runs)
"""
CHECKS = {"tensorboard": ASK_BOARD}  # what is run after a cell; after others SUCCEEDED
PATIENCE_SECONDS = 600  # for a cell


def read():
    return nbformat.read(PATH, as_version=4)


def code_cells():
    return {cell.id: cell for cell in read().cells if cell.cell_type == "code"}


def needs_colab(cell):
    return bool(NEED_COLAB & {*cell.metadata.get("tags", ())})


def commands():
    lines = [line.strip() for cell in code_cells().values() for line in cell.source.splitlines()]
    return [re.sub(r"\{\w+\}", "VALUE", line[1:]) for line in lines if line.startswith("!")]


def test_it_is_short_and_valid_and_holds_no_output():
    notebook = read()
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5) and len(notebook.cells) <= 15
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code_cells().values())


def test_it_holds_no_secret():
    assert re.findall(r"[\w-]{30,}", PATH.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("command", commands())
def test_its_commands_are_known(command):
    program, *rest = shlex.split(command)
    if program == "genre-lightning":
        command_line().parse_args(rest)
    elif program == "python" and rest[0] != "-m":
        script, *overrides = rest
        assert (ROOT / script).is_file()
        with initialize_config_dir(version_base="1.3", config_dir=str(ROOT / "conf")):
            compose(Path(script).stem, overrides)
    else:
        assert program in ("git", "python", "pip", "cp")


def test_documents_that_it_names_are_there():
    named = re.findall(r"docs/\w+\.md", PATH.read_text(encoding="utf-8"))
    assert named and all((ROOT / name).is_file() for name in named)


@pytest.mark.parametrize("name", code_cells())
def test_its_cells_are_python(name):
    compile(TransformerManager().transform_cell(code_cells()[name].source), name, "exec")


@pytest.mark.skipif(os.name == "nt", reason="Colab is Linux, and links need rights on Windows")
def test_runs_move_to_the_drive_and_stay_there(tmp_path, monkeypatch):
    drive = SimpleNamespace(mount=lambda place: Path(place, "MyDrive").mkdir(parents=True, exist_ok=True))
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(drive=drive))
    monkeypatch.chdir(tmp_path)
    Path("logs", "run").mkdir(parents=True)
    source = code_cells()["drive"].source.replace("/content/drive", (tmp_path / "mounted").as_posix())
    for later in ("", "once more"):
        exec(source, {"__builtins__": builtins, "Path": Path})
        Path("logs", f"run{later}").mkdir(exist_ok=True)
    kept = tmp_path / "mounted" / "MyDrive" / "genre_lightning" / "logs"
    assert sorted(path.name for path in kept.iterdir()) == ["run", "runonce more"]


def quickened():
    """The notebook without the cells that need Colab, its long lines replaced, a check after each of its cells."""
    notebook, kept, replaced = read(), [], set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and not needs_colab(cell):
            lines = cell.source.splitlines()
            replaced |= QUICK.keys() & {*lines}
            cell.source = "\n".join(QUICK.get(line, line) for line in lines)
            kept += [cell, new_code_cell(CHECKS.get(cell.id, SUCCEEDED), id=f"check-{cell.id}")]
    assert replaced == QUICK.keys()
    notebook.cells = kept
    return notebook


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the project that a kernel finds as Colab's does: its commands come first, and Matplotlib is told to use
    a backend that they do not have.
    """
    folder, temporary = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("temporary")
    for name in ("train.py", "embed.py"):
        shutil.copy(ROOT / name, folder)
    for name in ("conf", "genre_lightning"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    set_to = {"PATH": path, "PYTHONPATH": folder, "MPLBACKEND": "module://not_there", "IPYTHONDIR": temporary}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**set_to, "TMPDIR": temporary, "TEMP": temporary, "TMP": temporary}.items():
            patch.setenv(name, str(value))
        yield folder


@pytest.fixture(scope="module")
def ran(checkout):
    """The cells that ran, by their names."""
    from nbclient import NotebookClient

    notebook = quickened()
    NotebookClient(notebook, timeout=PATIENCE_SECONDS, resources={"metadata": {"path": str(checkout)}}).execute()
    return {cell.id: cell for cell in notebook.cells}


def shown(cell, kind):
    """What a cell shows of a kind: text that was printed, or data of a MIME type."""
    if kind == "text":
        return "".join(output.text for output in cell.outputs if output.output_type == "stream")
    return [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]


@pytest.mark.slow
def test_all_cells_run_that_need_no_colab(ran):
    assert {name for name, cell in code_cells().items() if needs_colab(cell)} == {"install", "drive", "yandex"}
    assert {"demo", "tensorboard", "report", "map", "predict", "own"} <= ran.keys()
    assert all("whole songs" in shown(ran[name], "text") for name in ("demo", "own"))


@pytest.mark.slow
def test_tensorboard_has_the_run_and_is_in_the_page(ran, checkout):
    port, run = shown(ran["check-tensorboard"], "text").split()
    assert port in "".join(shown(ran["tensorboard"], "text/html"))
    assert (checkout / "logs" / run / "report.md").is_file()


@pytest.mark.slow
def test_the_report_comes_with_its_pictures(ran, checkout):
    report = max((checkout / "logs").glob("cnn*/report.md")).read_text(encoding="utf-8")
    texts = shown(ran["report"], "text/markdown")
    assert re.split(r"!\[.*?\]\(.*?\)", report) == texts
    assert len(shown(ran["report"], "image/png")) == len(texts) - 1 > 1


@pytest.mark.slow
def test_the_map_is_in_the_page_with_its_sounds(ran, checkout):
    (page,) = shown(ran["map"], "text/html")
    written = next((checkout / "logs").glob("cnn*/map.html")).read_text(encoding="utf-8")
    assert written in unescape(page) and "data:audio/" in written


@pytest.mark.slow
def test_a_song_of_the_test_split_is_predicted_and_drawn(ran):
    assert "| from " in shown(ran["predict"], "text") and len(shown(ran["predict"], "image/png")) == 1
