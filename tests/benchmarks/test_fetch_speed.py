"""What fetching costs beside decoding: every song has to be decoded once anyway, to see that it is one."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from genre_lightning.audio.reading import decode
from genre_lightning.fetch.fetch import collect

pytestmark = [pytest.mark.benchmark, pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).parents[2]
SONGS, SECONDS, RATE, CHANNELS = 50, 30, 44100, 2  # of each of three genres


@pytest.fixture
def address(monkeypatch):
    """Where the fake service runs, in a process of its own, with 150 songs of 30 s."""
    monkeypatch.setenv("YANDEX_MUSIC_TOKEN", "y0_secret-token-of-the-tests")
    program = [sys.executable, str(ROOT / "tests" / "fetch" / "service.py")]
    numbers = map(str, (2 * SONGS, SECONDS, RATE, CHANNELS))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([*program, *numbers], stdin=-1, stdout=-1, text=True, env=environment) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors: one of them is the service's")
def test_fetching_takes_little_longer_than_decoding(address, tmp_path, compare):
    with initialize_config_dir(version_base="1.3", config_dir=str(ROOT / "conf")):
        config = compose("fetch", [f"api.base_url={address}", "pace.requests_per_second=null", "mode=full"])
    roots = (tmp_path / str(number) for number in itertools.count())

    def fetch():
        config.root = str(next(roots))
        assert collect(config)

    def decode_once():
        for path in sorted((tmp_path / "0").glob("*/*.mp3")):
            decode(path)

    ratio = compare("150 songs of 30 s fetched and written, against decoding them once", fetch, decode_once, 3)
    assert len(list((tmp_path / "0").glob("*/*.mp3"))) == 3 * SONGS
    assert ratio >= 1 / 1.3
