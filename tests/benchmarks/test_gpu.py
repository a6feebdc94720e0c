"""Training on a GPU: every model and precision, against the CPU and against a plain loop.

    pytest -n 0 -m gpu tests/benchmarks/test_gpu.py

From a checkout; the package need not be installed, what it requires must be. Prints a table in Markdown. With
GPU_TESTS_ON=cpu in the environment the tests themselves are tried where there is no GPU.
"""

import json
import logging
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from lightning import Callback
from serving import score, serve

from genre_lightning.embed.embeddings import read_embeddings
from genre_lightning.metrics import song_metrics
from genre_lightning.runs.run import Run
from genre_lightning.text import table
from genre_lightning.train.train import build_model, build_trainer, fit, train

ACCELERATOR = os.environ.get("GPU_TESTS_ON", "gpu")
ON_GPU = ACCELERATOR != "cpu"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(ON_GPU and not torch.cuda.is_available(), reason="PyTorch finds no GPU of NVIDIA or AMD"),
]
ROOT = Path(__file__).parents[2]
SOLVED = {"linear", "pretrained"}  # which train nothing
MODELS = sorted({path.stem for path in (ROOT / "conf" / "model").glob("*.yaml")} - SOLVED)
PRECISIONS = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16 if ON_GPU else torch.bfloat16}
EPOCHS, PROFILED_EPOCH, PROFILED_BATCHES = 8, 3, 12  # of fewer the averaged weights have hardly begun to learn
CHANCE = math.log(3)  # the loss of who knows nothing of three genres
WINDOWS_PER_SONG = 32 if ON_GPU else 4  # in an epoch whose time is taken
HEAD = ("model", "precision", "windows/s", "times a plain loop's", "GPU waits", "memory", "test accuracy", "on the CPU")
HEAD += ("loss off by",)


def wait_for_gpu():
    if ON_GPU:
        torch.cuda.synchronize()


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """Settings with which 90 short songs are composed and cached once, for all runs."""
    home = tmp_path_factory.mktemp("gpu")
    few = ["data.artists_per_genre=10", "data.song_seconds=6", "report.calibration_draws=100"]
    few += ["loader.windows_per_song=12"]  # of which every network learns something in a few epochs
    return [f"data.root='{(home / 'songs').as_posix()}'", f"cache.root='{(home / 'cache').as_posix()}'", *few]


@pytest.fixture
def configure(songs):
    """Compose the settings of a run."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    def configured(model, precision, accelerator=ACCELERATOR, *more):
        own = [f"model={model}", f"trainer.precision={precision}", f"trainer.accelerator={accelerator}", *songs, *more]
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            return compose("train", [*own, f"trainer.max_epochs={EPOCHS}", "+trainer.enable_progress_bar=false"])

    return configured


@pytest.fixture(scope="module")
def rows(request):
    """The lines of the table, which is printed at the end."""
    lines = []
    yield lines
    device = torch.cuda.get_device_name() if ON_GPU else ACCELERATOR
    about = f"{device}, PyTorch {torch.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores"
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n\n{about}\n\n{table(HEAD, lines)}")


class Watch(Callback):
    """The time of each epoch's training, and for how much of a batch's time the GPU is at work."""

    def __init__(self):
        self.seconds, self.begin, self.busy_seconds, self.batches = [], 0.0, 0.0, 0
        self.profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])

    def on_train_epoch_start(self, trainer, module):
        wait_for_gpu()
        if trainer.current_epoch == PROFILED_EPOCH and ON_GPU:
            self.profiler.start()
        self.begin = time.perf_counter()

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        profiled = trainer.current_epoch == PROFILED_EPOCH and ON_GPU
        if profiled and batch_idx == PROFILED_BATCHES - 1:
            wait_for_gpu()
            self.profiler.stop()
            busy = sum(event.self_device_time_total for event in self.profiler.key_averages())
            self.busy_seconds = busy / 1e6 / PROFILED_BATCHES
        if trainer.is_last_batch:
            wait_for_gpu()
            self.batches = batch_idx + 1
            self.seconds += [] if profiled else [time.perf_counter() - self.begin]

    @property
    def epoch_seconds(self):
        return statistics.median(self.seconds[1:])  # in the first one algorithms are chosen

    @property
    def waits(self):
        return f"{1 - self.busy_seconds * self.batches / self.epoch_seconds:.0%}" if self.busy_seconds else "-"


class PlainLoop:
    """What the Trainer does in an epoch, written out, with every window on the device from the beginning."""

    def __init__(self, cfg, data, device):
        self.data, self.clip = data, cfg.trainer.gradient_clip_val
        self.model = build_model(cfg, data).to(device).train()
        self.optimizer = self.model.build_optimizer()
        self.batches = [(batch.features.to(device), batch.target.to(device)) for batch in data.train_dataloader()]
        dtype = PRECISIONS[cfg.trainer.precision]
        self.autocast = torch.autocast(device.type, dtype) if dtype else nullcontext()
        self.scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)

    def epoch(self):
        wait_for_gpu()
        begin = time.perf_counter()
        for features, target in self.batches:
            self.step(features.float(), target)
        wait_for_gpu()
        return time.perf_counter() - begin

    def step(self, features, target):
        for augment in self.data.augments:
            features, target = augment(features, target)
        with self.autocast:
            loss = self.model.loss(self.model(features), target)
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()


class Speed(NamedTuple):
    """Windows a second, times those of a plain loop, the share of time that the GPU waits, memory at most."""

    windows: str
    plain: str
    waits: str
    memory: str


def measure_speed(cfg, folder):
    data, watch = serve(cfg), Watch()
    trainer = build_trainer(cfg, folder, [])
    trainer.callbacks += [watch]
    if ON_GPU:
        torch.cuda.reset_peak_memory_stats()
    fit(trainer, build_model(cfg, data), data, None)
    memory = f"{torch.cuda.max_memory_allocated() / 2**20:.0f} MB" if ON_GPU else "-"
    plain = PlainLoop(cfg, data, trainer.strategy.root_device)
    plain_seconds = statistics.median([plain.epoch() for _ in range(EPOCHS)][1:])
    windows = sum(len(features) for features, _ in plain.batches) / watch.epoch_seconds
    return Speed(f"{windows:,.0f}", f"{plain_seconds / watch.epoch_seconds:.2f}", watch.waits, memory)


def figures_of(cfg, folder):
    """The figures in the report of a run, and the validation loss as it was logged in training."""
    folder.mkdir()
    logged = train(cfg, folder)
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8")), logged


def on_the_cpu(cfg, folder):
    """The test figures of a run's weights where the CPU computes them in float32."""
    saved = torch.load(folder / "checkpoints" / "model.ckpt", map_location="cpu", weights_only=True)
    data = serve(cfg)
    model = build_model(cfg, data)
    model.load_state_dict(saved["state_dict"])
    return song_metrics(score(model, data, "test"))


@pytest.fixture(scope="module")
def known():
    """The figures of models that were trained on the CPU."""
    return {}


@pytest.fixture
def cpu_figures(configure, known, tmp_path):
    """Train a model on the CPU, once for all precisions; returns its figures."""

    def figures(model):
        if model not in known:
            known[model] = figures_of(configure(model, "32-true", "cpu"), tmp_path / "cpu")[0]
        return known[model]

    return figures


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("model", MODELS)
def test_a_model_trains_in_every_precision(model, precision, configure, cpu_figures, rows, tmp_path):
    figures, logged = figures_of(configure(model, precision), tmp_path / "run")
    off = abs(on_the_cpu(configure(model, precision), tmp_path / "run")["loss"] - figures["test"]["loss"])
    timed = configure(model, precision, ACCELERATOR, f"loader.windows_per_song={WINDOWS_PER_SONG}")
    speed, reference = measure_speed(timed, tmp_path / "timed"), cpu_figures(model)
    accuracy, there = (f"{one['test']['accuracy']:.1%}" for one in (figures, reference))
    rows.append((model, precision, *speed, accuracy, there, f"{off:.1e}"))
    assert off < 1e-3, "the same weights give other figures on the CPU"
    assert abs(logged - figures["val"]["uncalibrated_loss"]) < 0.05, "validation in training differs from the report's"
    learnt, there = (one["learnt_from"]["loss"] for one in (figures, reference))  # of few songs others show little
    assert learnt < there + 0.12, "it learns less than on the CPU"
    assert there < CHANCE - 0.1, "there was nothing to be learnt"


@pytest.fixture
def command(songs, tmp_path):
    """Type a command, as a user would; returns what it printed. It must end well, and warn of nothing."""
    python = {"PYTHONPATH": str(ROOT), "GENRE_LIGHTNING_TRACEBACK": "1", "PYTHONWARNINGS": ""}

    def typed(*line):
        done = subprocess.run(
            [sys.executable, *line], cwd=tmp_path, env=os.environ | python, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert not re.search(r"Warning|\.py:\d+: ", done.stderr), done.stderr
        return done.stdout

    return typed


@pytest.fixture
def resumed(command, songs, tmp_path):
    """Begin a run on one device and go on with it on the other one; returns its folder."""

    def go_on(first, then):
        run = tmp_path / "run"
        begin = [
            f"hydra.run.dir='{run.as_posix()}'",
            "learning.schedule=null",
            "refit=false",
            "trainer.max_epochs=2",
            *songs,
        ]
        command(str(ROOT / "train.py"), f"trainer.accelerator={first}", *begin)
        last = f"ckpt_path='{(run / 'checkpoints' / 'last.ckpt').as_posix()}'"
        command(str(ROOT / "train.py"), last, f"trainer.accelerator={then}", "trainer.max_epochs=4")
        assert json.loads((run / "metrics.json").read_text(encoding="utf-8"))["run"]["epochs"] == 4
        return run

    return go_on


def test_a_run_begun_on_the_gpu_goes_on_on_the_cpu(resumed):
    resumed(ACCELERATOR, "cpu")


def test_a_run_begun_on_the_cpu_goes_on_on_the_gpu_and_can_be_used_on_both(resumed, command):
    run, embedded = resumed("cpu", ACCELERATOR), []
    for device in ("cpu", ACCELERATOR):
        command(str(ROOT / "embed.py"), f"run='{run.as_posix()}'", "projection=pca", f"trainer.accelerator={device}")
        embedded.append(read_embeddings(run))
    assert np.allclose(embedded[0].vectors, embedded[1].vectors, rtol=1e-2, atol=1e-3)
    song = Run(run).catalogue.tracks[0].path
    judged = json.loads(command("-m", "genre_lightning", "predict", str(run), str(song), "--json"))[0]["probabilities"]
    expected = dict(zip(embedded[1].genres, embedded[1].probabilities[0].tolist(), strict=True))
    assert judged == pytest.approx(expected, abs=5e-3)  # cuDNN rounds what it convolves to TF32
