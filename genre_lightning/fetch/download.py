"""One candidate becomes one file: fetched, proved to be the song, cut if wanted, and only then given its name."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from yandex_music import Client, DownloadInfo

from genre_lightning.audio.reading import AudioError, decode
from genre_lightning.errors import UserError
from genre_lightning.fetch.candidates import Candidate
from genre_lightning.fetch.client import PassingError, RefusedError, ServiceError, UnansweredError, plain_failures
from genre_lightning.fetch.excerpt import middle
from genre_lightning.fetch.settings import Mode
from genre_lightning.files import write_whole

LEAST_KBPS = 128
EXCERPT_SECONDS = 30.0
# How far a file's length may be off what the service says of it.
TOLERANCE_SECONDS = 2.0
TOLERANCE = 0.02
SILENT_BELOW = 0.001  # of full scale: -60 dB
# A link lives for a minute, and a transfer may be cut off: so many times a song is asked for from the beginning.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class FetchedSong:
    """A file that is safe and sound."""

    path: Path
    seconds: float
    sha256: str


@contextmanager
def full_disks() -> Iterator[None]:
    """Turn what the system says of files that cannot be written into UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {error.filename or 'to root'}: {error.strerror}; all songs are kept") from None


def fetch_song(client: Client, candidate: Candidate, mode: Mode, path: Path) -> FetchedSong:
    """Put the song at `path`, unless an earlier run has put it there already.

    Raises ServiceError, and UserError if the run must end.
    """
    if path.is_file():
        with suppress(ServiceError):
            seconds = check_file(path, EXCERPT_SECONDS if mode is Mode.excerpt else length(candidate, mode))
            return FetchedSong(path, seconds, hashlib.sha256(path.read_bytes()).hexdigest())
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return store(download(client, candidate, mode), candidate, mode, path)
        except UnansweredError:
            raise
        except PassingError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("tried to the end")


def length(candidate: Candidate, mode: Mode) -> float:
    """How many seconds the service is to send."""
    return candidate.preview_seconds if mode is Mode.preview else candidate.seconds


def download(client: Client, candidate: Candidate, mode: Mode) -> bytes:
    """The bytes that the service sends for a song. Raises ServiceError."""
    with plain_failures():
        choice = choose(client.tracks_download_info(candidate.address), mode)
        body = choice.download_bytes()
    if not body:
        raise PassingError("an empty file")
    if body.lstrip()[:1] == b"<":
        raise PassingError("a web page instead of audio")
    return body


def choose(offers: list[DownloadInfo], mode: Mode) -> DownloadInfo:
    """The MP3 with the lowest rate from 128 kbit/s on. Raises ServiceError."""
    fitting = [offer for offer in offers if offer.preview == (mode is Mode.preview)]
    if offers and not fitting:
        wrong = ServiceError("no preview is offered"), RefusedError("only a preview is offered")
        raise wrong[mode is not Mode.preview]
    rates = {offer.bitrate_in_kbps: offer for offer in fitting if offer.codec == "mp3"}
    if not (enough := [rate for rate in rates if rate >= LEAST_KBPS]):
        raise ServiceError(f"no MP3 with {LEAST_KBPS} kbit/s")
    return rates[min(enough)]


def store(body: bytes, candidate: Candidate, mode: Mode, path: Path) -> FetchedSong:
    """Write the bytes, or the excerpt out of them, to `path` once they are proved to be the song."""
    with full_disks():
        seconds = check_bytes(body, length(candidate, mode))
        if mode is Mode.excerpt:
            body = middle(body, EXCERPT_SECONDS)
            seconds = check_bytes(body, EXCERPT_SECONDS)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: file.write(body))
    return FetchedSong(path, seconds, hashlib.sha256(body).hexdigest())


def check_bytes(body: bytes, expected_seconds: float) -> float:
    """`check_file` for a file that has no name yet."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "song.mp3")
        path.write_bytes(body)
        return check_file(path, expected_seconds)


def check_file(path: Path, expected_seconds: float) -> float:
    """Decode a file and return how many seconds it holds. Raises ServiceError unless it is what was promised."""
    try:
        recording = decode(path)
    except AudioError:
        raise ServiceError("cannot be decoded") from None
    check_length(recording.seconds, expected_seconds)
    if max(recording.waveform.max(), -recording.waveform.min()) < SILENT_BELOW:
        raise ServiceError("silent")
    return recording.seconds


def check_length(seconds: float, expected: float) -> None:
    """Raise ServiceError for audio that is cut short, too long, or a preview that is sold as the song."""
    tolerance = max(TOLERANCE_SECONDS, TOLERANCE * expected)
    if seconds > expected + tolerance:
        raise ServiceError("longer than the service says")
    if seconds >= expected - tolerance:
        return
    if abs(seconds - EXCERPT_SECONDS) <= 1:
        raise RefusedError("a preview instead of the song")
    raise PassingError("cut short")
