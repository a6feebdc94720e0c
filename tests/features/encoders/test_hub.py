import warnings
from functools import cache

import numpy as np
import pytest
import soundfile
import torch

from genre_lightning.data.extraction import extract
from genre_lightning.data.lengths import Lengths
from genre_lightning.data.loudness import Loudness
from genre_lightning.embed.embeddings import read_embeddings
from genre_lightning.embed.neighbours import neighbours
from genre_lightning.errors import UserError
from genre_lightning.features.pretrained import Pretrained
from genre_lightning.labels.audit import audit
from genre_lightning.predict.onnx import export, held
from genre_lightning.predict.predictor import Predictor
from genre_lightning.runs.run import Run

transformers = pytest.importorskip("transformers")
from hubs import EACH, FAMILIES, save, set_in  # noqa: E402 (it needs transformers)

RATE = 16000


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    """A file of 3 s, and what is in it."""
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    soundfile.write(path, np.random.default_rng(0).standard_normal(3 * RATE) / 10, RATE)
    return path, torch.from_numpy(soundfile.read(path, dtype="float32")[0])


def frames(path, *encoders):
    """What features make of a file, as loud as it is."""
    return extract(path, Pretrained([*map(str, encoders)]), "float32", Loudness(None, None), Lengths()).frames


@cache
def from_library(kind, folder):
    """A network, or what makes its input, as the library itself reads it by its usual road."""
    return getattr(transformers, kind).from_pretrained(folder)


def by_hand(folder, network, extractor, waveform, **asked):
    """What the library itself says of a waveform."""
    model, of_input = from_library(network, folder).eval(), from_library(extractor, folder)
    given = of_input(waveform.numpy(), sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode(), warnings.catch_warnings(action="ignore"):  # PyTorch's, of masks
        return model(**given, **asked)


def test_ast_is_heard_as_the_library_hears_it_window_by_window(networks, song):
    path, waveform = song
    starts = [0, 13760, 27520]  # 1.28 s each, to the end
    windows = [waveform[start : start + 20480] for start in starts]
    expected = [by_hand(networks["ast"], "ASTModel", "ASTFeatureExtractor", one).pooler_output for one in windows]
    np.testing.assert_allclose(frames(path, networks["ast"]), torch.cat(expected), atol=1e-5)


@pytest.mark.parametrize("family", ["clap", pytest.param("fused clap", marks=pytest.mark.slow)])
def test_clap_hears_vectors_of_length_one_as_the_library_does(networks, song, family):
    path, waveform = song
    windows = waveform[:32000], waveform[16000:]
    how = networks[family], "ClapAudioModelWithProjection", "ClapFeatureExtractor"
    first, last = (torch.nn.functional.normalize(by_hand(*how, one).audio_embeds) for one in windows)
    expected = torch.cat([first, (first + last) / 2, last])
    np.testing.assert_allclose(frames(path, networks[family]), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "layer"),
    [
        ("wav2vec2", 1),
        ("wav2vec2", None),
        pytest.param("hubert", None, marks=pytest.mark.slow),
        pytest.param("large hubert", 2, marks=pytest.mark.slow),
        pytest.param("wavlm", 1, marks=pytest.mark.slow),
        pytest.param("large wavlm", None, marks=pytest.mark.slow),
    ],
)
def test_networks_of_speech_give_the_mean_of_all_layers_or_the_named_one(networks, song, family, layer):
    path, waveform = song
    how = networks[family], f"{FAMILIES[family][0]}Model", "Wav2Vec2FeatureExtractor"
    layers = by_hand(*how, waveform, output_hidden_states=True).hidden_states
    expected = (torch.stack(layers).mean(dim=0) if layer is None else layers[layer])[0]
    found = frames(path, networks[family] if layer is None else f"{networks[family]}:{layer}")
    assert found.shape == (3, 32)
    np.testing.assert_allclose(found.mean(axis=0), expected.mean(dim=0), atol=1e-4)
    np.testing.assert_allclose(found[0], expected[: len(expected) // 3].mean(dim=0), atol=0.05)


def test_long_songs_are_heard_in_stretches_and_long_steps_are_means(networks, song, monkeypatch):
    monkeypatch.setattr("genre_lightning.features.encoders.hub.SPEECH_SECONDS", 1.0)
    path, waveform = song
    how = networks["wav2vec2"], "Wav2Vec2Model", "Wav2Vec2FeatureExtractor"
    seconds = [by_hand(*how, one, output_hidden_states=True).hidden_states for one in waveform.split(RATE)]
    expected = torch.stack([torch.stack(layers).mean(dim=(0, 1, 2)) for layers in seconds])
    np.testing.assert_allclose(frames(path, networks["wav2vec2"]), expected, atol=1e-4)
    (whole,) = Pretrained([str(networks["wav2vec2"])], step_seconds=60)(waveform)
    np.testing.assert_allclose(whole, expected.mean(dim=0), atol=1e-4)


@pytest.mark.slow
def test_they_stand_beside_the_encoders_that_come_along(networks, song, encoder_weights):
    folder, (path, _) = networks["ast"], song
    both = frames(path, "musicnn", folder)
    assert both.shape == (3, 1506 + 32)
    np.testing.assert_allclose(both[:, 1506:], frames(path, folder), atol=1e-5)
    bands = Pretrained(["musicnn", str(folder)]).bands()
    assert [band.name for band in bands] == ["musicnn", "ast"]


@pytest.mark.parametrize("family", EACH)
def test_any_clip_however_short_has_a_vector(networks, family):
    features = Pretrained([str(networks[family])])
    assert features(torch.randn(10)).shape == (1, features.n_features)


def test_what_has_no_layers_of_its_own_and_layers_that_there_are_not_are_refused(networks):
    with pytest.raises(UserError, match=r"ast:1: only wav2vec 2\.0, HuBERT and WavLM are asked for a layer"):
        Pretrained([f"{networks['ast']}:1"])
    with pytest.raises(UserError, match="wav2vec2:3: its layers are 0 to 2"):
        Pretrained([f"{networks['wav2vec2']}:3"])


def test_the_very_network_is_pinned_and_another_one_in_its_place_is_told_of(tmp_path):
    folder = save("ast", tmp_path / "ast", "license: cc-by-nc-4.0")
    features = Pretrained([str(folder)])
    (pinned,) = features.encoders
    assert Pretrained([pinned]).encoders == [pinned] and pinned.startswith(f"{folder.as_posix()}@")
    assert features.settings["encoders"] == [pinned]
    (fact,) = features.facts().items()
    told = f"revision {pinned.rpartition('@')[2][:12]}, licence cc-by-nc-4.0: not for commercial use"
    assert fact == ("weights of ast", told)
    set_in(folder, num_attention_heads=4)
    with pytest.raises(UserError, match="ast does not hold the network any more that this was made with"):
        Pretrained([pinned])
    assert Pretrained([str(folder)]).encoders != [pinned]


def test_two_that_are_called_the_same_are_told_apart_and_one_is_not_named_twice(networks, tmp_path):
    other = save("ast", tmp_path / "ast", "license: cc-by-nc-4.0")
    with pytest.raises(ValueError, match=r"two of \[.*\] are the same network"):
        Pretrained([str(networks["ast"]), str(other)])
    set_in(other, "preprocessor_config.json", mean=-4)
    features = Pretrained([str(networks["ast"]), str(other), f"{networks['wav2vec2']}:0", f"{networks['wav2vec2']}:1"])
    first, second, *layers = (band.name for band in features.bands())
    assert {first.partition("@")[0], second.partition("@")[0]} == {"ast"} and first != second
    assert layers == ["wav2vec2:0", "wav2vec2:1"]
    facts = features.facts()
    assert facts[f"weights of {first}"].endswith("licence apache-2.0")
    assert facts[f"weights of {second}"].endswith("licence cc-by-nc-4.0: not for commercial use")


@pytest.mark.parametrize(
    ("family", "of_input", "line"),
    [
        ("ast", {"max_length": 0}, "max_length is 0"),
        ("clap", {"max_length_s": None}, "max_length_s is None"),
        ("ast", {"num_mel_bins": 32}, "RuntimeError: The size of tensor"),
    ],
)
def test_input_that_does_not_fit_the_network_is_told_of_and_no_song_is_to_blame(tmp_path, song, family, of_input, line):
    folder = save(family, tmp_path / "net")
    set_in(folder, "preprocessor_config.json", **of_input)
    with pytest.raises(UserError, match=f"net cannot be used: {line}"):
        frames(song[0], folder)


@pytest.mark.parametrize("name", ["owner/net", "."])
def test_what_is_not_installed_is_named_also_for_a_folder(name, monkeypatch):
    monkeypatch.setattr("genre_lightning.pretrained.fetching.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"needs huggingface_hub and transformers; run: pip install .*\[hub\]"):
        Pretrained([name])


def test_a_clap_gets_the_input_that_it_was_made_for_whatever_its_extractor_says(networks, song, tmp_path):
    folder = save("clap", tmp_path / "net")
    set_in(folder, "preprocessor_config.json", truncation="fusion")  # as it is if nobody says
    np.testing.assert_array_equal(frames(song[0], folder), frames(song[0], networks["clap"]))


def test_a_folder_that_is_missing_does_nothing_to_a_terminal():
    with pytest.raises(UserError, match=r"there is no folder /no/\\x1b\[2J; networks of a hub are called OWNER/NAME"):
        Pretrained(["/no/\x1b[2J"])


def test_the_licence_is_said_when_the_network_is_first_used(tmp_path, caplog):
    caplog.set_level("INFO")
    folder = save("ast", tmp_path / "ast")
    for _ in range(2):
        Pretrained([str(folder)])(torch.zeros(1600))
    said = [one.message for one in caplog.records if "licence" in one.message]
    assert len(said) == 1 and said[0].endswith("licence of its weights: apache-2.0")


@pytest.mark.slow
@pytest.mark.parametrize("families", [["ast"], ["musicnn", "clap"], ["wav2vec2", "hubert"]])
def test_a_run_goes_the_whole_road_as_any_other(networks, encoder_weights, train_run, map_run, tmp_path, families):
    encoders = ",".join(f"'{networks[one].as_posix()}'" if one in FAMILIES else one for one in families)
    run = train_run("model=pretrained", f"features.encoders=[{encoders}]", "folds=3")
    map_run(run)
    mapped, spec = read_embeddings(run), Run(run).spec
    assert [name.rpartition("/")[2].partition("@")[0] for name in spec.features.encoders] == families
    assert "licence apache-2.0" in (run / "report.md").read_text(encoding="utf-8")
    path = next(iter(mapped.tracks)).path
    assert neighbours(run, str(path), 2, artists=False, trust=False).tracks
    assert (run / "audit.csv").name in audit(Run(run), None)
    export(Run(run), tmp_path / "model.onnx")
    assert f"not {', '.join(families)}: other programs compute their vectors first" in held(spec.features)
    for predictor in (Predictor(run), Predictor(tmp_path / "model.onnx")):
        found = predictor.predict(path).probabilities
        np.testing.assert_allclose([found[genre] for genre in mapped.genres], mapped.probabilities[0], atol=1e-3)
