"""The report's text: what a run has shown, as a page of Markdown that a stranger understands."""

from genre_lightning.data.catalogue import SPLIT_NAMES
from genre_lightning.runs.results import Results, SplitFigures
from genre_lightning.text import percent, table

FIGURE_ROWS = {
    "loss": "loss",
    "f1_macro": "macro F1",
    "auroc_macro": "macro AUROC",
    "calibration_error": "calibration error",
}
COUNT_ROWS = {
    "songs": "songs",
    "artists": "known artists",
    "unknown_artists": "songs without artist",
    "left_out": "files left out",
}
TELLING_GAP = 0.1  # an overfitting that should not be overlooked
FEW_SONGS = 100  # of a genre; there musicnn was ahead on all real recordings in the README's results


def summary(results: Results) -> str:
    """The table of all splits beside the baseline, and what it means: what is printed at the end of a run."""
    sentences = gap_sentence, baseline_sentence, few_songs_sentence, leak_sentence, unknown_sentence
    found = [sentence(results) for sentence in sentences]  # one a finding, empty if there is none
    return "\n\n".join([splits_table(results), *filter(None, found)])


def page(name: str, results: Results) -> str:
    """The whole of report.md."""
    facts = "\n".join(f"- {fact}: {value}" for fact, value in results.facts.items())
    parts = [f"# {name}", facts, "## All songs", summary(results), "## By genre, on test", genres_table(results)]
    parts += ["![Confusion on test](confusion_test.png)", "## How it learnt", "![Curves](curves.png)"]
    if results.left_out:
        lines = [f"- `{path}` {reason}" for path, reason in results.left_out.items()]
        parts += [f"## Files left out: {len(lines)}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def splits_table(results: Results) -> str:
    """Figures in rows, splits in columns; the last column is the baseline."""
    splits, baseline = [results.splits[split] for split in SPLIT_NAMES], results.baseline["test"]
    rows = [["accuracy", *map(with_interval, splits), percent(baseline.accuracy)]]
    for key, title in FIGURE_ROWS.items():
        rows.append([title, *(f"{getattr(figures, key):.3f}" for figures in (*splits, baseline))])
    for key, title in COUNT_ROWS.items():
        rows.append([title, *(str(getattr(split, key)) for split in splits), ""])
    return table(["whole songs", *SPLIT_NAMES.values(), "baseline on test"], rows)


def genres_table(results: Results) -> str:
    """Songs, precision, recall and F1 of each genre on test."""
    rows = [
        [genre, str(figures.songs), *(f"{value:.2f}" for value in (figures.precision, figures.recall, figures.f1))]
        for genre, figures in results.by_genre.items()
    ]
    return table(["genre", "songs", "precision", "recall", "F1"], rows)


def gap_sentence(results: Results) -> str:
    """Whether the model does better on the songs it was trained on, by how much, and what that means."""
    train, test = (percent(results.splits[split].accuracy) for split in ("train", "test"))
    gap, (low, high) = results.gap
    if low > 0:
        return (
            f"The model gets {train} of its training songs right and {test} of the test songs: it has "
            f"overfitted by {100 * gap:.0f} points (95 % interval {100 * low:.0f} to {100 * high:.0f}). "
            f"On new songs expect {test}, not {train}."
        )
    known = f"The model gets {test} of the test songs right and {train} of its training songs"
    if high > TELLING_GAP:
        most = f"{100 * high:.0f} points"
        return f"{known}; there are too few test songs to tell the difference: it may have overfitted by up to {most}."
    return f"{known}; the difference is within chance, so there is no sign that it has memorised its songs."


def baseline_sentence(results: Results) -> str:
    """Whether the network earns its keep."""
    test, baseline = results.splits["test"], results.baseline["test"].accuracy
    better = test.accuracy - baseline
    what = "Logistic regression on the mean and standard deviation of the same features"
    if better > 0:
        ahead = f"{100 * better:.0f} points better, {better * test.songs:.0f} of {test.songs} songs"
        return f"{what} reaches {percent(baseline)} on test: the network is {ahead}."
    return f"{what} reaches {percent(baseline)} on test: the network does not earn its keep."


def few_songs_sentence(results: Results) -> str:
    """What else to try if a network from scratch has few recordings to learn from; composed songs are none."""
    songs = results.splits["train"].songs / len(results.by_genre)
    if songs >= FEW_SONGS or results.facts["model"] == "Musicnn" or results.facts["songs from"] == "demo":
        return ""
    return (
        f"It was trained on {songs:.0f} songs a genre, which are few. For music try model=musicnn: it builds on a "
        "network that has heard a million songs."
    )


def leak_sentence(results: Results) -> str:
    """A warning if the split lets the model recognise artists rather than genres."""
    if not (count := len(results.shared_artists)):
        return ""
    return (
        f"Warning: {count} artists appear in more than one of train, validation and test, so the model can "
        "recognise artists instead of genres, and the figures are too optimistic. Use split.method=artist."
    )


def unknown_sentence(results: Results) -> str:
    """What cannot be ruled out if songs name no artist."""
    unknown, songs = (
        sum(getattr(split, name) for split in results.splits.values()) for name in ("unknown_artists", "songs")
    )
    if not unknown:
        return ""
    return f"{unknown} of {songs} songs have no known artist: the same artist may be in both train and test."


def with_interval(split: SplitFigures) -> str:
    """An accuracy with its 95 % bootstrap interval over songs."""
    low, high = split.accuracy_interval
    return f"{percent(split.accuracy)} ({100 * low:.0f} to {100 * high:.0f})"
