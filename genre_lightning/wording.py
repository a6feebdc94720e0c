"""A report's figures as a page of Markdown that a stranger understands."""

import sys
from typing import Any

from genre_lightning.table import table

FIGURES = {
    "loss": "loss",
    "f1_macro": "macro F1",
    "auroc_macro": "macro AUROC",
    "calibration_error": "calibration error",
}
COUNTS = {
    "songs": "songs",
    "artists": "known artists",
    "unknown_artists": "songs without artist",
    "left_out": "files left out",
}
COLUMNS = {"train": "train", "val": "validation", "test": "test"}
TELLING_GAP = 0.1  # an overfitting that nobody should overlook
FEW_SONGS = 100  # of a genre; there musicnn was ahead on all real recordings in the README's results


def summary(figures: dict[str, Any]) -> str:
    """The table of all splits beside the baseline, and what it means: what is printed at the end of a run."""
    return "\n\n".join([splits_table(figures), *verdict(figures)])


def page(name: str, figures: dict[str, Any]) -> str:
    """The whole of report.md."""
    facts = "\n".join(f"- {fact}: {value}" for fact, value in figures["run"].items())
    parts = [f"# {name}", facts, "## All songs", summary(figures), "## By genre, on test", genres_table(figures)]
    parts += ["![Confusion on test](confusion_test.png)", "## How it learnt", "![Curves](curves.png)"]
    if figures["left_out"]:
        lines = [f"- `{song['path']}` {song['reason']}" for song in figures["left_out"]]
        parts += [f"## Left out: {len(lines)} files", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def splits_table(figures: dict[str, Any]) -> str:
    """Figures in rows, splits in columns; the last column is the baseline."""
    baseline = figures["baseline"]["test"]
    rows = [["accuracy", *(with_interval(figures[split]) for split in COLUMNS), percent(baseline["accuracy"])]]
    for key, title in FIGURES.items():
        rows.append([title, *(f"{figures[split][key]:.3f}" for split in COLUMNS), f"{baseline[key]:.3f}"])
    for key, title in COUNTS.items():
        rows.append([title, *(str(figures[split][key]) for split in COLUMNS), ""])
    return table(["whole songs", *COLUMNS.values(), "baseline on test"], rows)


def genres_table(figures: dict[str, Any]) -> str:
    """Songs, precision, recall and F1 of each genre on test."""
    rows = [
        [genre, f"{row['songs']:.0f}", *(f"{row[key]:.2f}" for key in ("precision", "recall", "f1"))]
        for genre, row in figures["by_genre"]["test"].items()
    ]
    return table(["genre", "songs", "precision", "recall", "F1"], rows)


def verdict(figures: dict[str, Any]) -> list[str]:
    """What the table means, one plain sentence a finding."""
    sentences = gap_sentence, baseline_sentence, few_songs_sentence, leak_sentence, unknown_sentence
    return [found for sentence in sentences if (found := sentence(figures))]


def gap_sentence(figures: dict[str, Any]) -> str:
    """Whether the model does better on the songs it was trained on, by how much, and what that means."""
    train, test = percent(figures["train"]["accuracy"]), percent(figures["test"]["accuracy"])
    low, high = figures["gap"]["accuracy_interval"]
    if low > 0:
        return (
            f"The model knows {train} of the songs it was trained on and {test} of the test songs: it has "
            f"overfitted by {100 * figures['gap']['accuracy']:.0f} points "
            f"(95 % interval {100 * low:.0f} to {100 * high:.0f}). "
            f"On new songs expect {test}, not {train}."
        )
    known = f"The model knows {test} of the test songs and {train} of those it was trained on"
    if high > TELLING_GAP:
        most = f"{100 * high:.0f} points"
        return f"{known}; so few test songs do not tell these apart: it may have overfitted by up to {most}."
    return f"{known}; the difference is within chance, so there is no sign that it has memorised its songs."


def baseline_sentence(figures: dict[str, Any]) -> str:
    """Whether the network earns its keep."""
    network, baseline = figures["test"]["accuracy"], figures["baseline"]["test"]["accuracy"]
    what = "Logistic regression on the mean and deviation of the same features"
    if network > baseline:
        songs = figures["test"]["songs"]
        ahead = f"{100 * (network - baseline):.0f} points better, {(network - baseline) * songs:.0f} of {songs} songs"
        return f"{what} reaches {percent(baseline)} on test: the network is {ahead}."
    return f"{what} reaches {percent(baseline)} on test: the network does not earn its keep."


def few_songs_sentence(figures: dict[str, Any]) -> str:
    """What else to try where a network from scratch has few recordings to learn from; composed songs are no such."""
    songs = figures["train"]["songs"] / len(figures["by_genre"]["test"])
    if songs >= FEW_SONGS or figures["run"]["model"] == "Musicnn" or figures["run"]["songs from"] == "demo":
        return ""
    return (
        f"It was trained on {songs:.0f} songs a genre, which are few. For music try model=musicnn: it builds on a "
        "network that has heard a million songs."
    )


def leak_sentence(figures: dict[str, Any]) -> str:
    """A warning where the split lets the model recognise artists rather than genres."""
    if not (count := len(figures["shared_artists"])):
        return ""
    return (
        f"Warning: {count} artists are heard in more than one of train, validation and test, so the model can "
        "recognise artists instead of genres and the figures are too good. Use split.method=artist."
    )


def unknown_sentence(figures: dict[str, Any]) -> str:
    """What nobody can rule out where songs name no artist."""
    unknown, songs = (sum(figures[split][name] for split in COLUMNS) for name in ("unknown_artists", "songs"))
    if not unknown:
        return ""
    return f"{unknown} of {songs} songs name no artist: one and the same may be heard in train and in test."


def with_interval(split: dict[str, Any]) -> str:
    """An accuracy with its 95 % bootstrap interval over songs."""
    low, high = split["accuracy_interval"]
    return f"{percent(split['accuracy'])} ({100 * low:.0f} to {100 * high:.0f})"


def percent(share: float) -> str:
    """0.5923 -> 59.2 %."""
    return f"{100 * share:.1f} %"


def clock(seconds: float) -> str:
    """125.5 -> 2:05.5, as players show it."""
    whole, rest = divmod(round(seconds, 3), 60)
    return f"{whole:.0f}:{'0' if rest < 10 else ''}{rest:g}"


def printable(text: object) -> str:
    """A file's name that keeps to its line: what no terminal can show, or what would command it, is written out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(text))


def say(text: str) -> None:
    """Print, also names of files that the terminal has no characters for."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))
