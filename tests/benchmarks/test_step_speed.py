"""A training step with our settings of the C libraries, against their own: how threads wait, what becomes of memory."""

import os
import statistics
import subprocess
import sys
from functools import partial

import pytest

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have other C libraries"),
]
TWO = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
USUAL = "300000"  # libgomp's rounds where nobody sets GOMP_SPINCOUNT
# The milliseconds of a training step of the CNN at the default settings, the median of 20
STEPS = """
import statistics, sys, time
from genre_lightning import devices
if sys.argv[1] == "give back":
    devices.keep_freed_memory = lambda: None
devices.prepare_process()
import torch
from genre_lightning.models.cnn import CNN
model = CNN(n_features=64, n_frames=86, n_genres=3, channels=[24, 48, 96, 128], dropout=0.3, optimizer={})
model, windows, genres = model.to(memory_format=torch.channels_last), torch.randn(16, 86, 64), torch.arange(16) % 3
optimizer, times = torch.optim.AdamW(model.parameters(), fused=True), []
for _ in range(25):
    begin = time.perf_counter()
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(windows), genres).backward()
    optimizer.step()
    times.append(time.perf_counter() - begin)
print(1000 * statistics.median(times[5:]))
"""


def step_milliseconds(environment: dict[str, str], programs: int = 1, memory: str = "keep") -> float:
    """What a step takes where several programs train at once."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
    steps, own = [sys.executable, "-c", STEPS, memory], inherited | environment
    started = [subprocess.Popen(steps, env=own, stdout=subprocess.PIPE, text=True) for _ in range(programs)]
    return max(float(program.communicate()[0]) for program in started)


@pytest.fixture
def compare_steps(capsys):
    """How many times as fast steps are than with a library's own setting, the medians of three in turn."""

    def compare(what, ours, usual):
        pairs = [(ours(), usual()) for _ in range(3)]
        mine, others = (statistics.median(times) for times in zip(*pairs, strict=True))
        with capsys.disabled():
            print(f"\n{what}: {mine:.1f} ms a step against {others:.1f} ms, {others / mine:.2f} times as fast")
        return others / mine

    return compare


@TWO
@pytest.mark.parametrize(("programs", "least"), [(1, 0.85), (2, 3)])
def test_trainings_share_a_machine(programs, least, compare_steps):
    ours, usual = (partial(step_milliseconds, own, programs) for own in ({}, {"GOMP_SPINCOUNT": USUAL}))
    assert compare_steps(f"{programs} at once", ours, usual) >= least


def test_steps_use_the_same_memory_again(compare_steps):
    steps = partial(step_milliseconds, {"OMP_NUM_THREADS": "1"})
    ours, usual = (partial(steps, memory=memory) for memory in ("keep", "give back"))
    assert compare_steps("memory kept", ours, usual) >= 1.1
