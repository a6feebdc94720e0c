import contextlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests

from genre_lightning.errors import UserError
from genre_lightning.pretrained import published
from genre_lightning.pretrained.published import TIMEOUT_SECONDS, Published, fetched

CONTENT = bytes(range(256)) * 1000


def file_at(url):
    return Published("a file of ours", url, lambda content: content == CONTENT, ", or do without it")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder for what is fetched, which nobody has made yet; and no proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


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
def serve():
    """A server; returns the file that it publishes, and the paths that it was asked for."""
    with contextlib.ExitStack() as stack:

        def serving(body=CONTENT, status=200, promised=None):
            server_class = handler(body, status, promised, asked := [])
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), server_class))
            stack.callback(server.shutdown)
            Thread(target=server.serve_forever, daemon=True).start()
            return file_at(f"http://127.0.0.1:{server.server_port}/some/file.bin"), asked

        yield serving


def test_a_file_is_fetched_once_and_kept(home, serve, capfd):
    file, asked = serve()
    with ThreadPoolExecutor(4) as pool:  # songs are read by several threads
        contents = [job.result() for job in [pool.submit(fetched, file, home) for _ in range(4)]]
    assert contents == [CONTENT] * 4 and asked == ["/some/file.bin"]
    assert (home / "file.bin").read_bytes() == CONTENT
    assert {path.name for path in home.iterdir()} <= {"file.bin", "file.bin.lock"}
    assert capfd.readouterr().out == ""


def test_a_file_put_there_by_hand_needs_no_network_and_no_right_to_write(home, monkeypatch):
    home.mkdir()
    (home / "file.bin").write_bytes(CONTENT)
    monkeypatch.setattr(published, "FileLock", lambda path: pytest.fail(f"{path} was written"))
    assert fetched(file_at("http://nowhere.invalid/file.bin"), home) == CONTENT


def failure(file, home):
    """What the user is told, which must be one line that says what to do."""
    with pytest.raises(UserError) as raised:
        fetched(file, home)
    text = str(raised.value)
    assert "\n" not in text and str(home) in text and text.endswith(", or do without it")
    return text


def test_another_file_put_there_by_hand_is_not_used(home):
    home.mkdir()
    (home / "file.bin").write_bytes(b"something else")
    told = failure(file_at("http://nowhere.invalid/file.bin"), home)
    assert "file.bin is not file.bin as it was published, and is not used; delete it" in told


def test_what_is_not_the_published_file_is_not_kept(home, serve):
    file, _ = serve(body=b"a page that asks you to log in")
    assert f"what comes from {file.url} is not the file that was published" in failure(file, home)
    assert not (home / "file.bin").exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"status": 404, "body": b"none"}, "the server answers 404"), ({"promised": 10**8}, "the answer is cut off")],
)
def test_a_server_that_does_not_give_it_is_told_of(home, serve, answer, reason):
    file, _ = serve(**answer)
    told = failure(file, home)
    assert reason in told and f"download {file.url}, and put it into {home}" in told
    assert not [path for path in home.iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ConnectionError("HTTPSConnectionPool(host='me'): Max retries exceeded, SECRET"), "no connection"),
        (requests.exceptions.ProxyError("http://me:SECRET@proxy refused"), "the proxy does not let it through"),
        (requests.exceptions.SSLError("https://me:SECRET@proxy"), "its certificate is not trusted"),
        (requests.ReadTimeout("http://me:SECRET@proxy"), f"no answer for {TIMEOUT_SECONDS:.0f} s"),
        (requests.exceptions.InvalidProxyURL("http://me:SECRET@"), "garbled"),
    ],
)
def test_no_password_of_a_proxy_is_told(home, monkeypatch, error, reason):
    asked = []

    def fail(*what, **how):
        asked.append(how["timeout"])
        raise error

    monkeypatch.setattr(requests, "get", fail)
    told = failure(file_at("http://nowhere.invalid/file.bin"), home)
    assert reason in told and "SECRET" not in told and asked == [TIMEOUT_SECONDS]
