"""Runs side by side, those that differ only in their seeds as one line: genre-lightning results"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from yaml import YAMLError

from genre_lightning.errors import UserError
from genre_lightning.runs.results import SCORED, Results, read_results, split_titles
from genre_lightning.runs.run import CONFIG, finished_runs, read_settings
from genre_lightning.text import percent, table

OVERRIDES = CONFIG.with_name("overrides.yaml")
SEEDS = ("seed", "data.seed")
LEFT_OUT = (*SEEDS, "ckpt_path", "refit")


def results(folders: Sequence[Path]) -> str:
    """The table of the finished runs below `folders`. Raises UserError if there are none."""
    if not (runs := finished_runs(*folders)):
        raise UserError(f"there is no finished run in {', '.join(map(str, folders))}")
    alike, unread = defaultdict(dict), []
    for run in runs:
        try:
            key, seed, results = typed(run), seeds(run), read_results(run)
            key += () if results.refitted else ("refit=false",)  # it may have been done after all
            alike[key][seed] = results  # of repeats, the last one counts
        except UserError as error:
            unread.append(f"left out: {error}")
    if not alike:
        raise UserError(unread[-1].removeprefix("left out: "))
    common = set.intersection(*map(set, alike)) if len(alike) > 1 else set()
    names = {key: " ".join(one for one in key if one not in common) or "the defaults" for key in alike}
    refitted = any(result.refitted for by_seed in alike.values() for result in by_seed.values())
    head = ["settings", "runs", *split_titles(refitted).values(), "test, macro F1", "baseline on test"]
    shown = table(head, [row(names[key], [*by_seed.values()]) for key, by_seed in alike.items()])
    return "\n\n".join([shown, *unread])


def typed(run: Path) -> tuple[str, ...]:
    """What was typed for a run, without its seeds, what it was resumed from, and whether its refit was left off."""
    path = run / OVERRIDES
    try:
        overrides: Any = OmegaConf.to_container(OmegaConf.load(path)) if path.is_file() else [f"run={run.name}"]
        assert all(isinstance(one, str) for one in overrides)
    except (YAMLError, UnicodeDecodeError, OSError, TypeError, AssertionError):
        raise UserError(f"{path} is damaged, or was not written by this program") from None
    return tuple(sorted(one for one in overrides if one.lstrip("+").split("=")[0] not in LEFT_OUT))


def seeds(run: Path) -> tuple[Any, ...]:
    """The seeds of a run, typed or not; its folder, which no other run has, if it has no settings."""
    if not (run / CONFIG).is_file():
        return (run,)
    return tuple(OmegaConf.select(read_settings(run), key) for key in SEEDS)


def row(name: str, runs: Sequence[Results]) -> list[str]:
    """A line of the table: over whole songs accuracies and macro F1, mean and range over the runs."""
    accuracies = [spread(run.splits[split].accuracy for run in runs) for split in SCORED]
    f1_macro = spread(run.splits["test"].f1_macro for run in runs)
    return [name, str(len(runs)), *accuracies, f1_macro, spread(run.baseline["test"].accuracy for run in runs)]


def spread(figures: Iterable[float]) -> str:
    """The mean of some figures, with the lowest and the highest if they differ."""
    ordered = sorted(figures)
    mean = percent(sum(ordered) / len(ordered))
    return mean if ordered[0] == ordered[-1] else f"{mean} ({100 * ordered[0]:.1f} to {100 * ordered[-1]:.1f})"
