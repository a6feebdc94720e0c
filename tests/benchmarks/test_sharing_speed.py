"""One run on a quiet machine, and two at once, against the way OpenMP's threads wait for each other by themselves."""

import os
import statistics
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(sys.platform != "linux", reason="PyTorch brings another OpenMP there"),
    pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors"),
]
USUAL = "300000"  # libgomp's rounds where nobody sets GOMP_SPINCOUNT
# The milliseconds of a training step of the CNN at the default settings, the median of 20
STEPS = """
from genre_lightning.models.cnn import CNN
import statistics, time, torch
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


def step_milliseconds(environment: dict[str, str], programs: int) -> float:
    """What a step takes where several programs train at once."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
    steps = [sys.executable, "-c", STEPS]
    started = [
        subprocess.Popen(steps, env=inherited | environment, stdout=subprocess.PIPE, text=True) for _ in range(programs)
    ]
    return max(float(program.communicate()[0]) for program in started)


@pytest.mark.parametrize(("programs", "least"), [(1, 0.85), (2, 3)])
def test_trainings_share_a_machine(programs, least, capsys):
    pairs = [
        (step_milliseconds({}, programs), step_milliseconds({"GOMP_SPINCOUNT": USUAL}, programs)) for _ in range(3)
    ]
    ours, usual = (statistics.median(times) for times in zip(*pairs, strict=True))
    with capsys.disabled():
        print(f"\na step of {programs} at once: {ours:.1f} ms against {usual:.1f} ms, {usual / ours:.2f} times as fast")
    assert usual / ours >= least
