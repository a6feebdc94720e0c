import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from genre_lightning.command_line.quoting import in_shell
from genre_lightning.errors import UserError
from genre_lightning.predict.predictor import Predictor
from genre_lightning.runs.results import read_results
from genre_lightning.runs.run import Run, find_run, latest_run

KEPT = Path(__file__).with_name("kept")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_cache_is_found_from_any_folder(copied, tmp_path):
    (copied / ".hydra" / "hydra.yaml").write_text(f"hydra: {{runtime: {{cwd: '{tmp_path.as_posix()}'}}}}")
    config = OmegaConf.load(copied / ".hydra" / "config.yaml")
    config.cache.root = "mine"
    OmegaConf.save(config, copied / ".hydra" / "config.yaml")
    (tmp_path / "below").mkdir()
    assert Run(copied).cache.folder.parent == tmp_path / "cache"  # where there is none, no run from elsewhere makes one
    (tmp_path / "mine" / "logmel-0123456789ab").mkdir(parents=True)
    (tmp_path / "mine" / "logmel-0123456789ab" / "settings.json").touch()
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
    (tmp_path / "unfinished" / "checkpoints" / "model.ckpt").touch()
    assert latest_run(tmp_path) == tmp_path / "sweep" / "0_mlp"
    with pytest.raises(UserError, match=r"no finished run in .*train one first"):
        latest_run(tmp_path / "logs")
    with pytest.raises(UserError, match="is not a finished run: it has no"):
        _ = Run(tmp_path).config


@pytest.fixture
def sweep(run, tmp_path):
    """The folder of a sweep whose second run is the finished one; its sweep.csv has `rows` of rank and folder."""

    def make(*rows):
        folder = tmp_path / "sweep"
        shutil.copytree(run, folder / "1_mlp")
        lines = ["songs,rank,folder,failed", *(f"1,{rank},{name}," for rank, name in rows)]
        (folder / "sweep.csv").write_text("\n".join(lines), encoding="utf-8")
        return folder

    return make


def test_a_sweep_stands_for_its_best_run_and_says_which_that_is(run, sweep, capsys):
    folder = sweep((2, "0_cnn"), (1, "1_mlp"), ("", "2_failed"))
    assert find_run(folder) == folder / "1_mlp"
    assert capsys.readouterr() == ("", f"{folder}: the best run is 1_mlp\n")
    assert find_run(folder / "1_mlp") == folder / "1_mlp"
    with pytest.raises(UserError, match="none is not a finished run: there is no such folder"):
        find_run(folder / "none")
    assert find_run(run) == run and capsys.readouterr() == ("", "")
    shutil.copytree(run, folder / "later")
    find_run(folder)
    assert capsys.readouterr().err.endswith(
        f"; sweep.csv lacks 1 of its runs: genre-lightning results {in_shell(str(folder))}\n"
    )


@pytest.mark.parametrize("led_to", ["../../elsewhere", "/elsewhere", "x" * 5000, "\x1b[2J/../.."])
def test_a_sweep_s_table_names_no_run_outside_of_its_folder(sweep, led_to):
    with pytest.raises(UserError, match=r"sweep\.csv names .*, which is no run below that folder; name the run itself"):
        find_run(sweep(("1", led_to)))


def test_a_sweep_that_has_no_best_run_is_one_line(sweep):
    folder = sweep(("", "2_failed"))
    with pytest.raises(UserError, match=r"the sweep in .*sweep has no finished run; .*sweep\.csv says why"):
        find_run(folder)
    for text in ("folder\n1_mlp\n", "rank\n1\n", "", "\0"):
        (folder / "sweep.csv").write_text(text)
        with pytest.raises(
            UserError, match=r"sweep\.csv is damaged, .*; genre-lightning results .*sweep'? writes it anew"
        ):
            find_run(folder)
    (folder / "sweep.csv").unlink()
    with pytest.raises(
        UserError, match=r"holds several runs, and no sweep\.csv that says which is best; genre-lightning"
    ):
        find_run(folder)


def test_the_best_of_runs_that_were_judged_on_different_songs_is_none(sweep):
    with pytest.raises(UserError, match=r"different songs; name one, such as the best: .*sweep/0_cnn, .*sweep/1_mlp"):
        find_run(sweep((1, "0_cnn"), (1, "1_mlp"), (2, "2_mlp")))


def test_a_finished_run_is_read_back(run, library):
    from genre_lightning.models.mlp import MLP

    finished = Run(run)
    assert finished.spec.genres == ["clicks", "noise", "tones"] and len(finished.catalogue) == 30
    assert finished.spec.features.sample_rate == 8000 and finished.spec.features.n_mels == 24
    assert all(finished.cache.find(track.path) for track in finished.catalogue)
    spec = finished.spec
    assert (spec.dtype, spec.window_seconds, spec.overlap) == ("float16", pytest.approx(0.5, abs=0.02), 0.5)
    window = torch.zeros(2, *spec.window_shape)
    assert isinstance(finished.model, MLP) and not finished.model.training
    assert finished.model(window).shape == (2, 3)
    weights = torch.load(run / "checkpoints" / "model.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(finished.model.state_dict()["head.weight"], weights["head.weight"])


@pytest.mark.parametrize("text", ["]", "- a\n- list", "model: cnn"])
def test_a_damaged_configuration_is_said(copied, text):
    (copied / ".hydra" / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=r"config\.yaml is damaged"):
        _ = Run(copied).config


def change(copied, **values):
    """Change what is in a run's checkpoint; None removes it."""
    best = copied / "checkpoints" / "model.ckpt"
    checkpoint = torch.load(best, weights_only=True)
    torch.save({key: value for key, value in (checkpoint | values).items() if value is not None}, best)


def test_a_settings_file_that_was_changed_changes_nothing_that_a_model_says(run, copied):
    path = copied / ".hydra" / "config.yaml"
    config = OmegaConf.load(path)
    for key, value in (("features.n_mels", 10), ("loader.overlap", 0.1), ("model._target_", "os.system")):
        OmegaConf.update(config, key, value)
    OmegaConf.save(config, path)
    assert Run(copied).spec.plain() == Run(run).spec.plain() and type(Run(copied).model) is type(Run(run).model)


@pytest.mark.parametrize(
    "wrong",
    [
        {"overlap": 2},
        {"dtype": "float8"},
        {"genres": None},
        {"features": {"_target_": "genre_lightning.features.mel.LogMel", "colour": 1}},
    ],
)
def test_a_spec_of_another_version_is_said(copied, wrong):
    change(copied, GenreDataModule=Run(copied).spec.plain() | wrong)
    with pytest.raises(UserError, match=r"model\.ckpt was written by another version of this program; train again"):
        _ = Run(copied).spec


@pytest.mark.parametrize("spec", [None, {"format": 1}])
def test_a_run_of_version_0_1_is_one_line(copied, spec):
    change(copied, GenreDataModule=spec)
    for part in ("spec", "model"):
        with pytest.raises(UserError, match=r"was made by version 0\.1; train again"):
            getattr(Run(copied), part)


NOT_OURS = {
    "os.system": "not part of this project; if you trust its code",
    "genre_lightning.runs.run.latest_run": "no GenreClassifier",
    "genre_lightning.models.no.Such": "cannot be found here",
    "genre_lightning.runs.run.Run": "no GenreClassifier",
}


@pytest.mark.parametrize(("name", "told"), NOT_OURS.items())
def test_a_run_cannot_name_code_that_is_not_ours(copied, name, told):
    change(copied, model=name)
    with pytest.raises(UserError, match=f"the run names {name}, which .*{told}"):
        _ = Run(copied).model


def test_a_class_from_elsewhere_is_used_if_the_run_is_trusted(copied, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text("from genre_lightning.models.mlp import MLP\nclass Own(MLP): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    change(copied, model="elsewhere.Own")
    assert type(Run(copied, trust=True).model).__name__ == "Own"


class Evil:
    def __reduce__(self):
        return os.mkdir, ("run-by-a-checkpoint",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        {"state_dict": {}},
        {"state_dict": {}, "hyper_parameters": {"lr": 1}},
        {"hyper_parameters": {}, "state_dict": Evil()},
    ],
)
def test_a_checkpoint_that_is_damaged_or_not_ours_is_said_and_runs_nothing(copied, content, monkeypatch):
    monkeypatch.chdir(copied)
    best = copied / "checkpoints" / "model.ckpt"
    best.write_bytes(content) if isinstance(content, bytes) else torch.save(content, best)
    with pytest.raises(UserError, match=r"model\.ckpt is not a checkpoint of this program, or is damaged"):
        _ = Run(copied).model
    assert not Path("run-by-a-checkpoint").exists()


@pytest.mark.parametrize("wrong", [{"n_features": 5}, {"new_setting": 1}])
def test_a_checkpoint_of_another_version_is_said(copied, wrong):
    change(copied, hyper_parameters=Run(copied).checkpoint["hyper_parameters"] | wrong)
    with pytest.raises(UserError, match="was written by another version of this program; train again"):
        _ = Run(copied).model


def test_a_checkpoint_cut_off_or_overwritten_anywhere_is_one_line_and_has_another_fingerprint(run, copied):
    best = copied / "checkpoints" / "model.ckpt"
    whole = best.read_bytes()
    assert Run(copied).fingerprint == Run(run).fingerprint
    for offset in range(0, len(whole), len(whole) // 15):
        for content in (whole[:offset], whole[:offset] + bytes(64) + whole[offset + 64 :]):
            best.write_bytes(content)
            assert content == whole or Run(copied).fingerprint != Run(run).fingerprint
            try:
                _ = Run(copied).model
            except UserError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize("kept", [KEPT, KEPT / "model.onnx"], ids=["run", "onnx"])
def test_the_run_that_is_kept_still_says_what_it_said(kept, write_song, tmp_path):
    """Made by keep_run.py; see there what to do when this fails."""
    song = write_song(tmp_path / "9.wav", "clicks", 9)
    told = json.loads((KEPT / "probabilities.json").read_text(encoding="utf-8"))
    assert Predictor(kept).predict(song).probabilities == pytest.approx(told, abs=1e-3)
    assert len(Run(KEPT).catalogue) == 30 and read_results(KEPT).splits["test"].songs == 6


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_one_line(copied, number):
    weights = Run(copied).checkpoint["state_dict"]
    change(copied, state_dict=weights | {"head.bias": weights["head.bias"] * 0 + number})
    with pytest.raises(UserError, match=r"holds weights that are no numbers .*; train again"):
        _ = Run(copied).model


def test_weights_from_which_no_number_comes_are_one_line(copied, library):
    weights = Run(copied).checkpoint["state_dict"]
    change(copied, state_dict=weights | {"head.weight": weights["head.weight"] * 0 + 1e38})
    with pytest.raises(UserError, match=r"says of a song what is no number"):
        Predictor(copied).predict(library / "tones" / "3.wav")


TOO_MUCH = {"n_fft": 10**9, "hop_length": 1, "sample_rate": 10**9, "n_mels": 10**6}


@pytest.mark.parametrize(("name", "value"), TOO_MUCH.items())
def test_features_that_would_take_all_memory_are_one_line(copied, name, value):
    spec = Run(copied).checkpoint["GenreDataModule"]
    change(copied, GenreDataModule=spec | {"features": spec["features"] | {name: value}})
    with pytest.raises(UserError, match="written by another version"):
        _ = Run(copied).spec


@pytest.mark.parametrize("hidden", [[10**9], [10**6, 10**6], [1] * 10**5])
def test_a_network_larger_than_its_file_is_one_line(copied, hidden):
    change(copied, hyper_parameters=Run(copied).checkpoint["hyper_parameters"] | {"hidden": hidden})
    with pytest.raises(UserError, match=r"model\.ckpt"):
        _ = Run(copied).model
