import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from genre_lightning.errors import UserError
from genre_lightning.pretrained.hub import read_name
from genre_lightning.pretrained.transformer import build, extractor_of, read_settings

pytest.importorskip("transformers")
from hubs import set_in


@pytest.fixture
def folder(networks, tmp_path):
    """A folder with an AST."""
    return Path(shutil.copytree(networks["ast"], tmp_path / "ast"))


def read(folder):
    """Its settings."""
    return read_settings(read_name(str(folder)))


def made(folder):
    """The network in a folder."""
    return build(read_name(str(folder)), read(folder))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"model_type": "bert"}, "is bert; what can hear here are AST, CLAP, wav2vec 2.0, HuBERT and WavLM"),
        ({"model_type": "mert_model", "auto_map": {}}, "is mert_model, and brings code of its own, which is never run"),
        ({"model_type": None}, "does not say what it is; what can hear here are"),
        ({"model_type": "clap", "projection_dim": -1}, "cannot be used: projection_dim is -1"),
        ({"model_type": "clap", "projection_dim": True}, "cannot be used: projection_dim is True"),
        ({"model_type": "clap", "x": 10**9}, "cannot be used: config.json: ValueError: x is too large"),
        ({"model_type": "hubert", "x": [0] * 65}, "cannot be used: config.json: ValueError: x is too long"),
        ({"model_type": "hubert", "num_hidden_layers": 65}, "cannot be used: num_hidden_layers is 65"),
    ],
)
def test_what_cannot_hear_here_is_refused_in_a_line(tmp_path, settings, line):
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match=line.replace("(", r"\(")):
        read(tmp_path)


def test_what_settings_do_not_say_is_usual_for_the_kind(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "clap"}')
    assert (read(tmp_path).width, read(tmp_path).sample_rate) == (512, 48000)
    (tmp_path / "processor_config.json").write_text('{"feature_extractor": {"sampling_rate": 32000}}')
    assert read(tmp_path).sample_rate == 32000
    (tmp_path / "processor_config.json").write_text('{"feature_extractor": []}')
    with pytest.raises(UserError, match=r"cannot be used: processor_config\.json holds no settings of its input"):
        read(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "3", '{"model_type": "clap", "x": 1e999}', "\udcff", "[" * 100_000])
def test_damaged_settings_are_told_of(tmp_path, content):
    (tmp_path / "config.json").write_text(content, errors="surrogateescape")
    with pytest.raises(UserError, match="cannot be used: config"):
        read(tmp_path)


def test_settings_lead_nowhere_else_and_run_nothing(folder):
    expected = made(folder).state_dict()
    nowhere = {"_attn_implementation": "evil/kernels", "attn_implementation": "evil/kernels"}
    nowhere |= {"auto_map": {"AutoModel": "evil.M"}, "transformers_weights": "../evil.bin"}
    nowhere |= {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}
    set_in(folder, **nowhere, dtype="float16", output_hidden_states=True, return_dict=False)
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "evil/net"}')
    network = made(folder)
    assert network.config._attn_implementation in ("sdpa", "eager")
    assert all(torch.equal(expected[key], value) for key, value in network.state_dict().items())
    set_in(folder, "preprocessor_config.json", auto_map={"AutoFeatureExtractor": "evil.E"}, feature_extractor_type="E")
    assert type(extractor_of(read_name(str(folder)), read(folder))).__name__ == "ASTFeatureExtractor"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"hidden_size": 64}, "its weights have other shapes than its settings say"),
        ({"hidden_size": 16384, "intermediate_size": 10**6}, "its settings are those of a larger network"),
        ({"num_hidden_layers": 3}, "16 of its weights are missing, such as layers.2"),
        ({"num_attention_heads": 7}, "its weights have other shapes than"),
        ({"hidden_act": 3}, "cannot be used: "),
    ],
)
def test_settings_of_another_network_than_the_weights_are_refused(folder, settings, line):
    set_in(folder, **settings)
    with pytest.raises(UserError, match=line):
        made(folder)


def test_damaged_weights_are_refused(folder):
    path = folder / "model.safetensors"
    weights = {key: value.clone() for key, value in load_file(path).items()}  # or they would lie in the file
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"ast cannot be used: model\.safetensors: SafetensorError"):
        made(folder)
    save_file({"x": weights["layernorm.weight"]}, path)
    with pytest.raises(UserError, match="ast cannot be used: "):
        made(folder)


def test_the_library_is_as_loud_as_before(folder):
    from transformers.utils import logging as loud

    before = loud.get_verbosity(), loud.is_progress_bar_enabled()
    made(folder)
    assert (loud.get_verbosity(), loud.is_progress_bar_enabled()) == before
