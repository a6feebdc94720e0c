"""Songs that the tests compose themselves: three genres that even a small model can tell apart."""

import csv
import gc
import os
import shutil
import signal
import sys
import threading
from contextlib import nullcontext
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import soundfile
from browsing import person  # noqa: F401 (a fixture)
from composing import CONF, compose
from hydra.utils import get_class
from omegaconf import OmegaConf

from genre_lightning.data.catalogue import Catalogue
from genre_lightning.data.engine import Threads
from genre_lightning.data.selection import known_songs, select_songs
from genre_lightning.data.sources.folder import folder
from genre_lightning.data.splits import split_catalogue
from genre_lightning.embed.descriptors import unknown
from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.runs.run import CONFIG

SAMPLE_RATE = 8000
GENRES = ("clicks", "noise", "tones")
ADAM = {"_target_": "torch.optim.AdamW", "lr": 0.01, "weight_decay": 0.1}


TRAINED = [path.stem for path in sorted((CONF / "model").glob("*.yaml")) if "dropout" in OmegaConf.load(path)]


@cache
def kinds_of_models():
    """Of each name in conf/model that is trained, on whatever features: its class, and its settings but no dropout."""
    kinds = {}
    for name in TRAINED:
        config = compose("train", [f"model={name}"])
        settings = OmegaConf.to_container(config.model, resolve=True)
        own = {key: settings[key] for key in settings if key[0] != "_" and key not in config.learning}
        kinds[name] = get_class(settings["_target_"]), own | {"dropout": 0.0}
    return kinds


def pytest_configure(config):
    """Workers of pytest-xdist share the processors: a thread is enough for each, and for the programs it starts.

    They are told before they begin: some libraries count processors when they are loaded.

    Ctrl-C works in tests of it, also where the tests were started in the background, where shells ignore it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is made while tests are collected stays: looking for rubbish among it would take half of the time, and as
    long again while tests run.
    """
    gc.disable()
    outcome = yield
    gc.freeze()
    gc.enable()
    return outcome


@pytest.fixture
def survive_the_end(monkeypatch):
    """The end of a command, also by Ctrl-C, is that of the command only: the tests go on, log and can be stopped."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    monkeypatch.setattr("logging.disable", lambda: None)
    monkeypatch.setattr("genre_lightning.command_line.ending.told", threading.Event())
    monkeypatch.setattr("logging.raiseExceptions", True)
    monkeypatch.setattr("atexit._run_exitfuncs", lambda: None)
    monkeypatch.setattr(os, "_exit", sys.exit)  # there are threads of other tests


@pytest.fixture
def threads_as_cluster():
    """The address of a cluster whose workers are threads of this process."""
    distributed = pytest.importorskip("distributed")
    how = {"processes": False, "dashboard_address": None, "silence_logs": 50}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, protocol="tcp", **how) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def uncompiled(monkeypatch):
    """Leave umap uncompiled, which takes longer than all its tests: they are the only ones that may import it.

    Only while they run: others may want what it compiles.
    """
    from numba.core import config

    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    config.reload_config()
    yield
    monkeypatch.delenv("NUMBA_DISABLE_JIT")
    config.reload_config()


def as_it_is(*signatures, **settings):
    """Stands for a decorator of numba's, and compiles nothing."""
    return lambda function: function


@pytest.fixture(scope="session")
def librosa():
    """librosa without what it compiles as it is loaded, for most of a minute where nothing is cached: nothing of that
    is asked for, or it works uncompiled as well.
    """
    with patch("numba.vectorize", as_it_is), patch("numba.guvectorize", as_it_is), patch("numba.jit", as_it_is):
        import librosa.feature.spectral
    return librosa


def compose_song(genre, number, seconds=1.0):
    """A clip of one of GENRES, int16, so that every lossless format holds the same; each number is another song."""
    rng = np.random.default_rng([GENRES.index(genre), number])
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hiss = 0.01 * rng.standard_normal(len(time))
    every = round(rng.uniform(0.1, 0.2) * SAMPLE_RATE)
    sound = {
        "clicks": 0.9 * (np.arange(len(time)) % every < 3),
        "noise": 19 * hiss,
        "tones": 0.5 * np.sin(2 * np.pi * rng.uniform(200, 1500) * time),
    }
    return (32767 * (sound[genre] + hiss).clip(-1, 1)).astype(np.int16)


def random_efficientat():
    """Its network with random weights whose batch normalisation has heard noise, or hardly anything would arrive."""
    import torch

    from genre_lightning.pretrained import efficientat

    network = efficientat.EfficientAT()
    for layer in network.features.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        network.features(torch.randn(4, 1, 128, 200))
    return network


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory):
    """A folder where PyTorch keeps weights, in which those of all encoders are there already: random ones."""
    import torch
    from safetensors.torch import save_file

    from genre_lightning.pretrained import efficientat, efficientat_weights, musicnn, musicnn_weights

    home = tmp_path_factory.mktemp("torch")
    folder = home / "hub" / "genre_lightning"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    save_file(musicnn.Tagger().state_dict(), folder / musicnn_weights.KEPT)
    network = random_efficientat()
    torch.save(network.state_dict(), folder / efficientat_weights.WEIGHTS.name)
    names = [f'{number},/m/0,"Sound {number}"' for number in range(efficientat.CLASSES)]
    (folder / efficientat_weights.NAMES.name).write_text(
        "\n".join(["index,mid,display_name", *names]), encoding="utf-8"
    )
    return home


@pytest.fixture
def encoder_weights(random_weights, monkeypatch):
    """Make features=pretrained find random weights, so that it fetches none."""
    from genre_lightning.pretrained import efficientat_weights as efficientat

    kept = (random_weights / "hub" / "genre_lightning" / efficientat.WEIGHTS.name).read_bytes()
    monkeypatch.setattr(efficientat, "SHA256", sha256(kept).hexdigest())
    monkeypatch.setenv("TORCH_HOME", str(random_weights))


@pytest.fixture(scope="session")
def networks(tmp_path_factory):
    """The folders of tiny networks as they lie in a hub, by their families, which nobody may change."""
    from hubs import Saved  # only here, since it needs transformers

    return Saved(tmp_path_factory.mktemp("networks"))


@pytest.fixture
def sound():
    """Compose the song of a genre and a number, as int16 at SAMPLE_RATE."""
    return compose_song


@pytest.fixture
def write_song():
    """Write the song of a genre and a number to a file, whose suffix says the format; returns the path."""

    def write(path, genre="tones", number=0, seconds=1.0, artist=""):
        path.parent.mkdir(parents=True, exist_ok=True)
        with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as file:
            if artist:
                file.artist = artist
            file.write(compose_song(genre, number, seconds))
        return path

    return write


@pytest.fixture
def songs(tmp_path, write_song):
    """Make a folder of songs `<genre>/<artist>_<number>.wav`, whose manifest.csv knows their artists."""

    def make(name="songs", genres=GENRES, artists=3, songs_of_artist=1, seconds=1.0):
        rows = [("path", "genre", "artist")]
        for genre in genres:
            for number in range(artists * songs_of_artist):
                artist = number // songs_of_artist
                path = write_song(tmp_path / name / genre / f"{artist}_{number}.wav", genre, number, seconds)
                rows.append((f"{genre}/{path.name}", genre, f"{genre} artist {artist}"))
        with (tmp_path / name / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return tmp_path / name

    return make


@pytest.fixture
def features():
    """Features that are quick to compute and fit the songs."""
    from genre_lightning.features.mel import LogMel

    return LogMel(sample_rate=SAMPLE_RATE, n_fft=512, hop_length=256, n_mels=24)


SIDES = ("train", "train", "val", "train", "train", "test", "train", "val", "train", "test")
SMALL = (  # settings with which a whole run takes a second or two
    "features.sample_rate=8000", "features.n_fft=512", "features.hop_length=256", "features.n_mels=24",
    "loader.window_seconds=0.5", "loader.batch_size=6", "loader.windows_per_song=1", "model=mlp", "model.hidden=[16]",
    "engine.num_workers=1",
    "trainer=cpu", "trainer.max_epochs=4", "report.calibration_draws=200",
    "augment=[gain,equaliser,mixstyle,mixup,specaugment]",
)  # fmt: skip


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Ten songs a genre, from 0.3 to 1.2 seconds long, each by its own artist and with a published side, and a broken
    file among the training songs.
    """
    root, rows = tmp_path_factory.mktemp("library"), [("path", "genre", "artist", "split")]
    for genre in GENRES:
        (root / genre).mkdir()
        for number, side in enumerate(SIDES):
            soundfile.write(root / genre / f"{number}.wav", compose_song(genre, number, 0.3 + number / 10), SAMPLE_RATE)
            rows.append((f"{genre}/{number}.wav", genre, f"{genre} artist {number}", side))
    (root / "broken.wav").write_text("no sound")
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([*rows, ("broken.wav", "tones", "nobody", "train")])
    return root


@pytest.fixture(scope="session")
def selected(library, tmp_path_factory):
    """The library's songs that take part, and a cache with their features."""
    from genre_lightning.data.cache import FeatureCache
    from genre_lightning.features.mel import LogMel

    small = LogMel(sample_rate=SAMPLE_RATE, n_fft=512, hop_length=256, n_mels=24)
    cache, catalogue = FeatureCache(tmp_path_factory.mktemp("cache"), small, engine=Threads(1)), folder(str(library))
    broken = cache.build([track.path for track in catalogue])
    known, published = known_songs(catalogue, cache), partial(split_catalogue, method="published")
    return select_songs(catalogue, known, cache, published, broken), cache


@pytest.fixture(scope="session")
def command_line(library, tmp_path_factory):
    """The overrides that make a small run on the library, with whatever is to be different; another choice of a group
    comes with its own settings, and pre-trained encoders with those of other groups.
    """
    caches = tmp_path_factory.mktemp("caches")
    own = ["data=folder", f"data.root='{library.as_posix()}'", f"cache.root='{caches.as_posix()}'"]

    def line(*overrides):
        chosen = tuple(key + end for override in overrides for key in [override.split("=")[0]] for end in "=.")
        chosen += ("augment=",) if "features=" in chosen else ()  # features say which ones they want
        chosen += ("loader.window_seconds",) if "features=pretrained" in overrides else ()
        chosen += ("features.", "loader.", "augment=") if "model=pretrained" in overrides else ()
        solved = {"model=linear", "model=pretrained"} & set(overrides)
        chosen += ("loader.windows_per_song", "trainer.max_epochs") if solved else ()
        return [*(setting for setting in (*own, *SMALL) if not setting.startswith(chosen)), *overrides]

    return line


@pytest.fixture(scope="session")
def configure(command_line):
    """Compose the configuration of a small run."""

    def configured(*overrides):
        return compose("train", command_line(*overrides))

    return configured


SONGS_SHOWN = "genre_lightning.train.song_pictures.SHOWN_GENRES"


@pytest.fixture(scope="session", autouse=True)
def no_songs_shown():
    """Let reports show no songs, each of which takes half a second."""
    with patch(SONGS_SHOWN, 0):
        yield


@pytest.fixture(scope="session")
def train_run(configure, tmp_path_factory):
    """Train in a folder of its own, or in the one that is given; returns the folder.

    Without the report's pictures, which take longer than all else, unless they are asked for: then with one song.
    """
    from genre_lightning.train.train import train

    def trained(*overrides, into=None, pictures=False):
        into = into or tmp_path_factory.mktemp("run")
        config = configure(*overrides)
        (into / CONFIG).parent.mkdir(exist_ok=True)
        OmegaConf.save(config, into / CONFIG)  # as Hydra does
        drawn = nullcontext() if pictures else patch("genre_lightning.train.evaluation.draw", return_value={})
        with drawn, patch(SONGS_SHOWN, int(pictures)):
            train(config, into)
        return into

    return trained


@pytest.fixture(scope="session")
def run(train_run):
    """A finished run with every augmentation, which nobody may change."""
    return train_run(pictures=True)


@pytest.fixture(scope="session")
def short_clips(train_run):
    """A finished run whose songs are all shorter than the windows that were asked for."""
    small = ("model=cnn", "model.channels=[4,8]", "trainer.max_epochs=1")
    return train_run("loader.window_seconds=3", *small)


@pytest.fixture(scope="session")
def exported(run, tmp_path_factory):
    """The finished run as one file, which nobody may change."""
    from genre_lightning.predict.onnx import export
    from genre_lightning.runs.run import Run

    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    export(Run(run), path)
    return path


@pytest.fixture(scope="session")
def noise_songs(tmp_path_factory):
    """The folder of songs of two genres that only their names tell apart; their artists have four each."""
    root, rows = tmp_path_factory.mktemp("noise"), [("path", "genre", "artist")]
    for number in range(40):
        soundfile.write(root / f"{number}.wav", compose_song("noise", number, 0.6), SAMPLE_RATE)
        rows.append((f"{number}.wav", ("hiss", "rush")[number % 2], f"artist {number // 4}"))
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return root


@pytest.fixture(scope="session")
def learnt_noise(train_run, noise_songs):
    """A run on these songs, split song by song: from some epoch on it can do nothing but learn by heart, and a callback
    stops it early.
    """
    return train_run(
        f"data.root='{noise_songs.as_posix()}'", "split.method=naive", "trainer.max_epochs=40", "augment=gain",
        "augment.gain.gain_db=0", "learning.schedule=null", "callbacks=[]",
        "+callbacks.stop={_target_:lightning.pytorch.callbacks.EarlyStopping,monitor:val/loss,patience:3}",
        "learning.label_smoothing=0", "model.dropout=0",
    )  # fmt: skip


@pytest.fixture(scope="session")
def make_embeddings():
    """Make the embeddings of tracks: a cloud for each of `genres`, which the model knows; it takes songs for their own
    genre, but for those in `taken_for` (row: genre).
    """

    def embed(tracks, genres=GENRES, taken_for=()):
        rng, taken_for = np.random.default_rng(0), dict(taken_for)
        guesses = [taken_for.get(row, track.genre) for row, track in enumerate(tracks)]
        columns = np.array([genres.index(guess) if guess in genres else 0 for guess in guesses])
        probabilities = np.full((len(tracks), len(genres)), 0.2 / max(1, len(genres) - 1), np.float32)
        probabilities[np.arange(len(tracks)), columns] = 0.8
        angles = 2 * np.pi * columns / len(genres)
        vectors = np.stack([10 * np.cos(angles), 8 * np.sin(angles), 0 * angles], axis=1)
        vectors = (vectors + rng.standard_normal(vectors.shape)).astype(np.float32)
        rest = vectors[:, :2], np.arange(len(tracks)).astype(str), unknown(len(tracks))
        return Embeddings(Catalogue(tracks), list(genres), probabilities, vectors, *rest)

    return embed


@pytest.fixture(scope="session")
def map_run():
    """Do what embed.py does to a run, on the CPU and with PCA unless told otherwise."""
    from genre_lightning.embed.embed import embed

    def mapped(run, *overrides):
        groups = {"projection": "pca", "trainer": "cpu"} | dict(override.split("=", 1) for override in overrides)
        chosen = [f"{group}={choice}" for group, choice in groups.items()]
        line = [f"run='{run.as_posix()}'", "engine.num_workers=1", *chosen]
        embed(compose("embed", line))

    return mapped


@pytest.fixture(scope="session")
def embedded(run, map_run, tmp_path_factory):
    """A run whose songs are embedded, which nobody may change."""
    folder = Path(shutil.copytree(run, tmp_path_factory.mktemp("embedded") / "run"))
    map_run(folder)
    return folder


@pytest.fixture(params=TRAINED)
def kind(request):
    """Every kind of model in conf/model that is trained, on whatever features."""
    return kinds_of_models()[request.param][0]


@pytest.fixture
def build():
    """Make a small model of a kind for windows of 20 frames of 12 features and 3 genres, or of other shapes."""

    def make(kind, **settings):
        shapes = {"n_features": 12, "n_frames": 20, "n_genres": 3, "optimizer": ADAM}
        return kind(**shapes | dict(kinds_of_models().values())[kind] | settings)

    return make
