"""Many runs side by side, best on validation first: a table, sweep.csv and sweep.png; genre-lightning results"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from genre_lightning.errors import UserError
from genre_lightning.files import write_text_whole
from genre_lightning.plotting import save_picture
from genre_lightning.runs.records import SEEDS, Record, as_csv, differing, place, read_records, unfinished_runs
from genre_lightning.runs.results import METRICS, Interval, split_titles
from genre_lightning.runs.run import SWEEP
from genre_lightning.runs.sweep_picture import sweep_picture
from genre_lightning.text import percent, short, table

PICTURE = "sweep.png"
JUDGES = {"val": "validation", "test": "test"}
Lines = list[list[Record]]  # runs that differ in their seeds only make one; of each the best run comes first
EXPLAINED = (
    "Accuracy over whole songs: of one run with its 95 % interval, of repeats over seeds the mean, the lowest and the "
    "highest. Sorted by the log-loss on validation, or of songs out of fold, before the temperature, which is what a "
    "sweep lowers: it counts how sure a model is of each song, where accuracy only counts songs. Seconds are those of "
    "the tested model's training, or of all folds."
)


def results(folders: Sequence[Path]) -> str:
    """Write sweep.csv and sweep.png of the runs below a folder into it, or here if there are several folders.

    Returns the tables and what they mean. Raises UserError if there is no run. A single run gets no files.
    """
    return write_sweep(folders[0] if len(folders) == 1 else Path(), folders)


def write_sweep(into: Path, folders: Sequence[Path] = ()) -> str:
    """Write sweep.csv and sweep.png of the runs below `folders`, or below `into` itself, into a folder.

    Returns a table for each set of songs that runs were judged on, and what it means. Raises UserError if there is no
    run, or if none can be read.
    """
    folders = folders or [into]
    records, unread = read_records(folders)
    unfinished = unfinished_runs(folders)
    if not records and (unread or not unfinished):
        raise UserError(unread[-1] if unread else f"there is no finished run in {', '.join(map(str, folders))}")
    sets = [*by_songs(records).values()]
    parts = [describe(lines, into) for lines in sets]
    if len(parts) > 1:
        parts = [f"## {heading(number, sets)}\n\n{part}" for number, part in enumerate(parts)]
    lists = {"Left out:": unread, "Without results:": [f"{place(run, into)}: {why}" for run, why in unfinished.items()]}
    parts += [EXPLAINED] * bool(records)
    parts += ["\n- ".join([title, *listed]) for title, listed in lists.items() if listed]
    return "\n\n".join(parts if (into / METRICS).is_file() else [*parts, write_files(sets, unfinished, into)])


def by_songs(records: Iterable[Record]) -> dict[Any, Lines]:
    """The lines of each table: its runs were judged on the same songs."""
    sets = defaultdict(list)
    for record in records:
        sets[record.judged_on].append(record)
    return {songs: as_lines(alike) for songs, alike in sets.items()}


def as_lines(records: Sequence[Record]) -> Lines:
    """Put runs together that are repeats over seeds; the same seed again opens another line. The best is first."""
    names = [name for name in differing(records) if name not in SEEDS]
    lines, seen = defaultdict(list), Counter()
    for record in records:
        key = (record.results.refitted, *map(record.setting, names))
        again = (key, *map(record.setting, SEEDS))
        lines[key, seen[again]].append(record)
        seen[again] += 1
    best_first = [sorted(line, key=lambda record: record.loss) for line in lines.values()]
    means = {  # over repeats, also those of them that were refitted: they are no other settings
        settings: mean(record.loss for record in alike) for settings, alike in by_settings(records, names).items()
    }

    def rank(line: list[Record]) -> tuple[float, float, bool]:
        return means[(*map(line[0].setting, names),)], line[0].loss, not line[0].results.refitted

    return sorted(best_first, key=rank)


def by_settings(records: Iterable[Record], names: Sequence[str]) -> dict[tuple[str, ...], list[Record]]:
    """The runs by the settings called `names`."""
    found = defaultdict(list)
    for record in records:
        found[(*map(record.setting, names),)].append(record)
    return found


def describe(lines: Lines, into: Path) -> str:
    """The table of runs that were judged on the same songs, and which of them is the best."""
    records = [record for line in lines for record in line]
    names = [name for name in differing(records) if name not in SEEDS]
    refitted = {record.results.refitted for record in records}
    folds = {record.results.folds for record in records}
    titles = split_titles(True in refitted, max(folds)) | ({"test": "out of fold"} if len(folds) > 1 else {})
    judges = [titles[split] for split in judges_of(records[0])]
    head = ["settings", "runs", "log-loss", *judges, "gap, points", "baseline on test"]
    named = [line_name(line, names, len(refitted) > 1) for line in lines]
    named = [
        name if named.count(name) < 2 else with_epochs(name, line) for name, line in zip(named, lines, strict=True)
    ]
    rows = [[name, *cells(line, into)] for name, line in zip(named, lines, strict=True)]
    shown = table([*head, "seconds", "folder"], rows)
    return f"{shown}\n\n{winner(lines, into)}" if len(records) > 1 else shown


def judges_of(record: Record) -> dict[str, str]:
    """By what songs a run is judged: those of validation and test, or, if it has folds, all of them once."""
    return {split: title for split, title in JUDGES.items() if split in record.results.splits}


def heading(number: int, sets: Sequence[Lines]) -> str:
    """What the songs are that the runs of a table were judged on, and how they differ from those of other tables."""
    everything = [record for lines in sets for line in lines for record in line]
    records = [record for line in sets[number] for record in line]
    first, within = records[0], differing(records)
    apart = {name: first.setting(name) for name in differing(everything) if name not in within}
    told = "".join(f", {name}={value}" for name, value in apart.items() if value not in ("", "null"))  # not set
    counts = " and ".join(f"{first.results.splits[split].songs} {title}" for split, title in judges_of(first).items())
    source, method = (first.results.facts.get(fact, "not known") for fact in ("songs from", "split"))
    return f"Songs {number + 1}: {counts} songs of {source}, split: {method}{told}"


def line_name(line: Sequence[Record], names: Iterable[str], tell_refit: bool) -> str:
    """What was set for the runs of a line, of the settings called `names`."""
    typed = [name for name in names if any(name in record.typed for record in line)]
    shown = [f"{name}={short(line[0].setting(name))}".removesuffix("=") for name in typed]
    shown += ["refit=false"] if tell_refit and not line[0].results.refitted else []
    return " ".join(shown) or "the defaults"


def with_epochs(name: str, line: Sequence[Record]) -> str:
    """The name of a line that has a twin: a run that was resumed may have learnt for longer than it was to at first."""
    epochs = sorted({int(record.results.facts.get("epochs", 0)) for record in line})
    return f"{name} ({' to '.join(map(str, epochs[:: max(1, len(epochs) - 1)]))} epochs)"


def cells(line: Sequence[Record], into: Path) -> list[str]:
    """The cells of a line behind its name."""
    results = [record.results for record in line]
    splits = [[result.splits[split] for result in results] for split in judges_of(line[0])]
    accuracies = [with_range([s.accuracy for s in split], split[0].accuracy_interval) for split in splits]
    gap = with_range([result.gap[0] for result in results], results[0].gap[1], "{:+.1f}")
    seconds = [float(result.facts["seconds"]) for result in results if "seconds" in result.facts]
    more = f" and {len(line) - 1} more" if len(line) > 1 else ""
    return [
        str(len(line)), f"{mean(record.loss for record in line):.3f}", *accuracies, gap,
        percent(mean(result.baseline["test"].accuracy for result in results)),
        f"{mean(seconds):.0f}" if seconds else "", f"{place(line[0].folder, into)}{more}",
    ]  # fmt: skip


def with_range(values: Sequence[float], interval: Interval | None, number: str = "{:.1f} %") -> str:
    """A figure in hundredths: of one run with its 95 % interval, of several that differ mean, lowest and highest."""
    shown = number.format(100 * mean(values))
    if min(values) < max(values):
        return f"{shown} (mean, {100 * min(values):.1f} to {100 * max(values):.1f})"
    return f"{shown} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f})" if interval else f"{shown} (no interval)"


def winner(lines: Lines, into: Path) -> str:
    """Which run is the best by validation, and that this choice flatters what it shows there."""
    records = [record for line in lines for record in line]
    best, n_runs, judge = (
        lines[0][0],
        len(records),
        "of songs out of fold" if lines[0][0].results.folds else "on validation",
    )
    n_settings = len(by_settings(records, [name for name in differing(records) if name not in SEEDS]))
    how = f"the lowest log-loss {judge} of {n_runs} runs"
    if 1 < n_settings < n_runs:
        how = f"of {n_settings} settings those with the lowest mean log-loss {judge}, and of their seeds the best"
    return f"The best is {place(best.folder, into)}: {how}. {flattered(best, n_runs)}"


def flattered(best: Record, n_runs: int) -> str:
    """What the figures of the best of several runs are worth."""
    test = best.results.splits["test"]
    if best.results.folds:
        return (
            f"These songs chose it out of {n_runs}, so its {percent(test.accuracy)} are flattered, the more so the "
            "more runs there were: only songs that no run has seen would test it."
        )
    expected, val = with_range([test.accuracy], test.accuracy_interval), best.results.splits["val"]
    return (
        f"Validation chose it out of {n_runs}, so its {percent(val.accuracy)} there are flattered. Test chose nothing: "
        f"expect {expected} of it on new songs. Whoever takes another run because of its figure on test has to test it "
        "on songs that no run has seen."
    )


def write_files(sets: Sequence[Lines], unfinished: Mapping[Path, str], into: Path) -> str:
    """Write sweep.csv and sweep.png; says where they are, or why they are not."""
    ranked = [[record for line in lines for record in line] for lines in sets]
    try:
        write_text_whole(into / SWEEP, as_csv(ranked, unfinished, into), "surrogateescape")
        if ranked:
            save_picture(sweep_picture(ranked), into / PICTURE)
    except OSError as error:
        return f"{SWEEP} and {PICTURE} cannot be written in {into}: {error.strerror or error}"
    return "\n".join(str(into / name) for name in ([SWEEP, PICTURE] if ranked else [SWEEP]))
