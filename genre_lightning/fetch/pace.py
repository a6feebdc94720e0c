"""One pace for all threads: turns, cool-downs, back-off, and when to give up."""

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from genre_lightning.errors import UserError
from genre_lightning.fetch.settings import PaceSettings

logger = logging.getLogger(__name__)
# A longer wait is left to the user, who may run the program again.
LONGEST_WAIT_SECONDS = 900
FAILURES_IN_A_ROW = 5
# On Windows Ctrl-C is heard between waits only.
LONGEST_NAP_SECONDS = 0.5


class Pace:
    """Lets requests pass one by one, at most `requests_per_second`, and none while the service wants a rest."""

    def __init__(self, settings: PaceSettings) -> None:
        self.settings = settings
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.why = ""
        self.next_turn = time.monotonic()
        self.rested_at = float("-inf")
        self.rests = 0

    def wait_for_turn(self) -> float:
        """Wait until a request may be sent; returns the time at which it may."""
        rate = self.settings.requests_per_second
        while True:
            self.sleep(0)
            with self.lock:
                now = time.monotonic()
                if now >= self.next_turn:
                    self.next_turn = now + (1 / rate if rate else 0)
                    return now
            self.sleep(self.next_turn - now)

    def rest(self, sent: float, asked_seconds: float | None, why: str) -> None:
        """Keep all threads from asking for a while, longer each time in a row: a request `sent` then was refused.

        Several requests under way at once may be refused for one reason: that is one rest. Raises UserError if the
        service wants a longer rest than makes sense, or still refuses after the last one.
        """
        with self.lock:
            if sent < self.rested_at:
                return
            ladder = self.settings.cooldowns_seconds
            if self.rests >= len(ladder):
                raise UserError(f"{why}, {self.rests} pauses did not help; all songs are kept, run again another day")
            seconds = ladder[self.rests] if asked_seconds is None else asked_seconds
            if seconds > LONGEST_WAIT_SECONDS:
                raise UserError(f"{why}: run again in {seconds / 60:.0f} minutes; all songs are kept")
            self.rests += 1
            self.rested_at = time.monotonic()
            self.next_turn = self.rested_at + seconds
        logger.warning("%s: all requests pause for %.0f s", why, seconds)

    def answered(self, sent: float) -> None:
        """Note that the service answered a request `sent` then: the next rest is a short one again."""
        with self.lock:
            if sent >= self.rested_at:
                self.rests = 0

    def back_off(self, attempt: int) -> None:
        """Let this thread wait before it repeats a request, about twice as long at every attempt."""
        self.sleep(min(self.settings.backoff_seconds * 2**attempt * random.uniform(0.5, 1.5), LONGEST_WAIT_SECONDS))

    def sleep(self, seconds: float) -> None:
        """Wait, unless the run is about to end. Raises UserError then."""
        until = time.monotonic() + seconds
        while not self.stopping.wait(min(LONGEST_NAP_SECONDS, max(0, until - time.monotonic()))):
            if time.monotonic() >= until:
                return
        raise UserError(self.why)

    @contextmanager
    def until_an_error(self) -> Iterator[None]:
        """Let the first error that comes out of this block end the run for all threads: none waits any more."""
        try:
            yield
        except BaseException as error:
            if not self.stopping.is_set():
                self.why = str(error)
                self.stopping.set()
            raise


class Patience:
    """Counts failures in a row, of all threads together."""

    def __init__(self) -> None:
        self.failures = 0

    def worked(self) -> None:
        """Note that something could be had."""
        self.failures = 0

    def failed(self, why: str, advice: str) -> None:
        """Note a failure that others may share. Raises UserError after FAILURES_IN_A_ROW of them."""
        self.failures += 1
        if self.failures >= FAILURES_IN_A_ROW:
            raise UserError(f"{why}, {FAILURES_IN_A_ROW} times in a row; {advice}; all songs are kept")
