"""Networks as they lie in a hub: tiny ones with random weights, of each family that can hear, saved in folders."""

import json

import pytest
import torch
import transformers

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 37}
SPEECH = {"conv_dim": [16, 16], "conv_stride": [16, 20], "conv_kernel": [16, 20]}
SPEECH |= {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
LARGE = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}  # as the large ones have it
TEXT = {**SMALL, "vocab_size": 300, "max_position_embeddings": 90}
AUDIO = {"hidden_size": 16, "patch_embeds_hidden_size": 8, "depths": [1, 1], "num_attention_heads": [2, 2]}
AUDIO |= {"num_hidden_layers": 2, "spec_size": 64, "num_mel_bins": 16, "window_size": 4}
MEL = {"feature_size": 16, "fft_window_size": 512, "hop_length": 160, "frequency_max": 8000, "max_length_s": 2}
MEL |= {"sampling_rate": 16000}
CROP, FUSION = {"truncation": "rand_trunc"}, {"enable_fusion": True}
FAMILIES = {
    "ast": ("AST", {**SMALL, "max_length": 128, "num_mel_bins": 64}, {"max_length": 128, "num_mel_bins": 64}),
    "clap": ("Clap", {"text_config": TEXT, "audio_config": AUDIO, "projection_dim": 24}, {**MEL, **CROP}),
    "fused clap": ("Clap", {"text_config": TEXT, "audio_config": AUDIO | FUSION, "projection_dim": 24}, MEL),
    "wav2vec2": ("Wav2Vec2", {**SMALL, **SPEECH}, {}),
    "hubert": ("Hubert", {**SMALL, **SPEECH}, {}),
    "large hubert": ("Hubert", {**SMALL, **SPEECH, **LARGE}, {"return_attention_mask": True}),
    "wavlm": ("WavLM", {**SMALL, **SPEECH}, {"do_normalize": False}),
    "large wavlm": ("WavLM", {**SMALL, **SPEECH, **LARGE}, {"return_attention_mask": True}),
}
QUICK = ("ast", "clap", "wav2vec2")  # one of each kind of windows; the others are tested where it may take longer
EACH = [family if family in QUICK else pytest.param(family, marks=pytest.mark.slow) for family in FAMILIES]


def save(family, folder, card="license: apache-2.0"):
    """Save a network of a family with what makes its input; returns the folder."""
    name, settings, of_input = FAMILIES[family]
    extractor = f"{name if name in ('AST', 'Clap') else 'Wav2Vec2'}FeatureExtractor"
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**settings)
    network = getattr(transformers, f"{name}Model")(config)
    network.save_pretrained(folder)
    getattr(transformers, extractor)(**of_input).save_pretrained(folder)
    (folder / "README.md").write_text(f"---\n{card}\n---\n# A network\n", encoding="utf-8")
    return folder


class Saved(dict):
    """The folder of a network of each family, saved when it is first asked for: each takes a while to be imported."""

    def __init__(self, root):
        self.root = root

    def __missing__(self, family):
        """Save one of that family."""
        self[family] = save(family, self.root / family)
        return self[family]


def set_in(folder, file="config.json", **settings):
    """Change what the settings of a network in a folder say."""
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | settings), encoding="utf-8")
