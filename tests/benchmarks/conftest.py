"""How the benchmarks compare: in turn, A B A B ..., so that a machine that speeds up or slows down does so for both."""

import statistics
import time

import numpy as np
import pytest
import soundfile
import torch


def pytest_ignore_collect(config):
    """Do not even load what is left out whenever the tests are run: nothing here is in every run."""
    return True if "not benchmark" in config.option.markexpr else None


@pytest.fixture(autouse=True)
def one_torch_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def compare(capsys):
    """Run two callables in turn and return the median of theirs / ours: above 1 means that ours is faster."""

    def compare(what, ours, theirs, rounds=7, clock=time.perf_counter):
        timed(ours, clock), timed(theirs, clock)  # warm up
        pairs = [(timed(ours, clock), timed(theirs, clock)) for _ in range(rounds)]
        mine, others = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(other / own for own, other in pairs)
        with capsys.disabled():
            print(f"\n{what}: {1000 * mine:.1f} ms against {1000 * others:.1f} ms, {ratio:.2f} times as fast")
        return ratio

    return compare


@pytest.fixture
def hiss(tmp_path):
    """Write songs of noise into folders for genres, one after the other; returns their folder."""

    def write(count, seconds, rate=22050, genres=("rock", "jazz", "hiphop")):
        rng, root = np.random.default_rng(0), tmp_path / "songs"
        for number in range(count):
            folder = root / genres[number % len(genres)]
            folder.mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / f"{number}.wav", rng.uniform(-0.5, 0.5, rate * seconds), rate)
        return root

    return write


def timed(run, clock):
    begin = clock()
    run()
    return clock() - begin
