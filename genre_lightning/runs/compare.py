"""Runs side by side, those that differ in nothing but seeds as one line: python -m genre_lightning.runs.compare logs"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from yaml import YAMLError

from genre_lightning.data.catalogue import SPLIT_NAMES
from genre_lightning.devices import prepare_process
from genre_lightning.errors import UserError, one_line_errors
from genre_lightning.runs.run import CONFIG, METRICS, finished_runs, read_settings
from genre_lightning.text import percent, say, table

OVERRIDES = CONFIG.with_name("overrides.yaml")
SEEDS = ("seed", "data.seed")
HEAD = ["settings", "runs", *SPLIT_NAMES.values(), "test, macro F1", "baseline on test"]


def main(argv: list[str] | None = None) -> None:
    """Print the table of all finished runs below some folders."""
    prepare_process()
    parser = argparse.ArgumentParser(prog="python -m genre_lightning.runs.compare", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[Path("logs")], help="runs, sweeps (default: logs)")
    say(results(parser.parse_args(argv).folders))


def results(folders: Sequence[Path]) -> str:
    """The table of the finished runs below `folders`. Raises UserError where there are none."""
    if not (runs := finished_runs(*folders)):
        raise UserError(f"there is no finished run in {', '.join(map(str, folders))}")
    alike = defaultdict(dict)
    for run in runs:
        alike[typed(run)][seeds(run)] = read_metrics(run / METRICS)  # of repeats, the last one counts
    common = set.intersection(*map(set, alike)) if len(alike) > 1 else set()
    names = {key: " ".join(one for one in key if one not in common) or "the defaults" for key in alike}
    return table(HEAD, [row(names[key], [*by_seed.values()]) for key, by_seed in alike.items()])


def typed(run: Path) -> tuple[str, ...]:
    """What was typed for a run, but for its seeds and where it was resumed."""
    path = run / OVERRIDES
    try:
        overrides: Any = OmegaConf.to_container(OmegaConf.load(path)) if path.is_file() else [f"run={run.name}"]
        assert all(isinstance(one, str) for one in overrides)
    except (YAMLError, UnicodeDecodeError, OSError, TypeError, AssertionError):
        raise UserError(f"{path} is damaged, or was not written by this program") from None
    return tuple(sorted(one for one in overrides if one.lstrip("+").split("=")[0] not in (*SEEDS, "ckpt_path")))


def seeds(run: Path) -> tuple[Any, ...]:
    """The seeds of a run, typed or not; where nobody knows them, its folder, which no other run has."""
    if not (run / CONFIG).is_file():
        return (run,)
    return tuple(OmegaConf.select(read_settings(run), key) for key in SEEDS)


def read_metrics(path: Path) -> dict[str, Any]:
    """A run's figures. Raises UserError where they are damaged."""
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
        assert {*SPLIT_NAMES, "baseline"} <= figures.keys()
    except (ValueError, AttributeError, AssertionError):
        raise UserError(f"{path} is damaged, or was not written by this program") from None
    return figures


def row(name: str, runs: Sequence[dict[str, Any]]) -> list[str]:
    """A line of the table: over whole songs accuracies and macro F1, mean and range over the runs."""
    accuracies = [spread(run[split]["accuracy"] for run in runs) for split in SPLIT_NAMES]
    f1_macro = spread(run["test"]["f1_macro"] for run in runs)
    return [name, str(len(runs)), *accuracies, f1_macro, spread(run["baseline"]["test"]["accuracy"] for run in runs)]


def spread(figures: Iterable[float]) -> str:
    """The mean of some shares, and from where to where they go."""
    shares = sorted(figures)
    mean = percent(sum(shares) / len(shares))
    return mean if shares[0] == shares[-1] else f"{mean} ({100 * shares[0]:.1f} to {100 * shares[-1]:.1f})"


if __name__ == "__main__":
    with one_line_errors():
        main()
