"""What the service has said while songs were listed, so that a run which was cut off asks for nothing twice."""

import base64
import gzip
import hashlib
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from genre_lightning.fetch.failures import full_disks

# What the service said longer ago than a week is asked for again.
KEPT_SECONDS = 7 * 24 * 60 * 60


class Journal:
    """A file with a line for each answer, which goes on existing if the run is killed.

    A line is the hash of a question, and the answer as gzip, which holds a checksum, in base64.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers = dict(read(path))
        self.last: tuple[str, bytes] | None = None

    def recall(self, question: str) -> bytes | None:
        """The answer that an earlier run has got to a question; None if none has."""
        packed = self.answers.get(name(question))
        return gzip.decompress(packed) if packed is not None else None

    def heard(self, question: str, answer: bytes) -> None:
        """Note an answer, which `keep` keeps."""
        self.last = name(question), answer

    def keep(self) -> None:
        """Keep the last answer, since it makes sense and holds something: the next run will not ask."""
        if self.last is None:
            return
        (asked, answer), self.last = self.last, None
        line = b" ".join([asked.encode(), base64.b64encode(gzip.compress(answer, compresslevel=3))])
        with full_disks(self.path), self.path.open("ab") as file:
            file.write(b"\n" + line + b"\n")  # the line before may be half of one

    def forget(self) -> None:
        """Throw all answers away: the next run is to hear new ones."""
        self.answers = {}
        with full_disks(self.path):
            self.path.unlink(missing_ok=True)


def name(question: str) -> str:
    """What stands for a question in the file."""
    return hashlib.sha256(question.encode()).hexdigest()


def read(path: Path) -> Iterator[tuple[str, bytes]]:
    """The whole lines of a journal: the hash of each question, and its packed answer."""
    with full_disks(path):
        fresh = path.is_file() and time.time() - path.stat().st_mtime < KEPT_SECONDS
        lines = path.read_bytes().splitlines() if fresh else []
    for line in lines:
        asked, _, packed = line.partition(b" ")
        try:
            answer = base64.b64decode(packed, validate=True)
            gzip.decompress(answer)
        except (ValueError, EOFError, OSError, zlib.error):
            continue
        if answer:
            yield asked.decode("ascii", "replace"), answer
