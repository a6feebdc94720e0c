"""The processes of a run on several devices: if one of them is killed, the others end, and one says so."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any, ClassVar, NoReturn

from lightning import Callback, LightningModule, Trainer

from genre_lightning.runs.folders import what_is_kept

POLL_SECONDS = 0.5
# For how long a process that has lost another one waits before it says so: who ends for a reason has said it by then.
PATIENCE_SECONDS = 4


class EndTogether(Callback):
    """Ends all processes of a run if one is killed: the others would wait for it, some of them for half an hour.

    Lightning kills them too, within five seconds, but says nothing; and nobody is left to do so if the first is killed.
    """

    # Both fits of a run have the same processes.
    watched: ClassVar[set[int]] = set()
    stopped: ClassVar[threading.Event] = threading.Event()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        started = [*getattr(trainer.strategy.launcher, "procs", ())]
        for number, process in enumerate(started, start=2):
            self.begin(process.pid, self.watch_child, process, number, started, trainer)
        if trainer.local_rank:
            self.begin(os.getppid(), self.watch_first, os.getppid(), trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if isinstance(exception, KeyboardInterrupt):
            self.stopped.set()
        elif isinstance(exception, RuntimeError) and trainer.world_size > 1:
            time.sleep(2 * PATIENCE_SECONDS)  # it says that another process is gone: so does whoever watches that one

    def begin(self, pid: int, watch: Callable[..., None], *arguments: Any) -> None:
        """Watch a process, once."""
        if pid not in self.watched:
            self.watched.add(pid)
            threading.Thread(target=watch, args=arguments, daemon=True).start()

    def watch_child(self, process: Popen, number: int, started: Sequence[Popen], trainer: Trainer) -> None:
        """Wait for the end of a process that this one has started."""
        status = process.wait()
        if status > 0:
            time.sleep(PATIENCE_SECONDS)
        if status and not self.stopped.is_set():
            how = f"was killed (signal {-status})" if status < 0 else f"ended with status {status}"
            self.stopped.set()
            for other in started:
                other.kill()
            end(f"process {number} of {trainer.world_size} {how}", trainer)

    def watch_first(self, parent: int, trainer: Trainer) -> None:
        """Wait for the end of the process that has started this one."""
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        time.sleep(PATIENCE_SECONDS)
        if not self.stopped.is_set():
            end(f"process 1 of {trainer.world_size} was killed", trainer)


def end(told: str, trainer: Trainer) -> NoReturn:
    """End this process, whatever it waits for; of those that Lightning has started the first one says why."""
    if trainer.local_rank <= 1:
        kept = what_is_kept(Path(trainer.default_root_dir))
        print(f"error: {told}, so the run has ended; {kept}", file=sys.stderr, flush=True)
    os._exit(1)
