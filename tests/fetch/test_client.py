import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import service as fake
import trustme
from service import TOKEN, Service

from genre_lightning.errors import UserError
from genre_lightning.fetch import client as module
from genre_lightning.fetch.client import connect
from genre_lightning.fetch.failures import (
    PassingError,
    RefusedError,
    ServiceError,
    UnansweredError,
    failure_of,
    plain_failures,
    seconds_to_wait,
)
from genre_lightning.fetch.pace import Pace
from genre_lightning.fetch.settings import PaceSettings


@pytest.fixture
def connected(sounds):
    """A client that waits for nothing, of a service."""
    return lambda service, token=TOKEN: connect(service.url, token, Pace(PaceSettings(None, 2, 1, 0.001, [0.0], 0.5)))


def answer(**headers):
    one = requests.Response()
    one.headers.update({name.replace("_", "-"): text for name, text in headers.items()})
    return one


def test_retry_after_in_seconds_as_a_date_and_in_words():
    assert seconds_to_wait(answer(Retry_After=" 7 ")) == 7
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 98 < seconds_to_wait(answer(Retry_After=soon)) <= 100
    assert seconds_to_wait(answer(Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")) == 0
    assert seconds_to_wait(answer(Retry_After="soon")) is None is seconds_to_wait(answer())


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, ServiceError), (403, RefusedError), (404, ServiceError), (409, UnansweredError), (410, PassingError),
     (404, ServiceError), (407, PassingError), (418, PassingError), (500, UnansweredError), (599, PassingError)],
)  # fmt: skip
def test_every_status_has_one_meaning(status, kind):
    assert type(failure_of(status)) is kind and str(failure_of(status)).startswith(str(status))


def test_the_text_of_an_error_holds_neither_addresses_nor_pages(service, connected):
    service.misbehave("/get-mp3/", fake.status(500, body=b"<html>" + b"secret page " * 500))
    info = connected(service).tracks_download_info("10000")[1]
    with pytest.raises(UnansweredError) as caught:
        info.download_bytes()
    assert str(caught.value) == "500 Internal Server Error"
    with pytest.raises(UserError) as caught:
        service.misbehave("/genres", fake.status(401))
        connected(service).genres()
    assert TOKEN not in str(caught.value) and "http" not in str(caught.value)


@pytest.mark.parametrize("error", [AssertionError, KeyError, TypeError])
def test_odd_answers_are_failures_not_tracebacks(error):
    with pytest.raises(PassingError, match="an answer that makes no sense"), plain_failures():
        raise error("path[1::]")


def test_an_answer_without_end_is_given_up(service, connected, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_ANSWER_BYTES", 1000)
    with pytest.raises(PassingError, match="without end"):
        connected(service).genres()


def test_an_answer_that_trickles_is_given_up(service, connected, monkeypatch):
    def trickle(handler, normal):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        while True:
            handler.wfile.write(b" ")
            threading.Event().wait(0.02)

    monkeypatch.setattr(module, "SLOWEST_TRANSFER", 0.4)
    service.misbehave("/genres", trickle)
    with pytest.raises(PassingError, match="without end"):
        connected(service).genres()


def test_the_package_logs_nothing_secret_however_talkative_we_are(service, connected, caplog):
    with caplog.at_level(0):
        client = connected(service)
        client.account_status()
        client.tracks_download_info("10000")[1].download_bytes()
    assert not [record for record in caplog.records if record.name.startswith(("yandex_music", "urllib3"))]


def test_an_answer_of_another_shape_is_told_in_a_line(service, connected, caplog):
    service.misbehave("/tags/", fake.body(b'{"result": {"tag": {"id": "1"}, "ids": [{"uid": 1}]}}'))
    connected(service).tags("rock")
    assert "the service's answers have changed: PlaylistId lacks kind" in caplog.text


def test_a_proxy_that_does_not_answer_is_named(service, connected, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(UnansweredError, match="the proxy does not answer"):
        connected(service).genres()


@pytest.mark.parametrize(
    "proxy", ["http://", "htp://127.0.0.1:9", "http://127.0.0.1:port", "http://[::1", "ftp://a:21"]
)
def test_a_proxy_that_is_none_is_told_and_its_password_is_not(proxy, service, connected, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", proxy.replace("//", "//me:secret@"))
    with pytest.raises(UserError, match=r"the proxy that HTTP_PROXY.* has no address that makes sense") as caught:
        connected(service).genres()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["socks5h", "socks5", "socks4"])
def test_a_socks_proxy_without_its_package_is_told_what_to_install(scheme, service, connected, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:secret@127.0.0.1:9")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"is a SOCKS proxy, which needs a package: pip install .requests\[socks\]"):
        connected(service).genres()


def test_certificates_that_are_not_there_are_named(service, connected, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    with pytest.raises(UserError, match=r"REQUESTS_CA_BUNDLE: there is no nowhere\.pem"):
        connected(service).genres()


def test_another_version_of_the_package_is_named(service, connected, monkeypatch):
    monkeypatch.delattr(module.Request, "_request_wrapper")
    monkeypatch.delattr(module.PacedRequest, "_request_wrapper")
    with pytest.raises(UserError, match=r"needs yandex-music==3\.2\.2"):
        connected(service)


def test_certificates_are_those_of_the_usual_variable(sounds, connected, tmp_path, monkeypatch):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    with Service(artists=1, context=context) as secure:
        with pytest.raises(UserError, match=r"certificate of 127\.0\.0\.1 is not trusted; REQUESTS_CA_BUNDLE"):
            connected(secure).genres()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        client = connected(secure)
        assert client.genres()[0].id == "allrock"
        assert client.tracks_download_info("10000")[1].download_bytes() == secure.audio["10000"]


def test_the_stock_addresses_need_no_patch():
    client = connect("https://api.music.yandex.net", None, Pace(PaceSettings(None, 2, 1, 0.0, [], 1)))
    for url in ("https://api.music.yandex.net/genres", "https://s1.storage.yandex.net/get-mp3/a/b/c"):
        assert client.request.address(url) == url
