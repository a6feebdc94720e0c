import json
import re
import sys

import onnx
import pytest
import torch
from torch import nn

from genre_lightning.__main__ import main
from genre_lightning.errors import UserError
from genre_lightning.features.mel import LogMel
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.models.cnn import CNN
from genre_lightning.models.lstm import LSTM
from genre_lightning.predict import onnx as exporting
from genre_lightning.predict.onnx import METADATA, as_logits, export, held, open_session, read_exported, to_onnx
from genre_lightning.runs.run import Run

WINDOW = (16, 24)
NETWORKS = {
    "cnn": lambda: CNN(n_features=24, n_frames=16, n_genres=5, channels=[4, 8], dropout=0.3, optimizer={}),
    "lstm": lambda: LSTM(
        n_features=24, n_frames=16, n_genres=5, channels=[4], hidden=8, layers=1, dropout=0.3, optimizer={}
    ),
}


@torch.inference_mode()
def agree(logits, network, windows):
    return torch.allclose(logits(windows), network(windows), rtol=0, atol=1e-4)


@pytest.mark.parametrize("windows", [1, 2, 40])
def test_an_exported_run_computes_what_the_run_does(run, exported, windows):
    spec, logits = read_exported(exported)
    noise = 20 * torch.randn(windows, *spec.window_shape) - 40
    assert spec.plain() == Run(run).spec.plain() and spec.genres == ["clicks", "noise", "tones"]
    assert agree(logits, Run(run).model, noise)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_exported(name):
    torch.manual_seed(0)
    network = NETWORKS[name]()
    network(torch.randn(64, *WINDOW) + 1)  # in training, so that what it normalises with is no longer 0 and 1
    network.eval()
    logits = as_logits(open_session(to_onnx(nn.Sequential(network.encoder, network.head).eval(), WINDOW, "{}")))
    assert all(agree(logits, network, torch.randn(windows, *WINDOW)) for windows in (1, 3, 17))


def test_the_spec_lies_beside_it_for_other_programs(run, exported):
    assert json.loads(exported.with_suffix(".json").read_text(encoding="utf-8")) == Run(run).spec.plain()
    assert sorted(path.name for path in exported.parent.iterdir()) == ["model.json", "model.onnx"]
    assert not re.search(rb"\.py|stack_trace", exported.read_bytes())  # nothing of this machine


@pytest.fixture
def already(exported, monkeypatch):
    """Exporting takes a second: what comes out is known."""
    monkeypatch.setattr(exporting, "to_onnx", lambda *_: exported.read_bytes())


@pytest.mark.usefixtures("already")
def test_the_command_says_how_close_it_is(run, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["export", str(run), str(tmp_path / "new" / "model.onnx")])
    assert not ended.value.code
    assert re.search(
        r"model\.onnx: logits agree with PyTorch's within \de-\d\d\nIt holds the network, ", capsys.readouterr().out
    )
    assert read_exported(tmp_path / "new" / "model.onnx")


@pytest.mark.usefixtures("already")
def test_a_model_that_came_out_otherwise_is_not_written(run, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    with pytest.raises(UserError, match="differ from PyTorch's by"):
        export(Run(run), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("already")
@pytest.mark.parametrize("name", ["model", "model.json", "model.onnx/"])
def test_a_file_that_cannot_be_written_is_said(run, tmp_path, name):
    (tmp_path / "model.onnx").mkdir()
    with pytest.raises(UserError, match=r"name a file that ends with \.onnx|cannot write .*: "):
        export(Run(run), tmp_path / name)


@pytest.mark.parametrize("package", ["onnxruntime", "onnxscript"])
def test_a_missing_package_is_said(run, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=f"ONNX files need {package}; run: pip install .*{package}$"):
        export(Run(run), tmp_path / "model.onnx")


def with_metadata(content, text):
    """The model with another spec, or with none."""
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    if text is not None:
        model.metadata_props.add(key=METADATA, value=text)
    return model.SerializeToString()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"text",
        lambda content: content[: len(content) // 2],
        lambda content: with_metadata(content, None),
        lambda content: with_metadata(content, '{"format": 99}'),
        lambda content: with_metadata(content, '{"format": 2, "genres": ["a'),
    ],
)
def test_a_file_that_is_damaged_or_not_ours_is_said(exported, tmp_path, damage, capfd):
    path = tmp_path / "model.onnx"
    path.write_bytes(damage(exported.read_bytes()))
    with pytest.raises(UserError, match=r"model\.onnx is damaged, or was not exported by this version"):
        read_exported(path)
    assert capfd.readouterr() == ("", "")
    path.write_bytes(with_metadata(exported.read_bytes(), '{"format": 1}'))
    with pytest.raises(UserError, match=r"model\.onnx: made by version 0\.1; export it again from a run trained with"):
        read_exported(path)


@pytest.mark.parametrize("error", [MemoryError, RuntimeError])
def test_what_is_no_damage_is_not_called_damage(exported, monkeypatch, error):
    def fail(_):
        raise error

    monkeypatch.setattr(exporting, "open_session", fail)
    with pytest.raises(error):
        read_exported(exported)


def test_it_is_said_what_the_file_holds_and_what_it_does_not():
    assert held(LogMel()) == "It holds the network, which reads windows of LogMel features as its metadata say."
    assert held(Pretrained(["musicnn", "efficientat"])).startswith(
        "It holds the layers behind the frozen encoders, not musicnn, efficientat: other programs compute"
    )
