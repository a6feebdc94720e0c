"""The yandex_music client with manners: every request goes through one pace, every failure has one plain name."""

import io
import itertools
import json
import logging
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import select_proxy
from yandex_music import Client
from yandex_music.exceptions import BadRequestError, YandexMusicError
from yandex_music.utils.json_backend import StdlibBackend
from yandex_music.utils.request import Request
from yandex_music.utils.schema_mismatch import SchemaMismatch

from genre_lightning.errors import UserError
from genre_lightning.fetch.failures import (
    BlockedError,
    MovedError,
    PassingError,
    UnansweredError,
    failure_of,
    plain_connections,
    seconds_to_wait,
)
from genre_lightning.fetch.journal import Journal
from genre_lightning.fetch.pace import Pace

logger = logging.getLogger(__name__)
# What requests to the interface carry, and those for audio do not.
INTERFACE_HEADER = "X-Yandex-Music-Client"
# Lists take a tenth of it; what is parsed takes about twenty times as much memory.
LARGEST_ANSWER_BYTES = 16_000_000
# As much of an answer is looked at for what it says of a failure.
MOST_SAID_BYTES = 20_000
# A transfer that trickles for so many times pace.timeout_seconds is given up.
SLOWEST_TRANSFER = 20
ENDLESS = "an answer without end"
PROXIES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


class PacedRequest(Request):
    """Sends what the package asks for: in turn, again if that may help, and never beyond what the service allows."""

    def __init__(self, pace: Pace, base_url: str, journal: Journal | None = None) -> None:
        # Python's own reading of JSON: of others that may be there, some give up a whole list for half a character.
        super().__init__(timeout=pace.settings.timeout_seconds, json_backend=StdlibBackend())
        self.pace, self.base_url, self.journal = pace, base_url, journal
        self.of_thread = threading.local()
        self.known_hosts: dict[str, dict[str, Any]] = {}

    @property
    def session(self) -> requests.Session:
        """The session of this thread, which keeps its connections open: fewer handshakes."""
        if not hasattr(self.of_thread, "session"):
            self.of_thread.session = requests.Session()
            self.of_thread.session.trust_env = False  # or passwords in a .netrc of the user would replace the token
        return self.of_thread.session

    def surroundings(self, url: str) -> dict[str, Any]:
        """The proxies and certificates that the environment wants for a host: to ask it takes as long as a request.

        Raises UserError for those that cannot be used.
        """
        host = urlsplit(url).netloc
        if host not in self.known_hosts:
            found = requests.Session().merge_environment_settings(url, {}, None, None, None)
            check_proxy(select_proxy(url, found["proxies"]))
            if isinstance(found["verify"], str) and not Path(found["verify"]).exists():
                raise UserError(f"REQUESTS_CA_BUNDLE: there is no {found['verify']}")
            self.known_hosts[host] = found
        return self.known_hosts[host]

    def _request_wrapper(self, *args: Any, **kwargs: Any) -> bytes:
        """Return the body of the answer; the package makes all its requests here.

        Raises ServiceError, UserError if the run must end, and BadRequestError (400), which the login reads.
        """
        method, url = args
        question = json.dumps([method, url, kwargs.get("params"), kwargs.get("data")], default=str)  # and not who asks
        if self.journal is not None and (told := self.journal.recall(question)) is not None:
            return told
        body = io.BytesIO()
        self.ask(method, url, kwargs, body, LARGEST_ANSWER_BYTES)
        if self.journal is not None:
            self.journal.heard(question, body.getvalue())
        return body.getvalue()

    def save(self, url: str, file: BinaryIO, most_bytes: float) -> None:
        """Write what lies at an address to an empty file, as it comes. Raises what `_request_wrapper` raises."""
        self.ask("GET", url, {"timeout": self._timeout}, file, most_bytes)

    def ask(self, method: str, url: str, kwargs: dict[str, Any], body: BinaryIO, most_bytes: float) -> None:
        """Ask until there is an answer, and write its body."""
        for attempt in itertools.count():
            sent = self.pace.wait_for_turn()
            try:
                self.send(method, url, self._prepare_kwargs(dict(kwargs)), body, most_bytes)
            except BlockedError as blocked:
                self.pace.rest(sent, blocked.seconds, str(blocked))
            except (UnansweredError, MovedError) as failure:
                if attempt >= self.pace.settings.retries:
                    raise
                if isinstance(failure, MovedError):
                    url, kwargs = moved(url, failure.target, kwargs)
                else:
                    self.pace.back_off(attempt)
            else:
                self.pace.answered(sent)
                return

    def send(self, method: str, url: str, kwargs: dict[str, Any], body: BinaryIO, most_bytes: float) -> None:
        """One request. Raises BlockedError, MovedError, ServiceError, BadRequestError or UserError."""
        url = self.address(url)
        deadline = time.monotonic() + SLOWEST_TRANSFER * kwargs["timeout"]
        said = bytearray()
        body.seek(0)
        body.truncate()  # of what an earlier attempt has left
        with plain_connections(urlsplit(url).hostname or "an empty address"):
            how: dict[str, Any] = kwargs | self.surroundings(url) | {"stream": True, "allow_redirects": False}
            with self.session.request(method, url, **how) as answer:
                while part := answer.raw.read1(1 << 16, decode_content=True):
                    body.write(part)
                    said += part[: MOST_SAID_BYTES - len(said)]
                    self.pace.sleep(0)  # which ends if the run does
                    if body.tell() > most_bytes or time.monotonic() > deadline:
                        raise PassingError(ENDLESS)
        self.check(answer, bytes(said))

    def address(self, url: str) -> str:
        """The package builds links to audio with https; a test server that speaks http gets them in http."""
        secure = self.base_url.replace("http://", "https://", 1)
        return self.base_url + url[len(secure) :] if url.startswith(f"{secure}/") else url

    def check(self, answer: requests.Response, said: bytes) -> None:
        """Look at the beginning of an answer. Raises what `send` raises, unless it is a good one."""
        status = answer.status_code
        if is_captcha(answer, said):
            raise BlockedError("the service asks whether a person is there (captcha)", seconds_to_wait(answer))
        if status == 429 or (status == 503 and "Retry-After" in answer.headers):
            raise BlockedError(f"the service wants fewer requests ({status})", seconds_to_wait(answer))
        if answer.is_redirect:
            raise MovedError(answer.headers["Location"])
        if status == 451:
            raise UserError("the service does not serve this region (451); all songs are kept")
        if status == 401 and INTERFACE_HEADER in answer.request.headers:
            expired = "does not take the token (401): it has expired or is wrong; renew it with login=true"
            missing = "wants a token (401); get one with python fetch.py login=true"
            raise UserError(f"the service {expired if 'Authorization' in self.headers else missing}")
        if status == 400:
            raise BadRequestError(self.error_in(said))
        if status >= 300:
            raise failure_of(status)

    def error_in(self, said: bytes) -> str:
        """What the service calls an error, in 200 characters at most."""
        try:
            parsed = self._parse(said)
        except (YandexMusicError, RecursionError):
            parsed = None
        return parsed.get_error()[:200] if parsed else "400"


def moved(url: str, location: str, kwargs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The address of a redirected request, and its settings: the token stays with the host it is for."""
    target = urljoin(url, location)
    if urlsplit(target).netloc != urlsplit(url).netloc or urlsplit(target).scheme != urlsplit(url).scheme:
        headers = {name: value for name, value in kwargs.get("headers", {}).items() if name != "Authorization"}
        kwargs = {**kwargs, "headers": headers}
    return target, kwargs


def check_proxy(proxy: str | None) -> None:
    """Raise UserError for a proxy that is none, and for one that wants a package which is not installed.

    Its address is not repeated: it may hold a password.
    """
    if not proxy:
        return
    named = "the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names"
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        scheme = parts.scheme if parts.hostname and parts.port != 0 else ""
    except ValueError:
        scheme = ""
    if scheme not in PROXIES:
        raise UserError(f"{named} has no address that makes sense, such as http://HOST:PORT")
    if scheme.startswith("socks") and find_spec("socks") is None:
        raise UserError(f'{named} is a SOCKS proxy, which needs a package: pip install "requests[socks]"')


def is_captcha(answer: requests.Response, said: bytes) -> bool:
    """Whether the service wants to see a person: a redirect to a captcha or a page with one."""
    page = said.lstrip().lower()
    return "captcha" in answer.headers.get("Location", "").lower() or (page.startswith(b"<") and b"captcha" in page)


def connect(base_url: str, token: str | None, pace: Pace, journal: Journal | None = None) -> Client:
    """A client that asks at this pace, and not for what the journal holds.

    Raises UserError if another yandex-music than the pinned one is installed.
    """
    if not hasattr(Request, "_request_wrapper"):
        raise UserError("this program needs yandex-music==3.2.2; another version is installed")
    for name in ("yandex_music", "urllib3"):  # they log tokens and signed links at DEBUG
        logging.getLogger(name).setLevel(logging.WARNING)
    return Client(token, base_url, PacedRequest(pace, base_url, journal), on_schema_mismatch=tell_mismatch)


def tell_mismatch(mismatch: SchemaMismatch) -> None:
    """Say that the service has changed its answers."""
    missing = ", ".join(sorted(mismatch.missing_fields))
    logger.warning("the service's answers have changed: %s lacks %s", mismatch.model.__name__, missing)
