import os
from datetime import datetime

import pytest
from omegaconf import OmegaConf

from genre_lightning.embed.title import map_title
from genre_lightning.runs.run import Run

CNN, LOGMEL = "genre_lightning.models.cnn.CNN", "genre_lightning.features.mel.LogMel"
DEMO, FOLDER = "genre_lightning.data.sources.demo.demo", "genre_lightning.data.sources.folder.folder"


@pytest.fixture
def make_run(tmp_path):
    """A folder with all of a run that a title needs."""

    def make(name, data, model=CNN, features=LOGMEL):
        folder = tmp_path / name
        for part in (".hydra", "checkpoints"):
            (folder / part).mkdir(parents=True)
        parts = {"model": {"_target_": model}, "features": {"_target_": features}, "data": data}
        OmegaConf.save(parts | {"cache": {}, "loader": {}}, folder / ".hydra" / "config.yaml")
        (folder / "checkpoints" / "model.ckpt").touch()
        return Run(folder)

    return make


def of_folder(root):
    return OmegaConf.create({"_target_": FOLDER, "root": root})


def test_a_title_says_which_songs_which_model_and_when(make_run):
    run = make_run("cnn_logmel_seed0_2026-11-28_12-00-00", {"_target_": DEMO, "root": "data/demo"})
    assert map_title(run, 216, None) == "216 composed songs, as the CNN on log-mel hears them, 28 November 2026"
    others = map_title(run, 1, of_folder("elsewhere/New Songs"))
    assert others == "New Songs: 1 song, as the CNN on log-mel trained on composed songs hears it, 28 November 2026"


def test_a_folder_s_songs_go_by_its_name_and_a_sweep_s_run_has_the_sweep_s_day(make_run):
    data = of_folder(["my/Jazz Archive", "my/Blues"])
    run = make_run("2026-03-01_09-05-00_sweep/linear_0", data, "mine.Linear", "mine.Pretrained")
    title = "Jazz Archive + Blues: 512 songs, as the linear model on pre-trained networks hears them, 1 March 2026"
    assert map_title(run, 512, None) == title


def test_a_run_s_day_is_that_of_its_model_if_its_folder_does_not_say_it(make_run):
    run = make_run("the best, 2026-13-77_00-00-00", {"_target_": "genre_lightning.data.sources.gtzan.gtzan"})
    noon = datetime(2025, 2, 3, 12).timestamp()
    os.utime(run.folder / "checkpoints" / "model.ckpt", (noon, noon))
    assert map_title(run, 3, None) == "GTZAN: 3 songs, as the CNN on log-mel hears them, 3 February 2025"


@pytest.mark.parametrize(
    ("root", "name"), [("a\nb", r"a\nb"), ("x" * 200, "x" * 59 + "…"), ("/", "songs"), ("$a$", "$a$")]
)
def test_strange_folders_make_no_strange_titles(make_run, root, name):
    title = map_title(make_run("run_2026-11-28_12-00-00", of_folder(root)), 2, None)
    assert title == f"{name}: 2 songs, as the CNN on log-mel hears them, 28 November 2026"
