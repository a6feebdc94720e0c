import contextlib
import io
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests
import torch

from genre_lightning.errors import UserError
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


@pytest.fixture
def serve(published, monkeypatch):
    """A server of weights, of which ours count as the published ones; returns the paths that it was asked for."""
    with contextlib.ExitStack() as stack:

        def serving(body=published, status=200, promised=None):
            asked = []

            class Server(BaseHTTPRequestHandler):
                def do_GET(self):
                    asked.append(self.path)
                    self.send_response(status)
                    self.send_header("Content-Length", str(promised or len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *what):
                    pass

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Server))
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
    [({"status": 404}, "the server answers 404"), ({"promised": 10**8}, "the answer is cut off")],
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
