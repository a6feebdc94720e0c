"""Networks of a hub that `transformers` has itself, built from plain settings and safetensors, without code of theirs.

The library is asked for classes only, never for a name or a folder: its `from_pretrained` would follow what settings
name, such as kernels and adapters, to wherever these lie.
"""

import inspect
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from genre_lightning.config import is_of, shown
from genre_lightning.errors import UserError, reason
from genre_lightning.pretrained.hub import SETTINGS, Name, damaged, settings_in, told_if_damaged, weights_of

MOST_SETTINGS = 2**20  # bytes
MOST_LAYERS = 64
MOST = 2**23  # of any other number in settings, such as the samples of a window
UNUSED = {"masked_spec_embed"}  # weights of training alone, which some leave out
OWN_LAYERS = 12  # if the settings do not say
ONE_AT_A_TIME = Lock()  # the library says how loud it is for the whole process


class Family(NamedTuple):
    """What `transformers` calls the parts of a kind of network; what is usual if the settings do not say.

    `part` is where a network of several keeps the settings of this one, `own` what the names of its weights begin with.
    """

    config: str
    network: str
    extractor: str
    width: str
    usual_width: int
    usual_rate: int
    part: str = ""
    own: tuple[str, ...] = ("",)


SPEECH = ("Wav2Vec2FeatureExtractor", "hidden_size", 768, 16000)
CLAP = ("ClapFeatureExtractor", "projection_dim", 512, 48000)
FAMILIES = {
    "audio-spectrogram-transformer": Family("ASTConfig", "ASTModel", "ASTFeatureExtractor", "hidden_size", 768, 16000),
    "clap": Family(
        "ClapAudioConfig", "ClapAudioModelWithProjection", *CLAP, "audio_config", ("audio_model.", "audio_projection.")
    ),
    "wav2vec2": Family("Wav2Vec2Config", "Wav2Vec2Model", *SPEECH),
    "hubert": Family("HubertConfig", "HubertModel", *SPEECH),
    "wavlm": Family("WavLMConfig", "WavLMModel", *SPEECH),
}
WORDS = Family(
    "ClapTextConfig", "ClapTextModelWithProjection", *CLAP, "text_config", ("text_model.", "text_projection.")
)
NAMES = "AST, CLAP, wav2vec 2.0, HuBERT and WavLM"


class Settings(NamedTuple):
    """What the files beside a network's weights say: what it is, the network's settings, those of its input."""

    kind: str
    network: dict[str, Any]
    extractor: dict[str, Any]

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        family = FAMILIES[self.kind]
        return self.network.get(family.width, family.usual_width)

    @property
    def sample_rate(self) -> int:
        """The rate that it hears, in Hz."""
        return self.extractor.get("sampling_rate", FAMILIES[self.kind].usual_rate)

    @property
    def layers(self) -> int:
        """How many layers it has, if they are all alike."""
        return self.network.get("num_hidden_layers", OWN_LAYERS)


def read_settings(name: Name) -> Settings:
    """The settings of a network. Raises UserError for those of one that is not read here."""
    folder = settings_in(name)
    network, preprocessor, processor = (read_json(name, folder / file) for file in SETTINGS)
    kind, own = network.get("model_type"), ", and brings code of its own, which is never run"
    if not isinstance(kind, str) or kind not in FAMILIES:
        told = f"is {shown(kind)}{own if 'auto_map' in network else ''}" if kind else "does not say what it is"
        raise UserError(f"{name.place} {told}; what can hear here are {NAMES}, as `transformers` has them itself")
    if not isinstance(extractor := preprocessor or processor.get("feature_extractor", {}), dict):
        raise damaged(name, f"{SETTINGS[2]} holds no settings of its input")
    settings = Settings(kind, network, extractor)
    for key, value, least, most in (
        (FAMILIES[kind].width, settings.width, 1, 2**14),
        ("sampling_rate", settings.sample_rate, 1000, 192_000),
        ("num_hidden_layers", settings.layers, 0, MOST_LAYERS),
    ):
        if not (is_of(value, int) and least <= value <= most):
            raise damaged(name, f"{key} is {shown(str(value))}")
    return settings


def read_json(name: Name, path: Path) -> dict[str, Any]:
    """The settings in a file; none if there is no such file. Raises UserError if they are damaged."""
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > MOST_SETTINGS:
            raise ValueError("too large")
        values = json.loads(path.read_text(encoding="utf-8"))
        check_numbers(values)
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(name, f"{path.name}: {reason(error)}") from None
    if not isinstance(values, dict):
        raise damaged(name, f"{path.name} holds no settings")
    return values


def check_numbers(node: Any, key: str = "") -> None:
    """Raise ValueError for numbers in settings, and lists of them, that only fill the memory."""
    if isinstance(node, dict):
        for name, value in node.items():
            check_numbers(value, str(name))
    elif isinstance(node, list):
        if len(node) > MOST_LAYERS:
            raise ValueError(f"{key} is too long")
        for value in node:
            check_numbers(value, key)
    elif isinstance(node, int | float) and not abs(node) <= MOST:
        raise ValueError(f"{key} is too large")


def build(name: Name, settings: Settings, family: Family | None = None) -> nn.Module:
    """The network with its weights, to be run but not trained; `family` if it is not the one that hears.

    Raises UserError if the weights are missing, damaged, or those of another network.
    """
    import transformers

    family = family or FAMILIES[settings.kind]
    weights = read_weights(name, family)
    with told_if_damaged(name):
        kind, config = getattr(transformers, family.network), config_of(settings, family)
        check_size(kind, config, weights)
        how: Any = {"dtype": torch.float32, "ignore_mismatched_sizes": True}  # they are told of here, in a line
        with quiet():
            network, told = kind.from_pretrained(
                None, config=config, state_dict=weights, output_loading_info=True, **how
            )
    check_loaded(name, told)
    return network.requires_grad_(False).eval()


@torch.inference_mode()
def try_out(name: Name, network: nn.Module, extractor: Any) -> None:
    """Raise UserError if a network cannot hear what its extractor makes of a second: no song is to blame for that."""
    with told_if_damaged(name):
        hear(network, extractor, torch.zeros(extractor.sampling_rate))


def hear(network: nn.Module, extractor: Any, waveform: Tensor, **asked: Any) -> Any:
    """What the library says of a waveform `(samples,)`."""
    given = extractor(waveform.numpy(), sampling_rate=extractor.sampling_rate, return_tensors="pt")
    given.pop("attention_mask", None)  # all ones, since nothing is padded; PyTorch warns of WavLM's
    return network(**given, **asked)


def check_loaded(name: Name, told: dict[str, Any]) -> None:
    """Raise UserError if the library tells of weights that a network lacks: it has drawn random ones instead."""
    if told["mismatched_keys"]:
        raise damaged(name, "its weights have other shapes than its settings say")
    if missing := {*told["missing_keys"]} - UNUSED:
        raise damaged(name, f"{len(missing)} of its weights are missing, such as {shown(min(missing))}")


def config_of(settings: Settings, family: Family) -> Any:
    """The network's settings as the library has them, and none but the network's own."""
    import transformers

    kind = getattr(transformers, family.config)
    part = settings.network.get(family.part, {}) if family.part else settings.network
    # the width that is common to both parts of CLAP stands with neither
    return kind(**{key: part[key] for key in part if key in kind.__annotations__} | {family.width: settings.width})


def extractor_of(name: Name, settings: Settings) -> Any:
    """What makes a network's input of a waveform. Raises UserError for settings that do not fit."""
    import transformers

    kind = getattr(transformers, FAMILIES[settings.kind].extractor)
    known = settings.extractor.keys() & inspect.signature(kind).parameters.keys()
    given = {key: settings.extractor[key] for key in known}
    with told_if_damaged(name):
        if settings.kind == "clap":  # whose extractor may say otherwise, left as it was made
            fused = settings.network.get("audio_config", {}).get("enable_fusion")
            given["truncation"] = "fusion" if fused else "rand_trunc"
        return kind(**given)


def read_weights(name: Name, family: Family) -> dict[str, Tensor]:
    """The weights that a network is made of. Raises UserError if there are none, or they are damaged."""
    from safetensors import SafetensorError, safe_open

    weights: dict[str, Tensor] = {}
    for path in weights_of(name):
        try:
            with safe_open(path, "pt") as file:
                keys = [key for key in file.keys() if key.startswith(family.own)]  # noqa: SIM118 (it is no mapping)
                weights |= {key: file.get_tensor(key) for key in keys}
        except (SafetensorError, OSError) as error:
            raise damaged(name, f"{path.name}: {reason(error)}") from None
    return weights


def check_size(kind: type[nn.Module], config: Any, weights: dict[str, Tensor]) -> None:
    """Raise ValueError for settings of a network that is larger than its weights.

    Its size is found out without memory, by tensors that have a shape and no values.
    """
    with torch.device("meta"):
        network = kind(config)
    wanted = sum(one.numel() for one in (*network.parameters(), *network.buffers()))
    if wanted > 2 * sum(one.numel() for one in weights.values()) + 2**20:
        raise ValueError("its settings are those of a larger network")


@contextmanager
def quiet() -> Iterator[None]:
    """The library says nothing meanwhile: what is wrong is told here, and which weights it does not need by nobody."""
    from transformers.utils import logging as loud

    with ONE_AT_A_TIME:
        before, bars = loud.get_verbosity(), loud.is_progress_bar_enabled()
        loud.set_verbosity(logging.CRITICAL)
        loud.disable_progress_bar()
        try:
            yield
        finally:
            loud.set_verbosity(before)
            if bars:
                loud.enable_progress_bar()
