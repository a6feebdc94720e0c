"""Every command that reads runs, against runs that somebody has made to do harm."""

import shutil
import sys
import time
from collections import Counter
from functools import partial

import numpy as np
import pytest
from hostile import CANARY, change_last, make_hostile

from genre_lightning.__main__ import main
from genre_lightning.errors import has_a_line
from genre_lightning.runs.resume import check_checkpoint, settings_to_go_on_with

QUICK, ALL, CHECKPOINTS = 3, 150, 40
SECONDS, GIGABYTES = 20, 2
ESCAPE = "\x1b[2J"
COMMANDS = (
    "predict RUN SONG", "predict RUN SONG --csv", "explain RUN SONG", "neighbours RUN tones", "neighbours RUN SONG",
    "neighbours RUN SONG --to OTHER --m3u list.m3u8", "results RUN", "compare RUN OWN", "compare OWN RUN", "audit RUN",
    "suggest RUN new", "prune-cache RUN --remove", "export RUN model.onnx", "embed", "train",
)  # fmt: skip
SLOW = {"embed": 5, "export": 10, "explain": 3}  # one run in so many, since these take longer than all else


@pytest.fixture
def read(embedded, library, configure, map_run, write_song, tmp_path, monkeypatch, capsys):
    """Read the hostile run with a number by every command; returns how each ended."""
    monkeypatch.chdir(tmp_path)
    write_song(tmp_path / "new" / "song.wav", "noise", 99)

    def all_of(number):
        run = make_hostile(embedded, tmp_path / f"run{number}", number)
        called = {"RUN": run, "OWN": embedded, "SONG": library / "tones" / "3.wav"}
        called["OTHER"] = library / "noise" / "5.wav"
        for command in COMMANDS:
            if number % SLOW.get(command.split()[0], 1):
                continue
            arguments = [str(called.get(word, word)) for word in command.split()]
            calls = {"embed": partial(map_run, run), "train": partial(go_on, run, configure)}
            yield f"{number} {command}", ended(calls.get(command, partial(main, arguments)), capsys)

    return all_of


def go_on(run, configure):
    """What train.py does with a run that it goes on with, before it trains."""
    typed = [f"ckpt_path='{(run / 'checkpoints' / 'last.ckpt').as_posix()}'"]
    settings_to_go_on_with(configure(*typed), typed, run)
    check_checkpoint(str(run / "checkpoints" / "last.ckpt"))


def ended(command, capsys):
    """How a command has ended: done, in a line, or in capitals what must not be."""
    began, how = time.monotonic(), "done"
    try:
        command()
    except SystemExit as error:
        how = "done" if not error.code else "line"
    except Exception as error:
        how = "line" if has_a_line(error) else f"TRACEBACK {type(error).__name__}: {str(error)[:200]}"
    printed = "".join(capsys.readouterr())
    if "nan %" in printed:
        return "NAN"
    if ESCAPE in printed:
        return "ESCAPE"
    return how if time.monotonic() - began < SECONDS else f"HANG {how}"


def check(read, numbers, tmp_path):
    """Read all of these runs, and count how the commands have ended."""
    found = [outcome for number in numbers for outcome in read(number)]
    assert [f"{name}: {how}" for name, how in found if how[0].isupper()] == []
    assert not [*tmp_path.rglob(CANARY)] and not [*tmp_path.rglob("evil*")]  # which run_folder would have made
    return Counter(how for _, how in found)


def test_hostile_runs_run_nothing_and_end_in_a_line(read, tmp_path):
    check(read, range(1, 1 + QUICK), tmp_path)


@pytest.mark.slow
def test_many_hostile_runs_run_nothing_and_end_in_a_line(read, tmp_path, capsys):
    began = time.monotonic()
    counts = check(read, range(1000, 1000 + ALL), tmp_path)
    with capsys.disabled():
        print(f"\n{ALL} hostile runs, {len(COMMANDS)} commands: {dict(counts)}, {time.monotonic() - began:.0f} s")
        if sys.platform != "win32":
            print(f"at most {gigabytes():.1f} GB")
            assert gigabytes() < GIGABYTES


@pytest.mark.slow
def test_going_on_from_hostile_checkpoints_ends_in_a_line(train_run, tmp_path, capsys):
    begun = train_run("refit=false", "learning.schedule=null", "trainer.max_epochs=1")
    counts = Counter()
    for number in range(CHECKPOINTS):
        run = tmp_path / f"run{number}"
        shutil.copytree(begun, run)
        told = change_last(run, np.random.default_rng(number))
        last = f"ckpt_path='{(run / 'checkpoints' / 'last.ckpt').as_posix()}'"
        more = "refit=false", "learning.schedule=null", "trainer.max_epochs=2", last
        how = ended(partial(train_run, *more, into=run), capsys)
        assert not how[0].isupper(), f"{told}: {how}"
        counts[how] += 1
    assert not [*tmp_path.rglob(CANARY)]
    with capsys.disabled():
        print(f"\n{CHECKPOINTS} hostile checkpoints to go on from: {dict(counts)}")


def gigabytes():
    """The most memory that this process has held."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
