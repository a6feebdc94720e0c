"""The processes of a run on several devices: if one of them is killed, the others end, and one says so."""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any, ClassVar, NoReturn

from lightning import Callback, LightningModule, Trainer

from genre_lightning.command_line.ending import STOPPED, tell_that_it_stopped
from genre_lightning.launched import launcher
from genre_lightning.runs.folders import what_is_kept

POLL_SECONDS = 0.5
# For how long a process that has lost another one waits before it says so: who ends for a reason has said it by then.
PATIENCE_SECONDS = 4
# Tells those that the first process starts its number.
FIRST = "GENRE_LIGHTNING_FIRST_PROCESS"
# What PyTorch says on CPUs and GPUs if the other end of a connection is gone.
CONNECTION = re.compile(r"gloo/transport|Connection (closed|reset) by peer|NCCL|DistNetworkError")


class EndTogether(Callback):
    """Ends all processes of a run if one is killed: the others would wait for it, some of them for half an hour.

    Lightning kills them too, within five seconds, but says nothing; and nobody is left to do so if the first is killed.
    """

    # All fits of a run have the same processes.
    watching: ClassVar[threading.Event] = threading.Event()
    stopped: ClassVar[threading.Event] = threading.Event()

    @classmethod
    def watch(cls, trainer: Trainer) -> None:
        """Begin to watch the others, once, before the Trainer starts them: one may be killed while it loads libraries.

        Whoever lost another one then would wait for it for half an hour.
        """
        if trainer.num_devices > 1 and launcher() is None and not cls.watching.is_set():  # a launcher ends the others
            cls.watching.set()
            if not trainer.local_rank:
                os.environ[FIRST] = str(os.getpid())
            begin(cls.watch_first if trainer.local_rank else cls.watch_children, trainer)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Have a SIGTERM stop this process as Ctrl-C does.

        Lightning's handler would tell the others in the midst of what they compute together, and wait for ever.
        """
        if trainer.num_devices > 1:
            signal.signal(signal.SIGTERM, signal.default_int_handler)

    on_test_start = on_train_start  # Lightning sets its own anew for each

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if isinstance(exception, KeyboardInterrupt):
            self.stopped.set()
        elif launcher() is not None and CONNECTION.search(str(exception)):
            end("another process has ended or was killed", trainer)
        elif isinstance(exception, RuntimeError) and trainer.world_size > 1:
            time.sleep(2 * PATIENCE_SECONDS)  # it says that another process is gone: so does whoever watches that one

    @classmethod
    def watch_children(cls, trainer: Trainer) -> None:
        """Watch the processes that this one starts, as soon as all are there."""
        launcher = trainer.strategy.launcher
        while len(getattr(launcher, "procs", ())) < trainer.num_devices - 1:
            time.sleep(POLL_SECONDS)
        started = [*getattr(launcher, "procs", ())]
        for number, process in enumerate(started, start=2):
            begin(cls.watch_child, process, number, started, trainer)

    @classmethod
    def watch_child(cls, process: Popen, number: int, started: Sequence[Popen], trainer: Trainer) -> None:
        """Wait for the end of a process that this one has started."""
        status = process.wait()
        if status > 0:
            time.sleep(1 if status == STOPPED else PATIENCE_SECONDS)
        if not status or cls.stopped.is_set():
            return
        cls.stopped.set()
        for other in started:
            other.kill()
        if status == STOPPED:  # and this process waits for that one, deaf to Ctrl-C
            tell_that_it_stopped(what_is_kept(Path(trainer.default_root_dir)))
            os._exit(STOPPED)
        else:
            how = f"was killed (signal {-status})" if status < 0 else f"ended with status {status}"
            end(f"process {number} of {trainer.num_devices} {how}", trainer)

    @classmethod
    def watch_first(cls, trainer: Trainer) -> None:
        """Wait for the end of the process that has started this one, which may be over."""
        first = int(os.environ.get(FIRST, os.getppid()))
        while os.getppid() == first or os.name == "nt":  # Windows gives nobody another parent
            time.sleep(POLL_SECONDS)
        time.sleep(PATIENCE_SECONDS)
        if not cls.stopped.is_set():
            end(f"process 1 of {trainer.num_devices} was killed", trainer)


def begin(watch: Callable[..., None], *arguments: Any) -> None:
    """Watch in a thread, which does not keep this process from its end."""
    threading.Thread(target=watch, args=arguments, daemon=True).start()


def end(told: str, trainer: Trainer) -> NoReturn:
    """End this process, whatever it waits for; of those that Lightning has started the first one says why."""
    if trainer.local_rank <= 1:
        kept = what_is_kept(Path(trainer.default_root_dir))
        print(f"error: {told}, so the run has ended; {kept}", file=sys.stderr, flush=True)
    os._exit(1)
