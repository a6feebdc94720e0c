import os
import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from genre_lightning.errors import UserError
from genre_lightning.runs.run import Run, latest_run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_cache_is_found_from_any_folder(copied, tmp_path):
    (copied / ".hydra" / "hydra.yaml").write_text(f"hydra: {{runtime: {{cwd: '{tmp_path.as_posix()}'}}}}")
    config = OmegaConf.load(copied / ".hydra" / "config.yaml")
    config.cache.root = "mine"
    OmegaConf.save(config, copied / ".hydra" / "config.yaml")
    (tmp_path / "below").mkdir()
    os.chdir(tmp_path / "below")
    assert Run(copied).cache.folder.parent == tmp_path / "mine"
    assert Run(copied, "other").cache.folder.parent == tmp_path / "below" / "other"


@pytest.fixture
def copied(run, tmp_path):
    """A finished run that a test may spoil."""
    return Path(shutil.copytree(run, tmp_path / "run"))


def test_the_latest_run_is_the_one_that_was_finished_last_also_within_a_sweep(tmp_path):
    for age, name in enumerate(["new", "sweep/0_mlp", "old"]):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "metrics.json").touch()
        os.utime(tmp_path / name / "metrics.json", (1000 - age, 1000 - age))
    os.utime(tmp_path / "sweep/0_mlp/metrics.json", (2000, 2000))
    (tmp_path / "unfinished" / "checkpoints").mkdir(parents=True)
    (tmp_path / "unfinished" / "checkpoints" / "best.ckpt").touch()
    assert latest_run(tmp_path) == tmp_path / "sweep" / "0_mlp"


def test_no_run_at_all_is_said(tmp_path):
    with pytest.raises(UserError, match=r"no finished run in .*train one first"):
        latest_run(tmp_path / "logs")


def test_a_finished_run_is_read_back(run, library):
    from genre_lightning.models.mlp import MLP

    finished = Run(run)
    assert finished.genres == ["clicks", "noise", "tones"] and len(finished.catalogue) == 30
    assert finished.features.sample_rate == 8000 and finished.features.n_mels == 24
    assert all(finished.cache.find(track.path) for track in finished.catalogue)
    window = torch.zeros(2, finished.features.frames_in(finished.config.loader.window_seconds), 24)
    assert isinstance(finished.model, MLP) and not finished.model.training
    assert finished.model(window).shape == (2, 3)
    weights = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(finished.model.state_dict()["head.weight"], weights["head.weight"])


def test_a_folder_that_is_no_run_is_said(tmp_path):
    with pytest.raises(UserError, match="is not a finished run: it has no"):
        _ = Run(tmp_path).config


@pytest.mark.parametrize("text", ["]", "- a\n- list", "model: cnn"])
def test_a_damaged_configuration_is_said(copied, text):
    (copied / ".hydra" / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=r"config\.yaml is damaged"):
        _ = Run(copied).config


def test_the_recipe_is_that_of_validation(run):
    spec = Run(run).spec
    assert (spec.dtype, spec.window_seconds, spec.overlap) == ("float16", pytest.approx(0.5, abs=0.02), 0.5)
    assert spec.window_shape == (16, 24) and spec.genres == ["clicks", "noise", "tones"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("features.colour", "blue"),
        ("features.n_mels", "many"),
        ("features.n_fft", -1),
        ("loader.overlap", 2),
        ("cache.dtype", "float8"),
    ],
)
def test_settings_of_another_version_are_said(copied, key, value):
    path = copied / ".hydra" / "config.yaml"
    config = OmegaConf.load(path)
    OmegaConf.update(config, key, value, force_add=True)
    OmegaConf.save(config, path)
    with pytest.raises(UserError, match=r"config\.yaml fits another version of this program; train again"):
        _ = Run(copied).spec


@pytest.mark.parametrize("part", ["features", "model"])
@pytest.mark.parametrize(
    "target", ["os.system", "genre_lightning.runs.run.latest_run", "genre_lightning.no.Such", None]
)
def test_a_configuration_cannot_name_code_that_is_not_ours(copied, part, target):
    path = copied / ".hydra" / "config.yaml"
    config = OmegaConf.load(path)
    config[part]._target_ = target
    OmegaConf.save(config, path)
    with pytest.raises(UserError, match="of this project; the run cannot be read"):
        getattr(Run(copied), part)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("run-by-a-checkpoint",)


@pytest.mark.parametrize("content", [b"", b"text", {"state_dict": {}}, {"hyper_parameters": {}, "state_dict": Evil()}])
def test_a_checkpoint_that_is_damaged_or_not_ours_is_said_and_runs_nothing(copied, content, monkeypatch):
    monkeypatch.chdir(copied)
    best = copied / "checkpoints" / "best.ckpt"
    best.write_bytes(content) if isinstance(content, bytes) else torch.save(content, best)
    with pytest.raises(UserError, match=r"best\.ckpt is not a checkpoint of this program, or is damaged"):
        _ = Run(copied).model
    assert not Path("run-by-a-checkpoint").exists()


@pytest.mark.parametrize("change", [{"n_features": 5}, {"new_setting": 1}])
def test_a_checkpoint_of_another_version_is_said(copied, change):
    best = copied / "checkpoints" / "best.ckpt"
    checkpoint = torch.load(best, weights_only=True)
    checkpoint["hyper_parameters"] |= change
    torch.save(checkpoint, best)
    with pytest.raises(UserError, match="fits another version of this program; train again"):
        _ = Run(copied).model


def test_features_can_be_kept_elsewhere_than_the_run_kept_them(run, tmp_path):
    assert Run(run, str(tmp_path)).cache.folder == tmp_path / Run(run).cache.folder.name
    assert Run(run).cache.folder.parent != tmp_path


def test_a_fingerprint_is_the_checkpoint_s(run, copied):
    assert Run(copied).fingerprint == Run(run).fingerprint
    with (copied / "checkpoints" / "best.ckpt").open("ab") as file:
        file.write(b"more")
    assert Run(copied).fingerprint != Run(run).fingerprint
