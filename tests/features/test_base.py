"""What all features have in common, whichever conf/features knows."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf

import genre_lightning.features
from genre_lightning.errors import UserError
from genre_lightning.features.base import read_features

CONF = Path(__file__).parents[2] / "conf" / "features"
pytestmark = pytest.mark.usefixtures("encoder_weights")


@pytest.fixture(params=sorted(path.stem for path in CONF.glob("*.yaml")))
def config(request):
    """The file of a kind of features, without what it wants of other groups."""
    config = OmegaConf.load(CONF / f"{request.param}.yaml")
    config.pop("defaults", None)
    return config.get("features", config)


def noise(features, seconds=4.0):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * features.sample_rate))
    return torch.from_numpy(samples.astype(np.float32))


def test_the_file_shows_every_setting_with_its_default(config):
    kind = get_class(config._target_)
    assert set(config) == {"_target_", *inspect.signature(kind).parameters}
    assert instantiate(config).settings == kind().settings


def test_features_can_be_made_again_from_their_settings(config):
    features = instantiate(config)
    again = read_features(json.loads(json.dumps(features.settings)))
    assert type(again) is type(features) and again.settings == features.settings


@pytest.mark.parametrize("seconds", [0.001, 0.5, 4.0])
def test_a_song_however_short_becomes_frames(config, seconds):
    features = instantiate(config)
    frames = features(noise(features, seconds))
    assert frames.ndim == 2 and len(frames) >= 1 and frames.shape[1] == features.n_features
    assert frames.dtype == torch.float32 and frames.isfinite().all()
    assert torch.equal(features(noise(features, seconds)), frames)
    assert features(0 * noise(features, seconds)).isfinite().all()  # silence is nothing special
    assert not features.state_dict()  # nothing of them goes into checkpoints


def test_seconds_are_counted_in_frames(config):
    features = instantiate(config)
    assert features.frames_in(0.0001) == 1
    assert abs(len(features(noise(features, 30.0))) - features.frames_in(30.0)) <= 1
    assert features.seconds_of(features.frames_in(30.0)) == pytest.approx(30.0, abs=1 / features.frames_per_second)


NEW = """
from genre_lightning.features.mel import LogMel

class Louder(LogMel):
    def forward(self, waveform):
        return super().forward(2 * waveform)
"""


def test_features_in_a_new_file_are_found(tmp_path, monkeypatch):
    (tmp_path / "louder.py").write_text(NEW)
    monkeypatch.setattr(genre_lightning.features, "__path__", [*genre_lightning.features.__path__, str(tmp_path)])
    features = read_features({"_target_": "genre_lightning.features.louder.Louder", "n_mels": 24})
    assert read_features(features.settings)(noise(features)).shape[1] == 24


@pytest.mark.parametrize(
    "target",
    ["LogMel", "torch.nn.Linear", "genre_lightning.data.spec.Spec", "genre_lightning.features.nothing.Nothing",
     "genre_lightning.features.mel.nn"],
)  # fmt: skip
def test_no_other_class_is_made(target):
    with pytest.raises(UserError, match=f"the run names {target}, which "):
        read_features({"_target_": target})


def test_bands_are_all_features_in_order_and_each_has_a_name_of_its_own(config):
    features = instantiate(config)
    bands = features.bands()
    assert [number for band in bands for number in range(band.start, band.end)] == [*range(features.n_features)]
    assert all(band.name for band in bands) and len({band.name for band in bands}) == len(bands) <= 12
