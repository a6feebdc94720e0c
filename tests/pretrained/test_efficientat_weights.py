import contextlib
import io
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
import soxr
import torch

from genre_lightning.demo.instruments import SAMPLE_RATE
from genre_lightning.demo.song import compose_song
from genre_lightning.errors import UserError
from genre_lightning.features.encoders.efficientat import KaldiMel
from genre_lightning.pretrained import efficientat_weights as weights
from genre_lightning.pretrained.efficientat import EfficientAT
from genre_lightning.pretrained.weights import sha256


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty place for weights, and no proxy."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "hub" / "genre_lightning"


@pytest.fixture(scope="module")
def published():
    """A file with weights of our own."""
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(EfficientAT().state_dict(), file)
    return file.getvalue()


def handler(body, status, promised, asked):
    """What answers every request with `body`, of which it promises the length, and notes the path."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(promised or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *what):
            pass

    return Server


@pytest.fixture
def serve(published, monkeypatch):
    """A server of weights, of which ours count as the published ones; returns the paths that it was asked for."""
    with contextlib.ExitStack() as stack:

        def serving(body=published, status=200, promised=None):
            server_class = handler(body, status, promised, asked := [])
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), server_class))
            stack.callback(server.shutdown)
            Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setattr(weights, "URL", f"http://127.0.0.1:{server.server_port}/{weights.FILE}")
            return asked

        monkeypatch.setattr(weights, "SHA256", sha256(published))
        yield serving


def test_the_weights_are_fetched_once_and_kept(home, serve, published, capfd):
    asked = serve()
    with ThreadPoolExecutor(4) as pool:  # songs are read by several threads
        networks = [job.result() for job in [pool.submit(weights.load_efficientat) for _ in range(4)]]
    assert all(network is networks[0] for network in networks) and asked == [f"/{weights.FILE}"]
    assert (home / weights.FILE).read_bytes() == published
    assert {path.name for path in home.iterdir()} <= {weights.FILE, "efficientat.lock"}
    expected = torch.load(io.BytesIO(published), weights_only=True)
    torch.testing.assert_close(dict(networks[0].state_dict()), dict(expected))
    assert capfd.readouterr().out == ""


def test_a_file_put_there_by_hand_needs_no_network_and_no_right_to_write(home, serve, published, monkeypatch):
    asked = serve()
    home.mkdir(parents=True)
    (home / weights.FILE).write_bytes(published)
    monkeypatch.setattr(weights, "FileLock", lambda path: pytest.fail(f"{path} was written"))
    assert isinstance(weights.load_efficientat(), EfficientAT) and not asked


def test_another_file_put_there_by_hand_is_not_used(home, serve):
    serve()
    home.mkdir(parents=True)
    (home / weights.FILE).write_bytes(b"something else")
    with pytest.raises(UserError, match=rf"{weights.FILE} is not .* as it was published \(another SHA-256\)"):
        weights.load_efficientat()


def failure(raised):
    """What the user is told, which must be one line that says what to do."""
    text = str(raised.value)
    assert "\n" not in text and "features.encoders=[musicnn]" in text and weights.URL in text
    return text


def test_what_is_not_the_published_file_is_not_kept(home, serve):
    serve(body=b"a page that asks you to log in")
    with pytest.raises(UserError) as raised:
        weights.load_efficientat()
    assert "is not the file that was published" in failure(raised) and str(home) in failure(raised)
    assert not (home / weights.FILE).exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"status": 404, "body": b"none"}, "the server answers 404"), ({"promised": 10**8}, "the answer is cut off")],
)
def test_a_server_that_does_not_give_it_is_told_of(home, serve, answer, reason):
    serve(**answer)
    with pytest.raises(UserError) as raised:
        weights.load_efficientat()
    told = failure(raised)
    assert reason in told and f"put it into {home}" in told
    assert not [path for path in home.iterdir() if path.suffix != ".lock"]


def test_without_a_network_it_is_tried_once(home, monkeypatch):
    asked = []

    def refuse(*what, **how):
        asked.append(how["timeout"])
        raise requests.ConnectionError("HTTPSConnectionPool(host='github.com'): Max retries exceeded")

    monkeypatch.setattr(requests, "get", refuse)
    for _ in range(3):
        with pytest.raises(UserError, match="cannot be fetched: no connection; on a computer that is online"):
            weights.load_efficientat()
    assert asked == [weights.TIMEOUT_SECONDS]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.exceptions.ProxyError("http://me:SECRET@proxy refused"), "the proxy does not let it through"),
        (requests.exceptions.SSLError("https://me:SECRET@proxy"), "its certificate is not trusted"),
        (requests.ReadTimeout("http://me:SECRET@proxy"), "no answer for 30 s"),
        (requests.exceptions.InvalidProxyURL("http://me:SECRET@"), "garbled"),
    ],
)
def test_no_password_of_a_proxy_is_told(home, monkeypatch, error, reason):
    def fail(*what, **how):
        raise error

    monkeypatch.setattr(requests, "get", fail)
    with pytest.raises(UserError, match=reason) as raised:
        weights.load_efficientat()
    assert "SECRET" not in str(raised.value)


@pytest.fixture(scope="module")
def real():
    """The network with the real weights, where they are."""
    if not (Path(torch.hub.get_dir()) / "genre_lightning" / weights.FILE).is_file():
        pytest.skip(f"{weights.FILE} is not there: train once with features.encoders=[efficientat]")
    return weights.load_efficientat()


# What the published network says of five seconds of five tones: the logits of its first ten classes, and the first ten
# numbers of its pooled output.
LOGITS = [-4.51957, -8.06640, -8.35191, -9.22746, -9.84268, -8.31818, -11.27111, -9.64822, -10.58792, -11.60691]
POOLED = [-0.26810, 0.00264, -0.01812, 0.17162, 0.57983, -0.23438, -0.16941, 0.22538, -0.21635, -0.17556]


@pytest.mark.weights
def test_the_published_weights_say_the_same_of_tones_as_when_they_were_first_tried(real):
    time = torch.arange(5 * 32000, dtype=torch.float64) / 32000
    tones = 0.1 * sum(torch.sin(2 * torch.pi * hertz * time) for hertz in (110.0, 220.0, 440.0, 1000.0, 3520.0))
    mel = KaldiMel()(tones.float()).T[None, None]
    torch.testing.assert_close(real(mel)[0, :10], torch.tensor(LOGITS), atol=1e-4, rtol=0)
    torch.testing.assert_close(real.features(mel).mean(dim=(2, 3))[0, :10], torch.tensor(POOLED), atol=1e-4, rtol=0)


# Classes of AudioSet, by their numbers.
MUSIC, PIANO, DRUM_MACHINE = 137, 153, 163


@pytest.mark.weights
@pytest.mark.parametrize(("genre", "artist", "instrument"), [("jazz", 2, PIANO), ("hiphop", 0, DRUM_MACHINE)])
def test_the_published_weights_hear_music_and_an_instrument_that_plays(real, genre, artist, instrument):
    song = compose_song(0, genre, artist, 0, seconds=10.0, overlap=0.0)
    waveform = torch.from_numpy(soxr.resample(song, SAMPLE_RATE, 32000, "HQ"))
    loudest = real(KaldiMel()(waveform).T[None, None])[0].topk(7).indices.tolist()
    assert loudest[0] == MUSIC and instrument in loudest
