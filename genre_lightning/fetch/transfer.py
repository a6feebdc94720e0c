"""What all runs have in common: tracks are listed, fetched a few at once, and a report tells how it ended."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.pool import AsyncResult, ThreadPool
from typing import Any

from tqdm import tqdm
from yandex_music import Client

from genre_lightning.errors import UserError
from genre_lightning.fetch.candidates import Candidate
from genre_lightning.fetch.download import FetchedSong, fetch_song
from genre_lightning.fetch.failures import PassingError, RefusedError, ServiceError
from genre_lightning.fetch.ledger import Ledger
from genre_lightning.fetch.pace import LONGEST_NAP_SECONDS, Pace, Patience
from genre_lightning.fetch.settings import Settings

ADVICE = "the service is in trouble, or your network is; run again later"
ADVICE_IF_REFUSED = "the account may lack a subscription, which mode=preview does not need"


class Transfer(ABC):
    """One run. `client` lists tracks, and `source` gives their audio: without the token if previews are wanted.

    `failed` says by track id why tracks could not be had in this run, `doubted` which of these reasons are the tracks'
    own if the service is well, `before` which tracks were there when the run began.
    """

    def __init__(self, settings: Settings, ledger: Ledger, pace: Pace, client: Client, source: Client) -> None:
        self.settings, self.ledger, self.pace, self.client, self.source = settings, ledger, pace, client, source
        self.patience = Patience()
        self.failed: dict[str, str] = {}
        self.doubted: dict[str, str] = {}
        self.noting = threading.Lock()
        self.before = set(ledger.songs)

    @abstractmethod
    def list_candidates(self) -> None:
        """Find out which tracks there are."""

    @abstractmethod
    def fetch_listed(self) -> None:
        """Fetch what is missing of them."""

    @abstractmethod
    def report(self) -> dict[str, dict[str, Any]]:
        """Print and write down the figures of each genre: how many are `wanted`, `found` and `fetched`, and more."""

    def run(self) -> bool:
        """List, fetch, and report, however the run ends; returns whether no genre is short."""
        if self.settings.retry_failed:
            self.ledger.forget_skipped()
        try:
            self.list_candidates()
            if not self.settings.dry_run:
                self.ledger.settle_mode(self.settings.mode)
                self.fetch_listed()
            self.ledger.journal.forget()
        finally:
            self.ledger.put_off(self.failed)
            told = self.report()
        key = "found" if self.settings.dry_run else "fetched"
        return all(one[key] >= one["wanted"] for one in told.values())

    def fetch(self, genre: str, todo: Sequence[Candidate], wanted: int) -> None:
        """Fetch the first `wanted` candidates that can be had, a few at once, and enter them in order.

        So the set does not depend on which transfer is the fastest, and never more are under way than are missing.
        """
        waiting, running, have = iter(todo), deque[tuple[Candidate, AsyncResult]](), len(self.ledger.of_genre(genre))
        with (
            workers(self.settings.pace.workers) as pool,
            self.entering_what_comes(running),
            self.pace.until_an_error(),
            tqdm(desc=genre, total=have + wanted, initial=have, unit="song", disable=None) as bar,
        ):
            while wanted:
                while len(running) < min(wanted, 2 * self.settings.pace.workers) and (one := next(waiting, None)):
                    running.append((one, pool.apply_async(self.attempt, (one,))))
                if not running:
                    return
                candidate, result = running.popleft()
                while not result.ready():
                    result.wait(LONGEST_NAP_SECONDS)
                if self.enter(candidate, result.get()):
                    wanted -= 1
                    bar.update()

    @contextmanager
    def entering_what_comes(self, running: deque[tuple[Candidate, AsyncResult]]) -> Iterator[None]:
        """If the run has to end, enter those too that are under way and come all the same."""
        try:
            yield
        except UserError:
            for candidate, result in running:
                result.wait()
                if result.successful():
                    self.enter(candidate, result.get())
            raise

    def attempt(self, candidate: Candidate) -> FetchedSong | ServiceError:
        """Fetch a candidate, in a thread of its own. Raises UserError if the run must end."""
        there = self.ledger.path(candidate).is_file()  # of a run that was killed: says nothing of the service
        with self.pace.until_an_error():
            try:
                song = fetch_song(self.source, candidate, self.settings.mode, self.ledger.path(candidate))
            except ServiceError as failure:
                self.note(candidate.track_id, failure)
                return failure
        if not there:
            self.note_success()
        return song

    def note_success(self) -> None:
        """Note that the service gives songs: so what it says of others is about them, and not its own trouble."""
        with self.noting:
            self.ledger.skip(self.doubted)
            self.doubted.clear()
            self.patience.worked()

    def note(self, track_id: str, failure: ServiceError) -> None:
        """Note why a track cannot be had, for good only if another one can be had after it.

        Raises UserError if too many tracks in a row cannot be had.
        """
        with self.noting:
            self.failed[track_id] = str(failure)
            if not isinstance(failure, PassingError):
                self.doubted[track_id] = str(failure)
            self.patience.failed(str(failure), ADVICE_IF_REFUSED if isinstance(failure, RefusedError) else ADVICE)

    def enter(self, candidate: Candidate, outcome: FetchedSong | ServiceError) -> bool:
        """Note what has become of a candidate; returns whether the set has a song more."""
        if isinstance(outcome, ServiceError):
            return False
        if self.ledger.twin(outcome):
            outcome.path.unlink()
            self.ledger.skip({candidate.track_id: "the same file as another song"})
            return False
        self.ledger.add(candidate, outcome)
        return True


@contextmanager
def workers(number: int) -> Iterator[ThreadPool]:
    """Threads that end with the block; on Ctrl-C nobody waits for them: a transfer may stall for long."""
    pool, interrupted = ThreadPool(number), False
    try:
        yield pool
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        pool.close()
        if not interrupted:
            pool.join()
