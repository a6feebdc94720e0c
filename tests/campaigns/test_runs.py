"""Runs killed, stopped, started twice, without disk: pytest -n 0 -s -m slow tests/campaigns/test_runs.py"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from campaigns.started import ROOT, lines, start
from finished import checkpoint, figures, same_weights
from omegaconf import OmegaConf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows starts no process from one that has its libraries"),
]
KILLS, INTERRUPTS, AT_ONCE = 16, 8, 3
DISKS = (4, 28, 60, 80, 160, 230, 300, 400)  # kB


@pytest.fixture(scope="module")
def whole(command_line, tmp_path_factory):
    """A run that nothing happened to, its arguments, and the seconds until it has its model and until its end."""
    folder, arguments = tmp_path_factory.mktemp("whole"), command_line("trainer.max_epochs=8")
    for name in ("first", "run"):  # the first one computes the features
        begin = time.monotonic()
        process = start([*arguments, f"hydra.run.dir='{folder / name}'"], folder / "told")
        while not (folder / name / "checkpoints" / "model.ckpt").exists() and process.is_alive():
            time.sleep(0.002)
        tested = time.monotonic() - begin
        process.join()
    assert process.exitcode == 0, (folder / "told").read_text()
    return folder / "run", arguments, (tested, time.monotonic() - begin)


@pytest.fixture
def go_on(whole, tmp_path):
    """Go on with a run by the one command; returns how it ended: "same" if it is what it would have been."""

    def finish(folder):
        last = folder / "checkpoints" / "last.ckpt"
        again = [f"ckpt_path='{last}'"] if last.exists() else [*whole[1], f"hydra.run.dir='{folder}'"]
        process = start(again, told := tmp_path / "again")
        process.join(60)
        assert process.exitcode == 0, told.read_text()
        assert figures(folder) == figures(whole[0]) and same_weights(folder, whole[0])
        assert not [*folder.rglob("*.tmp")] and (folder / "report.md").is_file() and (folder / "curves.png").is_file()
        return "went on to the same end"

    return finish


def is_whole(folder):
    """Whether a run that counts as finished has all its parts, and no checkpoint is half a one."""
    parts = ("report.md", "predictions.csv", "confusion.png", "calibration.png", "curves.png", "checkpoints/model.ckpt")
    for path in folder.glob("checkpoints/*.ckpt"):
        checkpoint(folder, path.stem)
    return not (folder / "metrics.json").exists() or all((folder / part).is_file() for part in parts)


def moments(whole, count, seed):
    """When something happens: half of the times anywhere, half of them while the model is tested.

    Each is the file to wait for, or None, and the seconds from there on.
    """
    rng, (tested, end) = random.Random(seed), whole[2]
    for number in range(count):
        yield (None, rng.uniform(0.2, end)) if number % 2 else ("checkpoints/model.ckpt", rng.uniform(0, end - tested))


def wait(moment, folder, process):
    """Wait for a moment of a run."""
    file, seconds = moment
    while file is not None and not (folder / file).exists() and process.is_alive():
        time.sleep(0.002)
    time.sleep(seconds)


def test_a_run_that_is_killed_at_any_moment_goes_on_to_the_same_end(whole, go_on, tmp_path):
    count = Counter()
    for number, moment in enumerate(moments(whole, KILLS, seed=0)):
        folder = tmp_path / str(number)
        process = start([*whole[1], f"hydra.run.dir='{folder}'"], tmp_path / "told")
        wait(moment, folder, process)
        process.kill()
        process.join()
        assert is_whole(folder)
        finished = (folder / "metrics.json").exists()
        count["finished before" if finished else go_on(folder)] += 1
        shutil.rmtree(folder)
    print(f"\nkill -9, {KILLS} times: {dict(count)}; figures and weights as without; no half file, none left over")


def test_ctrl_c_at_any_moment_is_one_line_and_the_run_goes_on_to_the_same_end(whole, go_on, tmp_path):
    count, slowest = Counter(), 0.0
    for number, moment in enumerate(moments(whole, INTERRUPTS, seed=1)):
        folder, told = tmp_path / str(number), tmp_path / f"told {number}"
        process = start([*whole[1], f"hydra.run.dir='{folder}'"], told)
        wait(moment, folder, process)
        os.kill(process.pid, signal.SIGINT)
        begin = time.monotonic()
        process.join(30)
        slowest = max(slowest, time.monotonic() - begin)
        finished = process.exitcode == 0
        assert finished or [line[:9] for line in lines(told)] in (["stopped; "], []), told.read_text()
        assert is_whole(folder) and not [*folder.rglob("*.tmp")]
        count["finished before" if finished else go_on(folder)] += 1
    print(f"\nCtrl-C, {INTERRUPTS} times: {dict(count)}; ended within {slowest:.1f} s; never more than one line")


def test_of_two_runs_in_one_folder_one_is_refused_and_the_other_is_whole(whole, tmp_path):
    for number in range(AT_ONCE):
        folder = tmp_path / str(number)
        tolds = [tmp_path / f"told {number} {seed}" for seed in (1, 2)]
        both = [
            start([*whole[1], f"hydra.run.dir='{folder}'", f"seed={seed}"], told)
            for seed, told in zip((1, 2), tolds, strict=True)
        ]
        for process in both:
            process.join()
        assert sorted(process.exitcode for process in both) == [0, 1]
        (line,) = [line for told in tolds for line in lines(told)]
        assert "another run is at work in this folder" in line
        won = 1 if both[0].exitcode == 0 else 2
        assert figures(folder)["run"]["seed"] == OmegaConf.load(folder / ".hydra" / "config.yaml").seed == won
        assert is_whole(folder)
    print(f"\ntwo at once, {AT_ONCE} times: one was refused in a line, the other is one run's")


@pytest.fixture
def disk(tmp_path):
    """A disk of so many kB, which can be made larger; skipped where nobody may mount one."""
    (tmp_path / "disk").mkdir()

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(tmp_path / "disk")]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        return tmp_path / "disk"

    yield mount
    while subprocess.run(["umount", str(tmp_path / "disk")], capture_output=True, check=False).returncode == 0:
        pass


def test_a_run_on_a_full_disk_ends_in_a_line_and_goes_on_when_there_is_room(whole, go_on, disk, tmp_path):
    count = Counter()
    for size in DISKS:
        folder, told = disk(f"size={size}k") / "run", tmp_path / f"told {size}"
        process = start([*whole[1], f"hydra.run.dir='{folder}'"], told)
        process.join()
        (line,) = lines(told)
        assert process.exitcode == 1 and f"error: {folder}" in line and "no space left on the disk; make room" in line
        assert is_whole(folder) and not (folder / "metrics.json").exists() and not [*folder.rglob("*.tmp")]
        disk("remount,size=20m")
        count[go_on(folder)] += 1
        subprocess.run(["umount", str(folder.parent)], check=True)
    print(f"\nfull disks of {DISKS[0]} to {DISKS[-1]} kB: {dict(count)}; one line each, no half file")


def test_a_run_on_a_disk_that_can_only_be_read_ends_in_a_line(whole, disk, tmp_path):
    folder, told = shutil.copytree(whole[0], disk("size=20m") / "run"), tmp_path / "told"
    disk("remount,ro")
    process = start([f"ckpt_path='{folder / 'checkpoints' / 'last.ckpt'}'"], told)
    process.join()
    (line,) = lines(told)
    assert process.exitcode == 1 and "ead-only file system" in line and is_whole(folder), told.read_text()


@pytest.mark.parametrize("killed", ["first", "second"])
@pytest.mark.parametrize("when", ["it begins", "it trains"])
def test_if_a_process_of_a_run_on_several_devices_is_killed_the_other_ends(command_line, tmp_path, killed, when):
    first = start_two(command_line, tmp_path / "run")
    second = second_of(first)
    while when == "it trains" and not (tmp_path / "run/checkpoints/last.ckpt").exists() and first.poll() is None:
        time.sleep(0.05)
    os.kill(first.pid if killed == "first" else second, signal.SIGKILL)
    begin = time.monotonic()
    told = first.communicate(timeout=60)[1]  # which both processes write to
    (line,) = [text for text in told.splitlines() if "rror" in text]
    assert (
        line.startswith(f"error: process {1 + (killed != 'first')} of 2 was killed") and time.monotonic() < begin + 30
    )
    print(f"\nthe {killed} of two was killed when {when}: the other ended within {time.monotonic() - begin:.1f} s")


@pytest.mark.parametrize("told_to_end", ["first", "second"])
def test_if_a_process_of_several_is_told_to_end_both_end_with_a_line(command_line, tmp_path, told_to_end):
    first = start_two(command_line, tmp_path / "run")
    second = second_of(first)
    while not (tmp_path / "run" / "checkpoints" / "last.ckpt").exists() and first.poll() is None:
        time.sleep(0.05)
    os.kill(first.pid if told_to_end == "first" else second, signal.SIGTERM)
    told = first.communicate(timeout=30)[1]
    assert [text[:9] for text in told.splitlines() if "rror" in text or "stopped" in text] == ["stopped; "]
    print(f"\nthe {told_to_end} of two was told to end (SIGTERM): both did, with one line")


def start_two(command_line, folder):
    """A run of two processes that takes long."""
    several = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "loader.batch_size=3")
    line = command_line(*several, "trainer.max_epochs=500", f"hydra.run.dir='{folder}'")
    return subprocess.Popen([sys.executable, ROOT / "train.py", *line], stderr=subprocess.PIPE, text=True)


def second_of(first):
    """The number of the process that the first one has started, as soon as it has."""
    search = ["pgrep", "-f", "-P", str(first.pid), "train.py"]
    while not (found := subprocess.run(search, capture_output=True, text=True, check=False).stdout.split()):
        assert first.poll() is None
        time.sleep(0.05)
    return int(found[0])
