import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from composing import compose

from genre_lightning.command_line import quoting
from genre_lightning.text import percent
from genre_lightning.train.advice import MEASURED, advise


def configured(*overrides):
    return compose("train", overrides)


def command(cfg):
    """The last line of the advice as a POSIX shell splits it."""
    return shlex.split(advise(cfg, 20).splitlines()[-1])


def test_few_real_songs_are_told_of_with_what_would_do_better_and_by_how_much():
    told = advise(configured("data=folder", "data.root=songs"), 99)
    assert "learnt from 99 songs a genre, which are few" in told
    assert all(percent(figure) in told for figures in MEASURED.values() for figure in figures)
    assert told.endswith("\n\n    python train.py data=folder data.root=songs model=pretrained")


def test_the_figures_that_are_quoted_are_those_of_the_results():
    shown = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    for name, measured in {"gtzan": MEASURED["ten genres"], "four": MEASURED["four genres"]}.items():
        for model, figure in zip(("pretrained", "cnn"), measured, strict=True):
            (row,) = (line for line in shown.splitlines() if line.startswith(f"| `experiment={name}_{model}`"))
            assert row.split("|")[4].strip().startswith(percent(figure))


@pytest.mark.parametrize(
    ("songs", "features", "data"),
    [
        (100, "genre_lightning.features.mel.LogMel", "data=folder"),
        (20, "genre_lightning.features.pretrained.Pretrained", "data=folder"),
        (20, "genre_lightning.features.mel.LogMel", "data=demo"),
    ],
)
def test_there_is_no_advice_for_many_composed_or_pretrained_songs(songs, features, data):
    root = ["data.root=songs"] if data == "data=folder" else []
    assert advise(configured(data, f"features._target_={features}", *root), songs) == ""


NAMES = [
    "songs",
    "/music/My Songs (old)",
    "it's $HOME/`x`!",
    'the "best"',
    "C:/Users/me/Songs",
    "Musik/für uns",
    "a=b,c",
]


@pytest.mark.skipif(sys.platform == "win32", reason="its shells have other quotes")
@pytest.mark.parametrize("root", NAMES)
def test_the_command_can_be_pasted_whatever_the_folder_is_called(root):
    cfg = configured("data=folder", "data.root=x", "split.method=naive", "split.seed=3", "split.test_fraction=0.3")
    cfg.data.root, cfg.data.genres = root, ["rock", "r&b", "hip hop"]
    python, script, *overrides = command(cfg)
    assert (python, script) == ("python", "train.py") and overrides.pop() == "model=pretrained"
    again = configured(*overrides)
    assert again.data == cfg.data and again.split == cfg.split


@pytest.mark.skipif(sys.platform == "win32", reason="its shells have other quotes")
def test_a_shell_hands_over_what_was_meant():
    line = advise(configured("data=folder", "data.root='My Songs (old)'"), 20).splitlines()[-1]
    shown = line.replace("python train.py", "printf '%s\\n'")
    words = subprocess.run(["sh", "-c", shown], capture_output=True, encoding="utf-8", check=True).stdout
    assert words.splitlines() == ["data=folder", 'data.root="My Songs (old)"', "model=pretrained"]


def test_on_windows_the_outer_quotes_are_those_that_its_shells_know(monkeypatch):
    monkeypatch.setattr(quoting, "WINDOWS", True)
    cfg = configured("data=folder", "data.root=songs")
    cfg.data.root = r"C:\My Songs (old)"
    assert "data=folder \"data.root='C:/My Songs (old)'\" model" in advise(cfg, 20)
    cfg.data.root = r"music\songs"
    assert "data=folder data.root=music/songs model" in advise(cfg, 20)


def test_a_published_collection_is_named_as_it_was_typed():
    cfg = configured("data=gtzan", "data.root=GTZAN", "data.manifest=gtzan_dev", "data.genres=[blues,metal]")
    shown = [
        "data=gtzan",
        "data.root=GTZAN",
        "data.genres=[blues,metal]",
        "data.manifest=gtzan_dev",
        "model=pretrained",
    ]
    assert command(cfg)[2:] == shown
    assert command(configured("data=yandex"))[2:] == ["data=folder", "data.root=data/yandex", "model=pretrained"]


def test_settings_that_are_nobody_s_business_stay_away():
    cfg = configured("data=folder", "data.root=songs", "+data.token=secret", "+learning.optimizer.key=secret")
    assert "secret" not in advise(cfg, 20)
