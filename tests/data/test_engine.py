import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import Queue
from threading import Thread, Timer, current_thread

import building
import numpy as np
import pytest
from damaging import write_songs

from genre_lightning.audio.reading import read_song
from genre_lightning.data import engine
from genre_lightning.data.engine import Dask, Threads
from genre_lightning.errors import UserError

distributed = pytest.importorskip("distributed")
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:Port .* is already in use", "ignore::ResourceWarning")


def songs_in(folder, count):
    folder.mkdir()
    return write_songs(folder, count)


def squared(number):
    return number**2


def refuse(number):
    raise UserError(f"{number} is refused")


def wait_and_tell(seconds):
    time.sleep(seconds)
    return os.getpid()


def die(_):
    os._exit(9)


@pytest.fixture
def start(tmp_path):
    """Start a scheduler and two workers as programs of their own; returns its address, and all three."""
    programs, where = [], str(tmp_path / "scheduler.json")

    def run(*line):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
        program = [sys.executable, "-m", *line, "--no-dashboard", "--scheduler-file", where]
        programs.append(subprocess.Popen(program, **quiet))

    run("distributed.cli.dask_scheduler", "--port", "0")
    for _ in range(2):
        run("distributed.cli.dask_worker", "--nthreads", "1")
    with distributed.Client(scheduler_file=where, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        address = client.scheduler.address
    yield address, programs
    for program in programs:
        program.kill()


def test_a_cluster_hands_back_in_order_what_threads_do(threads_as_cluster):
    assert [*Dask(threads_as_cluster).map(squared, range(20))] == [*Threads(2).map(squared, range(20))]


def test_threads_end_where_the_last_work_is_done_while_it_is_handed_out(monkeypatch):
    monkeypatch.setattr("joblib.Parallel._original_iterator", Slow(), raising=False)
    came: Queue[list[int]] = Queue()
    Thread(name="slow", target=lambda: came.put([*Threads(2).map(squared, [3])]), daemon=True).start()
    assert came.get(timeout=60) == [9]


class Slow:
    """What joblib has yet to hand out; the thread that begins gets late what it was."""

    def __get__(self, parallel, _):
        before = vars(parallel).get("left")
        time.sleep(0.1 if current_thread().name == "slow" else 0)
        return before

    def __set__(self, parallel, left):
        vars(parallel)["left"] = left


def test_a_cluster_of_one_worker_does_the_work_there():
    how = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "protocol": "tcp", "dashboard_address": None}
    with distributed.LocalCluster(**how, silence_logs=50) as cluster:
        [there] = Dask(cluster.scheduler_address).map(lambda _: current_thread().name, [0])
    assert "Dask" in there


def test_a_cluster_without_workers_is_told_of(monkeypatch):
    how = {"n_workers": 0, "processes": False, "protocol": "tcp", "dashboard_address": None}
    monkeypatch.setattr("joblib._dask.DaskDistributedBackend.__init__.__defaults__", (None, None, None, None, 0.1))
    with (
        distributed.LocalCluster(**how, silence_logs=50) as cluster,
        pytest.raises(UserError, match="engine: the cluster has no workers; start some with: dask worker ADDRESS"),
    ):
        list(Dask(cluster.scheduler_address).map(squared, [1]))


def time_out(_):
    raise TimeoutError(110, "Connection timed out")


def test_work_that_times_out_is_told_of_as_itself(threads_as_cluster):
    with pytest.raises(TimeoutError, match="Connection timed out"):
        list(Dask(threads_as_cluster).map(time_out, [1]))


def test_a_cluster_raises_what_the_work_raises(threads_as_cluster):
    with pytest.raises(UserError, match=r"\d is refused"):
        list(Dask(threads_as_cluster).map(refuse, [1, 2]))


def test_a_cluster_computes_the_features_that_threads_do(threads_as_cluster, tmp_path):
    songs = songs_in(tmp_path / "songs", 9)
    (songs[4]).write_bytes(b"no song")
    at_home, cluster = building.open_cache(tmp_path / "home"), building.open_cache(tmp_path / "cluster")
    cluster.engine = Dask(threads_as_cluster)
    assert cluster.build(songs) == at_home.build(songs) and [*at_home.build(songs)] == [songs[4]]
    check_same(cluster, at_home, [song for song in songs if song != songs[4]])


def check_same(cache, other, songs):
    found = [(cache.find(song), other.find(song)) for song in songs]
    assert all(np.array_equal(cache.frames(one), other.frames(another)) for one, another in found)
    assert [one.digest for one, _ in found] == [another.digest for _, another in found]


def test_workers_that_write_elsewhere_are_told_of(threads_as_cluster, tmp_path, monkeypatch):
    cache = building.open_cache(tmp_path / "cache")
    cache.engine = Dask(threads_as_cluster)
    monkeypatch.setattr("genre_lightning.data.building.Builder.store", lambda self, songs: songs.clear())
    with pytest.raises(UserError, match=r"engine: its workers do not write to .*, where this .* disk that all of them"):
        cache.build(songs_in(tmp_path / "songs", 2))


def test_workers_that_do_not_see_songs_are_told_of_and_leave_none_out(threads_as_cluster, tmp_path, monkeypatch):
    cache = building.open_cache(tmp_path / "cache")
    cache.engine = Dask(threads_as_cluster)
    extract = "genre_lightning.data.building.Builder.extract"
    monkeypatch.setattr(extract, lambda self, path: read_song(path.with_name("elsewhere.wav"), 22050))
    songs = songs_in(tmp_path / "songs", 2)
    with pytest.raises(UserError, match=rf"engine: a worker does not see {songs[0]}, which is there; .* disk that all"):
        cache.build(songs)


def test_an_address_where_no_scheduler_answers_is_one_line(monkeypatch):
    monkeypatch.setattr(engine, "ANSWERS_SECONDS", 0.5)
    with pytest.raises(UserError, match=r"engine\.address: no scheduler of Dask answers at tcp://127\.0\.0\.1:9 "):
        list(Dask("tcp://127.0.0.1:9").map(squared, [1]))


def test_without_dask_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"engine=dask needs Dask: pip install -e .*\[dask\]"):
        Dask()


@pytest.mark.parametrize("kind", [Threads, Dask])
def test_less_than_one_worker_is_refused(kind):
    with pytest.raises(UserError, match="num_workers must be 1 or more"):
        kind(num_workers=0)


@pytest.mark.slow
def test_processes_on_this_machine_compute_the_features_that_threads_do(tmp_path):
    songs = songs_in(tmp_path / "songs", 12)
    at_home, cluster = building.open_cache(tmp_path / "home"), building.open_cache(tmp_path / "cluster")
    cluster.engine = Dask(num_workers=2)
    assert cluster.build(songs) == at_home.build(songs) == {}
    check_same(cluster, at_home, songs)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_shard_only(start, tmp_path, monkeypatch):
    monkeypatch.setattr("genre_lightning.data.building.PART_SONGS", 3)
    address, (_, first, _) = start
    songs, cache = songs_in(tmp_path / "songs", 60), building.open_cache(tmp_path / "cache")
    cache.engine = Dask(address)
    Timer(1, kill_worker, [first]).start()
    assert cache.build(songs) == {}
    check_same(cache, building.open_cache(tmp_path / "cache"), songs)
    assert len([*cache.folder.glob("*.features.npy")]) == 20


def kill_worker(nanny):
    """Kill the process that a worker's nanny watches over."""
    listed = subprocess.run(["pgrep", "-P", str(nanny.pid)], capture_output=True, text=True, check=False)
    for pid in listed.stdout.split():
        os.kill(int(pid), signal.SIGKILL)


@pytest.mark.slow
def test_a_scheduler_that_is_gone_is_one_line(start, monkeypatch):
    monkeypatch.setattr(engine, "ANSWERS_SECONDS", 5)
    address, (scheduler, *_) = start
    Timer(2, scheduler.kill).start()
    with pytest.raises(UserError, match="engine: the scheduler of the cluster is gone; what was done is kept"):
        list(Dask(address).map(wait_and_tell, [0.5] * 40))


@pytest.mark.slow
def test_songs_that_kill_their_workers_are_one_line():
    with pytest.raises(UserError, match="engine: several workers died one after the other over the same songs"):
        list(Dask(num_workers=2).map(die, [1]))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent to a group of processes")
def test_ctrl_c_ends_a_command_and_its_cluster_with_one_line(tmp_path):
    line = [sys.executable, str(ROOT / "train.py"), "engine=dask", "engine.num_workers=2", "data.songs_per_artist=4"]
    how = {"cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, start_new_session=True, **how) as command:
        while not [*tmp_path.glob("cache/*/*.npy*")]:
            time.sleep(0.1)
        os.killpg(command.pid, signal.SIGINT)
        _, told = command.communicate(timeout=60)
    lines = [text for text in told.splitlines() if text and "[INFO]" not in text]
    assert command.returncode == 130 and len(lines) == 1 and lines[0].startswith("stopped; ")
    until = time.monotonic() + 10
    while left := subprocess.run(["pgrep", "-g", str(command.pid)], capture_output=True, check=False).stdout:
        assert time.monotonic() < until, f"processes are left: {left}"
        time.sleep(0.1)
