"""The finished runs of a sweep, those that differ in nothing but what a question is about side by side."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from genre_lightning.errors import UserError
from genre_lightning.runs.foreign import read_overrides, read_settings
from genre_lightning.runs.results import Results, read_results
from genre_lightning.runs.run import finished_runs


@dataclass(frozen=True)
class Swept:
    """A finished run with its settings and what it has shown."""

    folder: Path
    settings: DictConfig
    results: Results

    def setting(self, key: str) -> Any:
        """The value of a setting by its full key."""
        return OmegaConf.select(self.settings, key)


def runs_by_variant(folder: Path, asked: Collection[str]) -> dict[str, list[Swept]]:
    """The finished runs below a folder by what else was typed for them: `model=cnn`, or nothing if that is the same.

    `asked` are the settings that the question is about. Raises UserError if no run can be read.
    """
    variants: dict[frozenset[str], list[Swept]] = defaultdict(list)
    unread = [f"there is no finished run in {folder}"]
    for run in finished_runs(folder):
        try:
            one, variant = Swept(run, read_settings(run), read_results(run)), typed(run, asked)
            variants[variant].append(one)
        except UserError as error:
            unread.append(str(error))
    if not variants:
        raise UserError(unread[-1])
    common = frozenset.intersection(*variants)
    return dict(sorted((" ".join(sorted(variant - common)), runs) for variant, runs in variants.items()))


def typed(run: Path, asked: Collection[str]) -> frozenset[str]:
    """What was typed for a run, without the settings that are `asked` about."""
    return frozenset(one for one in read_overrides(run) if one.lstrip("+").split("=")[0] not in asked)
