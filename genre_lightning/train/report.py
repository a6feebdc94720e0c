"""The report's text: what a run has shown, as a page of Markdown that a stranger understands."""

import math
from collections.abc import Collection, Iterable, Sequence

from genre_lightning.runs.results import Difference, Figures, Interval, Results, SplitFigures, split_titles
from genre_lightning.text import code, percent, plain, table
from genre_lightning.train.verdict import spanned, verdict

FIGURE_ROWS = {
    "loss": "log-loss",
    "uncalibrated_loss": "log-loss before the temperature",
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
SHOWN = (
    "At most half a minute from the middle of a song, as `genre-lightning show SONG` draws any other: wave, spectrum "
    "and spectrogram of the file; mel spectrogram and MFCC by their usual settings, which this run may not have, "
    "before songs are brought to one level and their silences cut out."
)
GIVEN = "The first window of some test songs as the network got it, what they are, and what it took that window for."
TOO_FEW = "no interval: too few artists"


def summary(results: Results) -> str:
    """What is printed at the end of a run: all figures, what they mean, and what would do better."""
    return "\n\n".join(filter(None, [findings(results), results.advice]))


def findings(results: Results) -> str:
    """The table of all splits beside the baseline, and what it means."""
    return f"{splits_table(results)}\n\n{verdict(results)}"


def page(name: str, results: Results, pictures: Collection[str] = (), songs: Iterable[str] = ()) -> str:
    """The whole of report.md: with `pictures` that not every run has, and paragraphs that show `songs`."""
    facts = "\n".join(f"- {plain(fact)}: {plain(value)}" for fact, value in results.facts.items())
    parts = [f"# {name}", facts, "## All songs", findings(results), "## By genre, on test", genres_table(results)]
    parts += ["## All genres, all splits", "![Confusion](confusion.png)"]
    parts += ["## What its probabilities mean", "![Calibration](calibration.png)"]
    parts += ["## How it learnt", "![Curves](curves.png)"]
    if "spectrograms" in pictures:
        parts += ["## What it was given", GIVEN, "![Spectrograms](spectrograms.png)"]
    if songs := [*songs]:
        parts += ["## A song of each genre", SHOWN, *songs]
    if results.left_out:
        lines = [f"- {code(path)} {reason}" for path, reason in results.left_out.items()]
        parts += [f"## Files left out: {len(lines)}", "\n".join(lines)]
    if results.about_songs:
        parts += ["## What was noticed about the songs", *results.about_songs]
    if results.advice:
        parts += ["## What may do better", results.advice]
    return "\n\n".join(parts) + "\n"


def splits_table(results: Results) -> str:
    """Figures in rows, splits in columns; the last column is the baseline, which has no temperature."""
    titles, baseline = split_titles(results.refitted, results.folds, results.repeats), results.baseline["test"]
    splits = [results.splits[name] for name in titles]
    rows = [ranged("accuracy", "accuracy", splits, baseline)]
    gaps = filter(None, (results.val_gap, results.gap))
    rows.append(["gap to the songs of its fit", "", *map(with_gap, gaps), ""])
    rows.append(ranged("f1_macro", "macro F1", splits, baseline))
    for key, title in FIGURE_ROWS.items():
        rows.append([title, *(number(getattr(figures, key, None)) for figures in (*splits, baseline))])
    ranges = [" to ".join(map(number, split.calibrated_range)) for split in splits]
    rows.append(["calibration error if calibrated, 95 %", *ranges, ""])
    for key, title in COUNT_ROWS.items():
        rows.append([title, *(str(getattr(split, key)) for split in splits), ""])
    return table(["whole songs", *titles.values(), "baseline on test"], rows)


def ranged(key: str, title: str, splits: Sequence[SplitFigures], baseline: Figures) -> list[str]:
    """The row of a figure that has intervals."""
    told = [with_interval(percent(getattr(split, key)), getattr(split, f"{key}_interval")) for split in splits]
    return [title, *told, percent(getattr(baseline, key))]


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
        rows.append([plain(genre), str(figures.songs), *(judged if figures.songs else "---")])
    return table(["genre", "songs", "precision", "recall", "F1"], rows)


def with_interval(figure: str, interval: Interval | None) -> str:
    """A figure and its 95 % interval over artists, in percent."""
    return f"{figure} ({TOO_FEW if interval is None else spanned(interval)})"


def with_gap(gap: Difference) -> str:
    """How many points a split lies behind the songs that the same fit has learnt from."""
    return with_interval(f"{100 * gap.accuracy:.1f} points", gap.accuracy_interval)
