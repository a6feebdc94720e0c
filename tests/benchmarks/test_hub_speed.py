"""What networks of a hub take for a minute of sound on this processor, of the usual size: against EfficientAT."""

import statistics
import time

import pytest
import torch

from genre_lightning.features.pretrained import Pretrained

pytestmark = [pytest.mark.benchmark, pytest.mark.usefixtures("encoder_weights")]
transformers = pytest.importorskip("transformers")
FAMILIES = "AST", "Clap", "Hubert"


def saved(family, folder):
    """A network of a family as its library makes it if nobody says otherwise, with random weights, in a folder."""
    config = getattr(transformers, f"{family}Config")()
    getattr(transformers, f"{family}Model")(config).save_pretrained(folder)
    return str(folder)


@torch.inference_mode()
def seconds(encoder):
    """What an encoder takes for a minute."""
    features, times = Pretrained([encoder]), []
    minute = torch.rand(60 * features.sample_rate) - 0.5
    features(minute[: features.sample_rate])  # its weights are read now
    for _ in range(3):
        begin = time.perf_counter()
        features(minute)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def test_efficientat_is_the_quickest(tmp_path, capsys):
    found = {family: seconds(saved(family, tmp_path / family)) for family in FAMILIES}
    ours = seconds("efficientat")
    told = ", ".join(f"{family} {took:.1f} s ({took / ours:.0f} times)" for family, took in found.items())
    with capsys.disabled():
        print(f"\na minute of sound, {torch.get_num_threads()} threads: EfficientAT {ours:.2f} s, {told}")
    assert min(found.values()) > 2 * ours
