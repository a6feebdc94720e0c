"""fetch.py against a service that answers with all that it should not, and killed while it lists; with counts.

pytest -m slow -n 0 tests/campaigns/test_hostile_service.py
"""

import gzip
import json
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import service as fake
from hydra import compose, initialize_config_dir
from service import ALBUM_GENRES, API, AUDIO, LINK, TOKEN, Service, base

from genre_lightning.data.catalogue import read_manifest
from genre_lightning.errors import UserError
from genre_lightning.fetch.fetch import collect

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
QUICK = (
    "pace.requests_per_second=null", "pace.retries=1", "pace.backoff_seconds=0.01", "pace.timeout_seconds=0.5",
    "pace.cooldowns_seconds=[0.02]", "token_file=nowhere", "mode=full", "genres=[rock]",
)  # fmt: skip
PLACES = ["^/account", "^/landing3", "/artists$", "^/tags/", "^/search", "^/rotor", API, LINK, AUDIO, "^/"]
ODD = ["x", 7, -1.5, True, None, [], {}, [["x"]], {"id": []}, 10**400, float("inf"), float("nan"), "\ud83d", "a/../b"]
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12)
) + b"]><download-info><host>&m;</host></download-info>"  # fmt: skip


def endless(part):
    """A body that does not end."""

    def fault(handler, _):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(part * (65_536 // len(part)))

    return fault


def odd_value(rng):
    """The answer with an odd value somewhere in it."""

    def fault(handler, normal):
        try:
            whole = json.loads(normal or b"{}")
        except ValueError:
            return handler.reply(200, normal)
        for _ in range(rng.randint(1, 4)):
            whole = fake.put(whole, rng.choice(list(fake.places(whole))), rng.choice(ODD))
        return handler.reply(200, json.dumps(whole).encode("utf-8", "surrogatepass"))

    return fault


def flipped(rng):
    """The answer with some bytes changed."""

    def fault(handler, normal):
        body = bytearray(normal or b"{}")
        for _ in range(rng.randint(1, 9)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        handler.reply(200, bytes(body))

    return fault


def bomb(handler, _):
    """A gigabyte that travels as a megabyte."""
    packed = gzip.compress(bytes(1 << 24), 9) * 64
    handler.reply(200, packed, {"Content-Encoding": "gzip"})


def redirect(target):
    return lambda handler, _: handler.reply(302, b"", {"Location": target})


CODES = (400, 401, 403, 404, 407, 418, 429, 451, 500, 503)
FAULTS = {
    **{str(code): lambda _, code=code: fake.status(code) for code in CODES},
    **{kind: lambda _, body=body: fake.body(body) for kind, body in {
        "empty": b"", "page": b"<html>hotel</html>", "captcha": fake.CAPTCHA, "deep": b"[" * 200_000, "number": b"7",
        "no offers": b'{"result": []}', "null": b'{"result": null}', "text": b'{"result": "x"}', "laughs": LAUGHS,
        "deep XML": b"<a>" * 9000, "noise": b"\xff\xfb" + bytes(range(256)) * 90, "silence": fake.silence(40),
        "many lists": b"[" + b"[]," * 8_000_000 + b"[]]"}.items()},
    "endless zeros": lambda _: endless(b"\0"), "endless lists": lambda _: endless(b"[[],"),
    "bomb": lambda _: bomb, "reset": lambda _: fake.reset, "shorter": lambda _: fake.shorter,
    "half": lambda _: fake.unmeasured(0.5), "circles": lambda _: fake.redirect,
    "to a file": lambda _: redirect("file:///etc/passwd"), "to nowhere": lambda _: redirect("http://[::1"),
    "odd values": odd_value, "odd values ": odd_value, "odd values  ": odd_value, "flipped": flipped,
}  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """A token, and nothing of this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("YANDEX_MUSIC_TOKEN", TOKEN)
    monkeypatch.setattr(ThreadingHTTPServer, "handle_error", lambda *_: None)  # of connections that were cut off
    for genre in ALBUM_GENRES:
        base(genre)


def run(service, root, *overrides):
    """How a run ends: True, False, or the sentence that stops it; anything else is an error of this program."""
    line = [f"root='{root.as_posix()}'", f"api.base_url='{service.url}'", *QUICK, *overrides]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("fetch", line)
    try:
        return collect(config)
    except UserError as stopped:
        assert TOKEN not in str(stopped) and "sign" not in str(stopped) and "\n" not in str(stopped)
        return str(stopped)


def check(service, root):
    """Every song is what the service has, but for bytes flipped on the way, of which no checksum tells; every file has
    its line, and the token is nowhere.
    """
    manifest = root / "manifest.csv"
    songs = list(read_manifest(manifest)) if manifest.is_file() else []
    assert {path for path in root.glob("*/*") if path.is_file()} == {song.path for song in songs}
    for song in songs:
        pairs = zip(song.path.read_bytes(), service.audio[song.extra["track_id"]], strict=True)
        assert sum(here != there for here, there in pairs) <= 9
    assert not [path for path in root.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    return len(songs)


def misbehave(service, rng):
    """Let two kinds of requests meet two kinds of faults, now and then or always."""
    for kind in (kinds := rng.sample(sorted(FAULTS), 2)):
        fault, often = FAULTS[kind](rng), rng.choice([0.2, 0.5, 1.0])

        def sometimes(handler, normal, fault=fault, often=often):
            whole = (200, normal) if normal is not None else (404, b"")
            fault(handler, normal) if rng.random() < often else handler.reply(*whole)

        service.misbehave(rng.choice(PLACES), sometimes)
    return kinds


def test_whatever_a_service_answers_nothing_is_lost_and_nothing_let_in(tmp_path, capsys):
    rng, ended, slowest = random.Random(26), Counter(), 0.0
    for number in range(120):
        root = tmp_path / str(number)
        with Service(genres=("rock",)) as service:
            kinds = misbehave(service, rng)
            begin = time.monotonic()
            end = run(service, root, "per_genre=5")
            slowest = max(slowest, time.monotonic() - begin)
            check(service, root)
            service.faults.clear()
            ends = [run(service, root, "per_genre=5") for _ in range(2) if check(service, root) < 5]
            assert check(service, root) == 5, (kinds, end, ends)
        ended["stopped with a sentence" if isinstance(end, str) else "complete" if end else "short"] += 1
    with capsys.disabled():
        print(
            f"\n{number + 1} services, {len(FAULTS)} kinds of faults: {dict(ended)}, the slowest after {slowest:.0f} s"
        )
        print("0 tracebacks, 0 songs of other bytes than came, the token nowhere; two runs later all songs are there")


def test_killed_while_it_lists_it_asks_for_nothing_twice(tmp_path, capsys):
    rng, root, kills, process = random.Random(26), tmp_path / "set", 0, None
    with Service(artists=250, songs=1, genres=("rock",)) as service:
        service.misbehave("/artists$", lambda handler, normal: (time.sleep(0.6), handler.reply(200, normal)))
        line = [f"root='{root.as_posix()}'", f"api.base_url='{service.url}'", *QUICK, "dry_run=true", "per_genre=120"]
        line = [setting.replace("timeout_seconds=0.5", "timeout_seconds=30") for setting in line]
        while process is None or process.returncode != 0:
            assert kills <= 12, "the run that nobody kills does not end well"
            process = subprocess.Popen([sys.executable, str(ROOT / "fetch.py"), *line], stdout=subprocess.DEVNULL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(1.2, 2.8) if kills < 12 else 120)
            kills += process.returncode is None
            process.kill()
            process.wait()
        asked = Counter(str(hit.query) for hit in service.hits if hit.path.endswith("/artists"))
    listing = json.loads((root / "fetch_listing.json").read_text(encoding="utf-8"))
    assert kills and len(listing["batches"][0]) == 240 and sum(asked.values()) <= len(asked) + kills
    with capsys.disabled():
        print(f"\n{kills} kills: {sum(asked.values())} requests for {len(asked)} pages of a list of 250 artists")
