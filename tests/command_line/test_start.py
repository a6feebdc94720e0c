import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Runs command lines one after the other, and prints what each ended with, and whether torch was loaded by then.
ENDED = """
import json, runpy, sys
from hydra.core.global_hydra import GlobalHydra
for line in json.loads(sys.argv.pop()):
    sys.argv[:] = line
    GlobalHydra.instance().clear()
    try:
        if line[0].endswith(".py"):
            runpy.run_path(line[0], run_name="__main__")
        else:
            from genre_lightning.__main__ import main
            main(line[1:])
    except SystemExit as ended:
        print(json.dumps([ended.code, "torch" in sys.modules]))
"""
TRAIN, EMBED, FETCH = (str(ROOT / f"{name}.py") for name in ("train", "embed", "fetch"))


@pytest.fixture
def ended(tmp_path):
    """What each of some command lines ends with, and whether torch was loaded for it."""

    def run(*lines):
        environment = {**os.environ, "GENRE_LIGHTNING_TRACEBACK": "0", "HYDRA_FULL_ERROR": "0", "PYTHONUTF8": "1"}
        done = subprocess.run(
            [sys.executable, "-c", ENDED, json.dumps(lines)],
            cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")] or done.stderr

    return run


# What a finished run has, as far as that is looked at before it is read.
RUN = ("metrics.json", "manifest.csv", "checkpoints/model.ckpt")
MISTAKES = [
    ([TRAIN, "modle=cnn"], "there is no setting 'modle'; did you mean model=cnn? "),
    ([TRAIN, "--model", "cnn"], "--model: a setting has no dashes; type model=cnn"),
    ([TRAIN, "data=folder", "data.root=Моя музыка (1)"], "data.root: there is no folder Моя музыка (1); "),
    ([TRAIN, "data=folder", "data.root="], "data.root: is not set; add data.root=SONGS"),
    ([TRAIN, "ckpt_path=logs/R&B/last.ckpt"], "ckpt_path: there is no file logs/R&B/last.ckpt"),
    ([TRAIN, "seed=a"], "seed must be a whole number"),
    ([TRAIN, "split.method=artst"], "split.method: "),
    ([EMBED, "run=Мой прогон"], "Мой прогон is not a finished run: there is no such folder"),
    ([EMBED], "there is no finished run in logs; train one first, or name a run's folder"),
    ([FETCH, "genre=rock"], "there is no setting 'genre'; did you mean genres=rock?"),
    (["genre-lightning", "predict", "no run", "a.mp3"], "no run is neither a finished run's folder nor an .onnx file"),
    (["genre-lightning", "predict", "model.onnx", "a.mp3", "b.mp3"], "a.mp3 does not exist; b.mp3 does not exist"),
    ([EMBED, "run=run", "data.root=Моя (1)"], "data.root: there is no folder Моя (1); "),
    (["genre-lightning", "predict", "run", "a.mp3"], "a.mp3 does not exist"),
    (["genre-lightning", "explain", "run", "a.mp3"], "a.mp3 does not exist"),
    (["genre-lightning", "suggest", "run", "a"], "there is no folder a; name one with songs that have no genre yet"),
    (["genre-lightning", "audit", "no run"], "no run is not a finished run: there is no such folder"),
    (["genre-lightning", "export", "no run", "a.onnx"], "no run is not a finished run: there is no such folder"),
]


def test_what_a_command_line_alone_shows_is_told_before_torch_is_loaded(ended, tmp_path):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    for name in ("model.onnx", *(f"run/{part}" for part in RUN)):
        (tmp_path / name).touch()
    results = ended(*(line for line, _ in MISTAKES))
    assert len(results) == len(MISTAKES), results
    for (line, told), (code, loaded) in zip(MISTAKES, results, strict=True):
        assert code.startswith(f"error: {told}") and "\n" not in code and not loaded, (line, code)
    assert {path.name for path in tmp_path.iterdir()} <= {"logs", "model.onnx", "run"} and not [
        *tmp_path.glob("logs/*")
    ]


def test_names_reach_a_command_as_they_are_typed(tmp_path):
    typed = ["data=folder", "data.root=~/Музыка (2019)", "data.genres=[рок, R&B,yes]", "hydra.run.dir=a=b, c"]
    environment = {**os.environ, "HOME": "/me", "USERPROFILE": "/me", "PYTHONUTF8": "1"}
    shown = subprocess.run(
        [sys.executable, TRAIN, "--cfg", "job", "--package", "data", *typed],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert "root: /me/Музыка (2019)\n" in shown.stdout and "genres:\n- рок\n- R&B\n- 'yes'\n" in shown.stdout
