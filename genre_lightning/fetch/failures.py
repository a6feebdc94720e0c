"""What can go wrong with a service: every failure has one plain name, and says whether another attempt may help."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from pathlib import Path
from xml.parsers.expat import ExpatError

import requests
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, ProxyError, SSLError
from yandex_music.exceptions import BadRequestError, YandexMusicError

from genre_lightning.errors import UserError

# May be answered the next moment: conflicts, overload, and what stands in front of a service while it restarts.
RETRIED = (408, 409, 425, 500, 502, 503, 504)
# What the package raises for an answer of another shape, or one nested too deep.
ODD = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
SENSELESS = "an answer that makes no sense"


class ServiceError(Exception):
    """Why something cannot be had, in a few words that are counted in the report; no other run would help."""


class PassingError(ServiceError):
    """A failure that another attempt may not meet."""


class UnansweredError(PassingError):
    """The service did not answer, though it was asked several times."""


class RefusedError(PassingError):
    """The service does not want to give this now; to ask again at once would not help."""


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


def seconds_to_wait(answer: requests.Response) -> float | None:
    """What the header Retry-After says, in seconds or as a date (RFC 9110, 10.2.3); None if it says nothing."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def failure_of(status: int) -> ServiceError:
    """The failure that a status stands for: most say nothing of what was asked for."""
    kind = UnansweredError if status in RETRIED else PassingError
    kind = {400: ServiceError, 401: RefusedError, 403: RefusedError, 404: ServiceError}.get(status, kind)
    return kind(f"{status} {responses.get(status, 'unknown status')}")


@contextmanager
def plain_failures() -> Iterator[None]:
    """Turn what the package raises for an odd answer into ServiceError."""
    try:
        yield
    except BadRequestError:
        raise ServiceError("400 Bad Request") from None
    except (YandexMusicError, ExpatError, *ODD):
        raise PassingError(SENSELESS) from None


@contextmanager
def plain_connections(host: str) -> Iterator[None]:
    """Turn what requests and urllib3 raise into ServiceError, or UserError for a certificate that is not trusted.

    Their errors are not chained to: the texts hold signed addresses.
    """
    try:
        yield
    except SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            advice = "REQUESTS_CA_BUNDLE may name another"
            raise UserError(f"the certificate of {host} is not trusted; {advice}") from None
        raise UnansweredError("connection refused or lost") from None
    except requests.Timeout:
        raise UnansweredError("no answer in time") from None
    except ProxyError:
        raise UnansweredError("the proxy does not answer") from None
    except (InvalidSchema, InvalidURL, MissingSchema):
        raise PassingError("an address that makes no sense") from None
    except (requests.ConnectionError, urllib3.exceptions.TimeoutError):
        raise UnansweredError("connection refused or lost") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        raise UnansweredError("answer cut off or garbled") from None


@contextmanager
def full_disks(place: Path) -> Iterator[None]:
    """Turn what the system says of files that cannot be written, in `place` or as it names them, into UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {error.filename or place}: {error.strerror}; all songs are kept") from None
