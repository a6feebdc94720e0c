"""Questions that are sweeps, experiment=leak and experiment=learning_curve: at the end, the answer is said."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from genre_lightning.errors import UserError
from genre_lightning.runs.foreign import DAMAGED, read_yaml
from genre_lightning.runs.leak import leak
from genre_lightning.runs.learning_curve import learning_curve
from genre_lightning.runs.resume import MULTIRUN
from genre_lightning.text import say

QUESTIONS: dict[str, Callable[[Path], str]] = {"leak": leak, "learning_curve": learning_curve}


class Question(Callback):
    """Hydra's callback that answers what a sweep has asked, when its last run is over."""

    def __init__(self, about: str) -> None:
        if about not in QUESTIONS:
            raise UserError(f"hydra.callbacks: there is no question about {about!r}, only {', '.join(QUESTIONS)}")
        self.about = about

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        if sys.exc_info()[0] is not None:
            return  # Hydra 1.4 calls it after Ctrl-C too
        try:
            say(f"\n{QUESTIONS[self.about](Path(config.hydra.sweep.dir))}")
        except UserError as error:
            say(f"\n{self.about}: {error}")


def answer(folder: Path) -> str:
    """What a finished sweep says to the question that it has asked; empty for any other folder.

    Raises UserError if too few of its runs are there to answer.
    """
    try:
        question = read_yaml(folder / MULTIRUN)["hydra"]["callbacks"]["question"]["about"]
    except (*DAMAGED, LookupError, TypeError):
        return ""
    return QUESTIONS[question](folder) if isinstance(question, str) and question in QUESTIONS else ""
