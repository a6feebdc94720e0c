"""The fake service and a run of fetch.py against it, in this process or in one of its own."""

import json
import logging
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from service import ALBUM_GENRES, TOKEN, Service, base

from genre_lightning.audio.reading import decode

ROOT = Path(__file__).parents[2]
# Settings with which nothing waits for long.
QUICK = (
    "pace.requests_per_second=null", "pace.retries=2", "pace.backoff_seconds=0.01", "pace.timeout_seconds=0.5",
    "pace.cooldowns_seconds=[0.02,0.03,0.04]", "per_genre=4", "token_file=nowhere", "mode=full",
)  # fmt: skip
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC")


LARGEST = 2**28  # of a file that is searched: some tests leave one without end


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    """Nothing of this machine's proxies, certificates and passwords, and no token, unless a test wants it."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # or some systems' own settings would be asked
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("YANDEX_MUSIC_TOKEN", TOKEN)


@pytest.fixture(scope="session")
def sounds():
    """What takes a second to compose, before somebody waits for an answer."""
    for genre in ALBUM_GENRES:
        base(genre)


@pytest.fixture
def service(sounds):
    """A service with two songs of nine artists for each genre."""
    with Service() as running:
        yield running
    assert running.complaints == []


@pytest.fixture
def root(tmp_path):
    return tmp_path / "set"


@pytest.fixture(scope="session")
def transcript(tmp_path_factory):
    """Where everything is written that a run says: its log, its errors with what led to them, its output."""
    return tmp_path_factory.mktemp("said") / "transcript.txt"


@pytest.fixture(scope="session", autouse=True)
def token_is_nowhere(transcript, tmp_path_factory):
    """After all tests: the token is in no file that they have left, in no line that was logged, in no error."""
    log = logging.FileHandler(transcript, encoding="utf-8")
    logging.getLogger().addHandler(log)
    yield
    logging.getLogger().removeHandler(log)
    log.close()
    left = [path for path in tmp_path_factory.getbasetemp().rglob("*") if path.is_file() and path.suffix != ".token"]
    files = [path for path in left if path.stat().st_size < LARGEST]
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


@pytest.fixture(scope="session")
def defaults():
    """conf/fetch.yaml, as Hydra composes it."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(version_base="1.3", config_dir=str(ROOT / "conf")):
        return compose("fetch")


@pytest.fixture
def configure(root, defaults):
    """The settings of a quick run against a service."""

    def configured(service, *overrides):
        own = (f"root='{root.as_posix()}'", f"api.base_url='{service.url}'", *QUICK)
        return OmegaConf.merge(defaults, OmegaConf.from_dotlist([*own, *overrides]))

    return configured


@pytest.fixture
def fetch(configure, transcript, caplog):
    """Run the collection in this process; returns whether the set is complete. Errors go to the transcript too."""
    from genre_lightning.fetch.fetch import collect

    def run(service, *overrides):
        with caplog.at_level(logging.DEBUG):
            try:
                return collect(configure(service, *overrides))
            except BaseException:
                with transcript.open("a", encoding="utf-8") as file:
                    traceback.print_exc(file=file)
                raise

    return run


@pytest.fixture
def start(root, transcript):
    """Start fetch.py as a user does; what it says goes to the transcript as well."""

    def started(service, *overrides, wait=True, cwd=None):
        own = (f"root='{root.as_posix()}'", f"api.base_url='{service.url}'", *QUICK)
        keys = {override.split("=")[0] for override in overrides}
        line = [*(one for one in own if one.split("=")[0] not in keys), *overrides]
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "fetch.py"), *line], cwd=cwd or root.parent,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        )  # fmt: skip
        if not wait:
            return process
        said, _ = process.communicate(timeout=120)
        with transcript.open("a", encoding="utf-8") as file:
            file.write(said)
        return process.returncode, said

    return started


@pytest.fixture
def manifest(root):
    """The lines of the set's manifest.csv."""
    from genre_lightning.data.catalogue import read_manifest

    return lambda: list(read_manifest(root / "manifest.csv"))


@pytest.fixture
def on_disk(root, manifest):
    """The ids of the songs in the set, once it is seen that every line has its file and every file its line."""

    def looked():
        songs = manifest() if (root / "manifest.csv").is_file() else []
        for song in songs:
            recording = decode(song.path)
            assert abs(len(recording.waveform) / recording.sample_rate - float(song.extra["seconds"])) < 0.1
        files = {path for path in root.rglob("*") if path.parent != root and path.is_file()}
        assert files == {song.path for song in songs}
        assert not list(root.glob("*.tmp"))
        return [song.extra["track_id"] for song in songs]

    return looked


@pytest.fixture
def told(root):
    """What fetch_report.json says of a genre."""
    return lambda genre="rock": json.loads((root / "fetch_report.json").read_text(encoding="utf-8"))["genres"][genre]
