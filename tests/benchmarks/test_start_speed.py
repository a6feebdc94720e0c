"""How soon a run begins, against the import of lightning, which every run has to wait for."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
TRAIN = Path(__file__).parents[2] / "train.py"
# Runs train.py as a user does, and stops where the first training step would begin.
UNTIL_FIRST_STEP = """
import os, runpy, sys
from genre_lightning.models.base import GenreClassifier
GenreClassifier.training_step = lambda *step: os._exit(0)
sys.argv = [sys.argv[1], *sys.argv[2:]]
runpy.run_path(sys.argv[0], run_name="__main__")
os._exit(1)
"""


def python(*arguments: str, cwd: Path):
    subprocess.run([sys.executable, *arguments], check=True, cwd=cwd, capture_output=True)


@pytest.mark.parametrize("command", [[str(TRAIN)], ["-m", "genre_lightning"], ["-m", "genre_lightning", "predict"]])
def test_help_comes_at_once(tmp_path, compare, command):
    ratio = compare(
        f"python {' '.join(command)} --help against import lightning",
        lambda: python(*command, "--help", cwd=tmp_path),
        lambda: python("-c", "import lightning", cwd=tmp_path),
    )
    assert ratio >= 4


def test_a_second_run_is_soon_at_its_first_step(tmp_path, hiss, compare):
    run = ["-c", UNTIL_FIRST_STEP, str(TRAIN), "data=folder", f"data.root={hiss(150, 5)}"]
    ratio = compare(
        "start of a second run against import lightning",
        lambda: python(*run, cwd=tmp_path),
        lambda: python("-c", "import lightning", cwd=tmp_path),
        rounds=5,
    )
    assert ratio >= 1 / 1.5
