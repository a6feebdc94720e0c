"""The yandex_music client with manners: every request goes through one pace, every failure has one plain name."""

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.parsers.expat import ExpatError

import requests
from yandex_music import Client
from yandex_music.exceptions import BadRequestError, YandexMusicError
from yandex_music.utils.request import Request
from yandex_music.utils.schema_mismatch import SchemaMismatch

from genre_lightning.errors import UserError
from genre_lightning.fetch.pace import Pace

logger = logging.getLogger(__name__)
# What requests to the interface carry, and those for audio do not.
INTERFACE_HEADER = "X-Yandex-Music-Client"
LARGEST_ANSWER_BYTES = 200_000_000
# A transfer that trickles for so many times pace.timeout_seconds is given up.
SLOWEST_TRANSFER = 20
# May be answered the next moment: conflicts, overload, and what stands in front of a service while it restarts.
RETRIED = (408, 409, 425, 500, 502, 503, 504)


class ServiceError(Exception):
    """Why something cannot be had, in a few words that are counted in the report; no other run would help."""


class PassingError(ServiceError):
    """A failure that another attempt may not meet."""


class UnansweredError(PassingError):
    """The service did not answer, though it was asked several times."""


class RefusedError(ServiceError):
    """The service does not want to give this; if it goes on so, it is not about a single song."""


class BlockedError(Exception):
    """The service wants fewer requests, and perhaps says for how many seconds."""

    def __init__(self, why: str, seconds: float | None) -> None:
        super().__init__(why)
        self.seconds = seconds


class MovedError(PassingError):
    """The answer is at another address, `target`."""

    def __init__(self, target: str) -> None:
        super().__init__("redirected again and again")
        self.target = target


class PacedRequest(Request):
    """Sends what the package asks for: in turn, again if that may help, and never beyond what the service allows."""

    def __init__(self, pace: Pace, base_url: str) -> None:
        super().__init__(timeout=pace.settings.timeout_seconds)
        self.pace, self.base_url = pace, base_url
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
        """The proxies and certificates that the environment wants for a host: to ask it takes as long as a request."""
        host = urlsplit(url).netloc
        if host not in self.known_hosts:
            self.known_hosts[host] = requests.Session().merge_environment_settings(url, {}, None, None, None)
        return self.known_hosts[host]

    def _request_wrapper(self, *args: Any, **kwargs: Any) -> bytes:
        """Return the body of the answer; the package makes all its requests here.

        Raises ServiceError, UserError if the run must end, and BadRequestError (400), which the login reads.
        """
        method, url = args
        for attempt in itertools.count():
            sent = self.pace.wait_for_turn()
            try:
                body = self.send(method, url, self._prepare_kwargs(dict(kwargs)))
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
                return body
        raise AssertionError("counted to the end")

    def send(self, method: str, url: str, kwargs: dict[str, Any]) -> bytes:
        """One request. Raises BlockedError, MovedError, ServiceError, BadRequestError or UserError.

        The errors of requests are not chained to: their texts hold signed addresses.
        """
        url = self.address(url)
        where = urlsplit(url).hostname or "an empty address"
        try:
            how: dict[str, Any] = kwargs | self.surroundings(url) | {"stream": True, "allow_redirects": False}
            with self.session.request(method, url, **how) as answer:
                body = read_body(answer, time.monotonic() + SLOWEST_TRANSFER * kwargs["timeout"])
        except requests.exceptions.SSLError:
            raise UserError(f"the certificate of {where} is not trusted; REQUESTS_CA_BUNDLE may name another") from None
        except requests.Timeout:
            raise UnansweredError("no answer in time") from None
        except requests.exceptions.ProxyError:
            raise UnansweredError("the proxy does not answer") from None
        except requests.ConnectionError:
            raise UnansweredError("connection refused or lost") from None
        except requests.RequestException:
            raise UnansweredError("answer cut off or garbled") from None
        return self.check(answer, body)

    def address(self, url: str) -> str:
        """The package builds links to audio with https; a test server that speaks http gets them in http."""
        secure = self.base_url.replace("http://", "https://", 1)
        return self.base_url + url[len(secure) :] if url.startswith(f"{secure}/") else url

    def check(self, answer: requests.Response, body: bytes) -> bytes:
        """Return the body of a good answer. Raises what `send` raises."""
        status = answer.status_code
        if is_captcha(answer, body):
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
            raise BadRequestError(self.error_in(body))
        if status >= 300:
            raise failure_of(status)
        return body

    def error_in(self, body: bytes) -> str:
        """What the service calls an error, in 200 characters at most."""
        try:
            parsed = self._parse(body)
        except YandexMusicError:
            parsed = None
        return parsed.get_error()[:200] if parsed else "400"


def moved(url: str, location: str, kwargs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The address of a redirected request, and its settings: the token stays with the host it is for."""
    target = urljoin(url, location)
    if urlsplit(target).netloc != urlsplit(url).netloc or urlsplit(target).scheme != urlsplit(url).scheme:
        headers = {name: value for name, value in kwargs.get("headers", {}).items() if name != "Authorization"}
        kwargs = {**kwargs, "headers": headers}
    return target, kwargs


def read_body(answer: requests.Response, deadline: float) -> bytes:
    """The whole body. Raises ServiceError for one that does not end, and what requests raises."""
    parts, size = [], 0
    for part in answer.iter_content(1 << 16):
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER_BYTES or time.monotonic() > deadline:
            raise PassingError("an answer without end")
    return b"".join(parts)


def is_captcha(answer: requests.Response, body: bytes) -> bool:
    """Whether the service wants to see a person: a redirect to a captcha or a page with one."""
    page = body[:20_000].lstrip().lower()
    return "captcha" in answer.headers.get("Location", "").lower() or (page.startswith(b"<") and b"captcha" in page)


def seconds_to_wait(answer: requests.Response) -> float | None:
    """What the header Retry-After says, in seconds or as a date (RFC 9110, 10.2.3); None if it says nothing."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def failure_of(status: int) -> ServiceError:
    """The failure that a status stands for."""
    kind = {401: RefusedError, 403: RefusedError, 410: PassingError}.get(
        status, UnansweredError if status in RETRIED else ServiceError
    )
    return kind(f"{status} {responses.get(status, 'unknown status')}")


@contextmanager
def plain_failures() -> Iterator[None]:
    """Turn what the package raises for an odd answer into ServiceError."""
    try:
        yield
    except BadRequestError:
        raise ServiceError("400 Bad Request") from None
    except (YandexMusicError, ExpatError, AssertionError, LookupError, AttributeError, TypeError, ValueError):
        raise PassingError("an answer that makes no sense") from None


def connect(base_url: str, token: str | None, pace: Pace) -> Client:
    """A client that asks at this pace. Raises UserError if another yandex-music than the pinned one is installed."""
    if not hasattr(Request, "_request_wrapper"):
        raise UserError("this program needs yandex-music==3.2.2; another version is installed")
    for name in ("yandex_music", "urllib3"):  # they log tokens and signed links at DEBUG
        logging.getLogger(name).setLevel(logging.WARNING)
    return Client(token, base_url, PacedRequest(pace, base_url), on_schema_mismatch=tell_mismatch)


def tell_mismatch(mismatch: SchemaMismatch) -> None:
    """Say that the service has changed its answers."""
    missing = ", ".join(sorted(mismatch.missing_fields))
    logger.warning("the service's answers have changed: %s lacks %s", mismatch.model.__name__, missing)
