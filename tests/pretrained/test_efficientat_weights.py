import json
from pathlib import Path

import pytest
import soxr
import torch

from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.demo.song import compose_song
from genre_lightning.errors import UserError
from genre_lightning.features.encoders.efficientat import KaldiMel
from genre_lightning.pretrained import efficientat_weights as weights
from genre_lightning.pretrained.efficientat import CLASSES, EfficientAT


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty place for weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "genre_lightning").mkdir(parents=True)
    return tmp_path / "hub" / "genre_lightning"


def test_the_published_file_is_told_from_others_by_its_digest(home):
    (home / weights.WEIGHTS.name).write_bytes(b"something else")
    with pytest.raises(UserError, match=r"\.pt is not .* as it was .* features\.encoders=\[musicnn\]"):
        weights.load_efficientat()


def test_weights_that_are_there_are_loaded_by_their_names(home, monkeypatch):
    torch.manual_seed(0)
    network = EfficientAT()
    torch.save(network.state_dict(), home / weights.WEIGHTS.name)
    monkeypatch.setattr(weights, "SHA256", weights.sha256((home / weights.WEIGHTS.name).read_bytes()))
    torch.testing.assert_close(dict(weights.load_efficientat().state_dict()), dict(network.state_dict()))


def listed(names):
    """Names of classes as AudioSet lists them."""
    lines = ["index,mid,display_name", *(f"{number},/m/0,{json.dumps(name)}" for number, name in enumerate(names))]
    return "\n".join(lines)


def test_classes_have_their_published_names(home):
    names = [f"Sound, number {number}" for number in range(CLASSES)]
    (home / weights.NAMES.name).write_text(listed(names), encoding="utf-8")
    assert weights.audioset_classes() == names


@pytest.mark.parametrize("content", [listed(["Music", "Speech"]), "<html>log in\rhere</html>", "index,mid\n0,/m/0"])
def test_another_list_is_not_taken_for_the_classes(home, content):
    (home / weights.NAMES.name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"is not class_labels_indices\.csv as it was published"):
        weights.audioset_classes()


@pytest.fixture(scope="module")
def real():
    """The network with the real weights, where they are."""
    if not (Path(torch.hub.get_dir()) / "genre_lightning" / weights.WEIGHTS.name).is_file():
        pytest.skip(f"{weights.WEIGHTS.name} is not there: train once with features.encoders=[efficientat]")
    return weights.load_efficientat()


# What the published network says of five seconds of five tones: the logits of its first ten classes, and the first ten
# numbers of its pooled output.
LOGITS = [-4.51957, -8.06640, -8.35191, -9.22746, -9.84268, -8.31818, -11.27111, -9.64822, -10.58792, -11.60691]
POOLED = [-0.26810, 0.00264, -0.01812, 0.17162, 0.57983, -0.23438, -0.16941, 0.22538, -0.21635, -0.17556]


@pytest.mark.weights
def test_the_published_weights_say_the_same_of_tones_as_when_they_were_first_tried(real):
    time = torch.arange(5 * 32000, dtype=torch.float64) / 32000
    tones = 0.1 * sum(torch.sin(2 * torch.pi * hertz * time) for hertz in (110.0, 220.0, 440.0, 1000.0, 3520.0))
    mel = KaldiMel()(tones.float()).T[None, None]
    torch.testing.assert_close(real(mel)[0, :10], torch.tensor(LOGITS), atol=1e-4, rtol=0)
    torch.testing.assert_close(real.features(mel).mean(dim=(2, 3))[0, :10], torch.tensor(POOLED), atol=1e-4, rtol=0)


# Classes of AudioSet, by their numbers.
MUSIC, PIANO, DRUM_MACHINE = 137, 153, 163


@pytest.mark.weights
@pytest.mark.parametrize(("genre", "artist", "instrument"), [("jazz", 2, PIANO), ("hiphop", 0, DRUM_MACHINE)])
def test_the_published_weights_hear_music_and_an_instrument_that_plays(real, genre, artist, instrument):
    song = compose_song(0, genre, artist, 0, seconds=10.0, overlap=0.0)
    waveform = torch.from_numpy(soxr.resample(song, SAMPLE_RATE, 32000, "HQ"))
    loudest = real(KaldiMel()(waveform).T[None, None])[0].topk(7).indices.tolist()
    assert loudest[0] == MUSIC and instrument in loudest
