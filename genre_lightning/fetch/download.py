"""One candidate becomes one file: fetched, proved to be the song, cut if wanted, and only then given its name."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from yandex_music import Client, DownloadInfo

from genre_lightning.audio.reading import AudioError, decode
from genre_lightning.audio.recording import LengthError, Wanted
from genre_lightning.fetch.answers import asked
from genre_lightning.fetch.candidates import Candidate
from genre_lightning.fetch.client import PacedRequest
from genre_lightning.fetch.excerpt import middle
from genre_lightning.fetch.failures import (
    PassingError,
    RefusedError,
    ServiceError,
    UnansweredError,
    full_disks,
    plain_failures,
)
from genre_lightning.fetch.settings import Mode
from genre_lightning.files import write_whole

LEAST_KBPS = 128
# What no MP3 exceeds, and room for what is no sound: pictures in tags.
LARGEST_KBPS, OTHER_BYTES = 320, 10_000_000
EXCERPT_SECONDS = 30.0
# How far a file's length may be off what the service says of it.
TOLERANCE_SECONDS = 2.0
TOLERANCE = 0.02
SILENT_BELOW = 0.001  # of full scale: -60 dB
# Longer songs are looked at in LOW_RATE samples a second: all of theirs would take gigabytes.
LONG_SECONDS, LOW_RATE = 1800, 8000
# A link lives for a minute, and a transfer may be cut off: so many times a song is asked for from the beginning.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class FetchedSong:
    """A file that is safe and sound."""

    path: Path
    seconds: float
    sha256: str


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
            return store(client, candidate, mode, path)
        except (UnansweredError, RefusedError):
            raise
        except PassingError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("tried to the end")


def length(candidate: Candidate, mode: Mode) -> float:
    """How many seconds the service is to send."""
    return candidate.preview_seconds if mode is Mode.preview else candidate.seconds


def store(client: Client, candidate: Candidate, mode: Mode, path: Path) -> FetchedSong:
    """Put the song, or the excerpt out of it, at `path` once it is proved to be the song. Raises ServiceError."""
    seconds = 0.0

    def put(file: BinaryIO) -> None:
        nonlocal seconds
        download(client, candidate, mode, file)
        seconds = check_file(Path(file.name), length(candidate, mode))
        if mode is Mode.excerpt:
            excerpt = middle(Path(file.name), EXCERPT_SECONDS)
            file.seek(0)
            file.truncate()
            file.write(excerpt)
            file.flush()
            seconds = check_file(Path(file.name), EXCERPT_SECONDS)

    with full_disks(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, put)
        return FetchedSong(path, seconds, hashlib.sha256(path.read_bytes()).hexdigest())


def download(client: Client, candidate: Candidate, mode: Mode, file: BinaryIO) -> None:
    """Write what the service sends for a song, as it comes, and no more than the song can be. Raises ServiceError."""
    request = client.request
    assert isinstance(request, PacedRequest)
    choice = choose(asked(client.tracks_download_info, candidate.address), mode)
    with plain_failures():
        most_bytes = OTHER_BYTES + length(candidate, mode) * LARGEST_KBPS * 1000 / 8
        request.save(choice.get_direct_link(), file, most_bytes)
    file.flush()
    with Path(file.name).open("rb") as written:
        beginning = written.read(1000)
    if not beginning:
        raise PassingError("an empty file")
    if beginning.lstrip()[:1] == b"<":
        raise PassingError("a web page instead of audio")


def choose(offers: list[DownloadInfo], mode: Mode) -> DownloadInfo:
    """The MP3 with the lowest rate from 128 kbit/s on. Raises ServiceError."""
    if not offers:
        raise PassingError("no file is offered")
    fitting = [offer for offer in offers if offer.preview == (mode is Mode.preview)]
    if not fitting:
        raise RefusedError("no preview is offered" if mode is Mode.preview else "only a preview is offered")
    rates = {offer.bitrate_in_kbps or 0: offer for offer in fitting if offer.codec == "mp3"}
    if not (enough := [rate for rate in rates if rate >= LEAST_KBPS]):
        raise ServiceError(f"offered, but not as MP3 with {LEAST_KBPS} kbit/s")
    return rates[min(enough)]


def check_file(path: Path, expected_seconds: float) -> float:
    """Decode a file and return how many seconds it holds. Raises ServiceError unless it is what was promised."""
    try:
        most_seconds = expected_seconds + tolerance(expected_seconds)
        recording = decode(path, Wanted(LOW_RATE if expected_seconds > LONG_SECONDS else None, most_seconds))
    except LengthError:
        raise ServiceError("longer than the service says") from None
    except AudioError:
        raise PassingError("cannot be decoded") from None
    check_length(recording.seconds, expected_seconds)
    if max(recording.waveform.max(), -recording.waveform.min()) < SILENT_BELOW:
        raise ServiceError("silent")
    return recording.seconds


def tolerance(seconds: float) -> float:
    """By how many seconds a song may be longer or shorter than the service says."""
    return max(TOLERANCE_SECONDS, TOLERANCE * seconds)


def check_length(seconds: float, expected: float) -> None:
    """Raise ServiceError for audio that is cut short, too long, or a preview that is sold as the song."""
    if seconds > expected + tolerance(expected):
        raise ServiceError("longer than the service says")
    if seconds >= expected - tolerance(expected):
        return
    if abs(seconds - EXCERPT_SECONDS) <= 1:
        raise RefusedError("a preview instead of the song")
    raise PassingError("cut short")
