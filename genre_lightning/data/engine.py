"""Where work on many songs is done: by threads of this process, or by the workers of a cluster. Both are joblib's."""

import logging
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from genre_lightning.devices import threads
from genre_lightning.errors import UserError, install

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")
# All are handed out before the first result is taken: with fewer, joblib 1.6 waits for ever where the last one is done
# just while it is handed out (Parallel._start sets _iterating after what the last one's callback has set).
HOW: dict[str, Any] = {"return_as": "generator", "pre_dispatch": "all", "batch_size": 1}
AT_ONCE = 32  # items for each thread, so that memory does not grow with their number
ANSWERS_SECONDS = 10  # within which a scheduler does, or it is gone
POLL_SECONDS = 0.5
END = object()


@dataclass(frozen=True)
class Threads:
    """Threads of this process, which do as well as processes: decoding, resampling and the FFT release Python's lock.

    Args:
        num_workers: How many; None: one on each core.

    Raises:
        UserError: It is less than 1.
    """

    num_workers: int | None = None

    def __post_init__(self) -> None:
        threads(self.num_workers)

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """What `work` makes of each item, in their order. Raises what `work` raises."""
        import torch
        from joblib import Parallel, delayed

        count, threads_before, todo = threads(self.num_workers), torch.get_num_threads(), iter(items)
        try:
            while some := [*islice(todo, AT_ONCE * count)]:
                tasks = (delayed(work_alone)(work, item) for item in some)
                with closed(Parallel(count, "threading", **HOW)(tasks)) as results:
                    # `yield from` would close them outside of `closed`
                    for result in results:  # noqa: UP028
                        yield result
        finally:
            torch.set_num_threads(threads_before)


def work_alone(work: Callable[[Item], Result], item: Item) -> Result:
    """What `work` makes of an item on one thread; the others have items of their own."""
    import torch

    torch.set_num_threads(1)
    return work(item)


@contextmanager
def closed(results: Any) -> Iterator[Iterator[Any]]:
    """Results of joblib's, of which no more are made in the end; it would warn of those that nobody took."""
    try:
        yield results
    finally:
        with warnings.catch_warnings(action="ignore"):
            results.close()


@dataclass(frozen=True)
class Dask:
    """The workers of a cluster: Dask hands out the work, that of workers that died again, and shows how far it is.

    They need this program, and to see the songs and the cache where this process sees them.

    Args:
        address: Of the scheduler, such as tcp://10.0.0.1:8786; None: a cluster of processes on this machine.
        num_workers: How many processes that has; None: one on each core.

    Raises:
        UserError: Dask is not installed, or `num_workers` is less than 1.
    """

    address: str | None = None
    num_workers: int | None = None

    def __post_init__(self) -> None:
        from importlib.util import find_spec

        threads(self.num_workers)
        if find_spec("distributed") is None:
            raise UserError(f"engine=dask needs Dask: {install('[dask]')}")

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """What `work` makes of each item, in their order. Raises what `work` raises, and UserError for a cluster that
        cannot be asked any more.
        """
        with self.client() as client:
            came: Queue[Any] = Queue()
            Thread(target=hand_out, args=(workers_of(client), work, items, came), daemon=True).start()
            yield from watched(came, client)

    @contextmanager
    def client(self) -> "Iterator[Client]":
        """A connection to the scheduler. Raises UserError if there is none."""
        from distributed import Client, LocalCluster

        for name in (name for name in logging.root.manager.loggerDict if name.startswith("distributed")):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what users need to know is told here
        with ExitStack() as stack:
            address: Any = self.address
            if address is None:
                how: Any = {"n_workers": threads(self.num_workers), "threads_per_worker": 1}
                with deaf_to_ctrl_c(), warnings.catch_warnings(action="ignore"):  # that another page has the usual port
                    address = stack.enter_context(LocalCluster(**how, silence_logs=logging.CRITICAL))
            try:
                client = stack.enter_context(Client(address, timeout=ANSWERS_SECONDS, set_as_default=False))
            except (OSError, ValueError) as error:
                raise UserError(f"engine.address: no scheduler of Dask answers at {address} ({error})") from None
            scheduler = client.scheduler
            assert scheduler is not None
            logger.info("engine: %s; its progress: %s", scheduler.address, client.dashboard_link)
            yield client


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """What is started meanwhile hears no Ctrl-C, which is for the command: it ends its cluster."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # or the first process starts it, which lets the thread hear again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # which threads and programs inherit
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def workers_of(client: "Client") -> Any:
    """The way of joblib to the workers of a cluster. Raises UserError if it has none."""
    from joblib._dask import DaskDistributedBackend

    class Workers(DaskDistributedBackend):
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, super().effective_n_jobs(n_jobs))  # the work of a single one joblib would do here

    try:
        (workers := Workers(client=client)).effective_n_jobs(-1)
    except TimeoutError:
        raise UserError("engine: the cluster has no workers; start some with: dask worker ADDRESS") from None
    return workers


def hand_out(workers: Any, work: Callable[[Any], Any], items: Iterable[Any], came: "Queue[Any]") -> None:
    """Put what a cluster makes of each item into a queue, then END or the error that has ended it."""
    from distributed import CancelledError
    from joblib import Parallel, delayed

    try:
        for result in Parallel(backend=workers, **HOW)(delayed(work)(item) for item in items):
            came.put(result)
        came.put(END)
    except CancelledError:
        came.put(gone())
    except BaseException as error:
        came.put(error)


def watched(came: "Queue[Any]", client: "Client") -> Iterator[Any]:
    """What comes, until END; joblib waits for ever where a scheduler is gone, or songs kill their workers.

    Raises the errors that come, and UserError.
    """
    heard = monotonic()
    while True:
        try:
            result = came.get(timeout=POLL_SECONDS)
        except Empty:
            heard = monotonic() if client.status == "running" else heard
            if (result := trouble(client, monotonic() - heard)) is None:
                continue
        if result is END:
            return
        if isinstance(result, BaseException):
            raise result
        yield result


def trouble(client: "Client", silence: float) -> UserError | None:
    """Why there will be no more results, if that is so; the scheduler said nothing for so many seconds."""
    from distributed import KilledWorker

    if any(isinstance(future.exception, KilledWorker) for future in [*client.futures.values()]):
        return UserError(
            "engine: several workers died one after the other over the same songs, maybe for want of memory; what "
            "was done is kept; give each worker more of it, or leave engine=dask away"
        )
    return gone() if silence > ANSWERS_SECONDS else None


def gone() -> UserError:
    """What to raise when a cluster has no scheduler any more."""
    return UserError("engine: the scheduler of the cluster is gone; what was done is kept; type it again")
