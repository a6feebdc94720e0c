"""The report's text: what a run has shown, as a page of Markdown that a stranger understands."""

import math

from genre_lightning.data.catalogue import SPLIT_NAMES
from genre_lightning.runs.results import SCORED, Results, SplitFigures, split_titles
from genre_lightning.text import percent, table

FIGURE_ROWS = {
    "loss": "log-loss",
    "uncalibrated_loss": "log-loss before the temperature",
    "f1_macro": "macro F1",
    "auroc_macro": "macro AUROC",
    "calibration_error": "calibration error",
    "uncalibrated_error": "calibration error before the temperature",
}
COUNT_ROWS = {
    "songs": "songs",
    "artists": "known artists",
    "unknown_artists": "songs without artist",
    "left_out": "files left out",
}
TELLING_GAP = 0.1  # an overfitting that should not be overlooked


def summary(results: Results) -> str:
    """What is printed at the end of a run: all figures, what they mean, and what would do better."""
    return "\n\n".join(filter(None, [findings(results), results.advice]))


def findings(results: Results) -> str:
    """The table of all splits beside the baseline, and what it means."""
    sentences = gap_sentence, baseline_sentence, unjudged_sentence, leak_sentence, unknown_sentence
    found = [sentence(results) for sentence in sentences]  # one a finding, empty if there is none
    return "\n\n".join([splits_table(results), *filter(None, found)])


def page(name: str, results: Results) -> str:
    """The whole of report.md."""
    facts = "\n".join(f"- {fact}: {value}" for fact, value in results.facts.items())
    parts = [f"# {name}", facts, "## All songs", findings(results), "## By genre, on test", genres_table(results)]
    parts += ["## All genres, all splits", "![Confusion](confusion.png)"]
    parts += [
        "## What its probabilities mean",
        "![Calibration](calibration.png)",
        "## How it learnt",
        "![Curves](curves.png)",
    ]
    if results.left_out:
        lines = [f"- `{path}` {reason}" for path, reason in results.left_out.items()]
        parts += [f"## Files left out: {len(lines)}", "\n".join(lines)]
    if results.advice:
        parts += ["## What may do better", results.advice]
    return "\n\n".join(parts) + "\n"


def splits_table(results: Results) -> str:
    """Figures in rows, splits in columns; the last column is the baseline, which has no temperature."""
    titles, baseline = split_titles(results.refitted), results.baseline["test"]
    splits = [results.splits[name] for name in titles]
    rows = [["accuracy", *map(with_interval, splits), percent(baseline.accuracy)]]
    for key, title in FIGURE_ROWS.items():
        rows.append([title, *(number(getattr(figures, key, None)) for figures in (*splits, baseline))])
    ranges = [" to ".join(map(number, split.calibrated_range)) for split in splits]
    rows.append(["calibration error if calibrated, 95 %", *ranges, ""])
    for key, title in COUNT_ROWS.items():
        rows.append([title, *(str(getattr(split, key)) for split in splits), ""])
    return table(["whole songs", *titles.values(), "baseline on test"], rows)


def number(figure: float | None) -> str:
    """0.5923 -> 0.592; nothing if there is no such figure, a dash if it cannot be told."""
    if figure is None:
        return ""
    return "-" if math.isnan(figure) else f"{figure:.3f}"


def genres_table(results: Results) -> str:
    """Songs, precision, recall and F1 of each genre on test; dashes for a genre that has no songs there."""
    rows = []
    for genre, figures in results.by_genre.items():
        judged = [f"{value:.2f}" for value in (figures.precision, figures.recall, figures.f1)]
        rows.append([genre, str(figures.songs), *(judged if figures.songs else "---")])
    return table(["genre", "songs", "precision", "recall", "F1"], rows)


def gap_sentence(results: Results) -> str:
    """Whether the model does better on the songs it learnt from, by how much, and what that means."""
    learnt, test = (percent(results.splits[split].accuracy) for split in ("learnt_from", "test"))
    gap, (low, high) = results.gap
    if low > 0:
        return (
            f"The model gets {learnt} of the songs it learnt from right and {test} of the test songs: it has "
            f"overfitted by {100 * gap:.0f} points (95 % interval {100 * low:.0f} to {100 * high:.0f}). "
            f"On new songs expect {test}, not {learnt}."
        )
    known = f"The model gets {test} of the test songs right and {learnt} of the songs it learnt from"
    if high > TELLING_GAP:
        most = f"{100 * high:.0f} points"
        return f"{known}; there are too few test songs to tell the difference: it may have overfitted by up to {most}."
    return f"{known}; the difference is within chance, so there is no sign that it has memorised its songs."


def baseline_sentence(results: Results) -> str:
    """Whether the model earns its keep."""
    test, baseline = results.splits["test"], results.baseline["test"].accuracy
    better = test.accuracy - baseline
    what = "Logistic regression on the mean and standard deviation of the same features, fitted on the same songs,"
    if better > 0:
        ahead = f"{100 * better:.0f} points better, {better * test.songs:.0f} of {test.songs} songs"
        return f"{what} reaches {percent(baseline)} on test: the model is {ahead}."
    return f"{what} reaches {percent(baseline)} on test: the model does not earn its keep."


def unjudged_sentence(results: Results) -> str:
    """Which genres the macro figures of validation or test leave out."""
    return " ".join(
        f"There are no songs on {SPLIT_NAMES[split]} of: {', '.join(genres)}. They cannot be judged there, and its "
        "macro figures leave them out."
        for split, genres in results.unjudged.items()
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
    apart = ("learnt_from", "test") if results.refitted else SCORED  # a refit has learnt from the songs of val too
    splits = [results.splits[split] for split in apart]
    unknown, songs = sum(split.unknown_artists for split in splits), sum(split.songs for split in splits)
    if not unknown:
        return ""
    known = f"{unknown} of {songs} songs have no known artist"
    return f"{known}: the same artist may be in both the test and the songs that the model learnt from."


def with_interval(split: SplitFigures) -> str:
    """An accuracy with its 95 % bootstrap interval over songs."""
    low, high = split.accuracy_interval
    return f"{percent(split.accuracy)} ({100 * low:.0f} to {100 * high:.0f})"
