"""A changed default changes no experiment: each pins every setting that shaped its figure."""

import shutil
from functools import reduce
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from genre_lightning.runs.questions import QUESTIONS

CONF = Path(__file__).parents[1] / "conf"
EXPERIMENTS = sorted({path.stem for path in (CONF / "experiment").glob("*.yaml")} - {*QUESTIONS})
SHAPING = (
    "model", "features", "augment", "learning", "loader", "split", "baseline", "report",
    "cache.dtype", "cache.silence_db", "cache.level_db", "cache.min_seconds", "cache.max_seconds",
    "callbacks", "refit", "folds", "repeats",
    "trainer.max_epochs", "trainer.gradient_clip_val", "trainer.precision",
    "data._target_", "data.genres", "data.manifest",
    "data.artists_per_genre", "data.songs_per_artist", "data.song_seconds", "data.overlap",
)  # fmt: skip
DEFAULTS = {"data": "folder", "features": "mfcc", "model": "mlp", "augment": ["mixup"]}


def composed(conf: Path, experiment: str) -> DictConfig:
    with initialize_config_dir(version_base="1.3", config_dir=str(conf)):
        return compose("train", [f"experiment={experiment}"])


def changed(value):
    """Another value of each setting, as a later version may have it; not of what wires settings together."""
    if isinstance(value, dict):
        return {
            key: one if str(key).startswith("_") or key == "defaults" else changed(one) for key, one in value.items()
        }
    if isinstance(value, list):
        return [changed(one) for one in value]
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return 2 * value + 1
    return value if value.startswith("${") or value == "???" else f"another {value}"


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """The configuration of a later version, all of whose defaults are others."""
    conf = tmp_path_factory.mktemp("later") / "conf"
    shutil.copytree(CONF, conf)
    for path in (path for path in conf.rglob("*.yaml") if "experiment" not in path.parts):
        settings = OmegaConf.to_container(OmegaConf.load(path))
        hydra = settings.pop("hydra", None)
        settings = changed(settings) | ({"hydra": hydra} if hydra else {})
        if path.name == "train.yaml":
            settings["defaults"] = [
                {key: DEFAULTS.get(key, one) for key, one in entry.items()} if isinstance(entry, dict) else entry
                for entry in settings["defaults"]
            ]
        package = "# @package _global_\n" if path.read_text(encoding="utf-8").startswith("# @package") else ""
        path.write_text(package + OmegaConf.to_yaml(OmegaConf.create(settings)), encoding="utf-8")
    return conf


def shaping(config: DictConfig) -> dict:
    """The settings that shape a figure; links to others as they are written."""
    del config.loader.num_workers  # which only changes how fast it is
    plain = OmegaConf.to_container(config)
    return {key: reduce(lambda node, name: node.get(name), key.split("."), plain) for key in SHAPING}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_changed_default_does_not_change_an_experiment(experiment, later):
    now, then = shaping(composed(CONF, experiment)), shaping(composed(later, experiment))
    assert then == now


def test_the_defaults_of_the_later_version_are_all_others(later):
    with initialize_config_dir(version_base="1.3", config_dir=str(later)):
        config = compose("train", ["features=logmel", "model=cnn"])
    assert (config.features.n_mels, config.model.dropout, config.trainer.max_epochs) == (129, 1.6, 33)
    assert config.learning.schedule.pct_start == 1.6 and list(config.augment) == ["mixup"]
