"""What a run has shown, and what it has not, in sentences that a stranger understands."""

import math

from genre_lightning.data.catalogue import SPLIT_NAMES
from genre_lightning.runs.results import SCORED, Difference, Interval, Results
from genre_lightning.text import percent, plain
from genre_lightning.train.artists import ARTISTS, GUESS

# Of accuracy: about as much as test figures in docs/results.md differ from seed to seed.
SMALL_GAP = 0.05
# Of log-loss, in nats: the right genre gets a tenth less of the probability, since exp(-0.1) is 0.9.
SMALL_LOSS_GAP = 0.1
# Of the songs, without artist: if all of them are heard on both sides, a figure is off by no more than SMALL_GAP.
FEW_UNKNOWN = 0.05
BASELINE = "Logistic regression on the mean and standard deviation of the same features"
CROSS_VALIDATION = "cross-validation, which tests every song once (folds=5)"


def verdict(results: Results) -> str:
    """All sentences, a paragraph a finding. What puts the others in doubt comes first."""
    unknown = unknown_sentence(results)
    first, last = (unknown, "") if names_too_few_artists(results) else ("", unknown)
    found = first, folds_sentence(results), leak_sentence(results), gap_sentence(results), baseline_sentence(results)
    return "\n\n".join(filter(None, [*found, unjudged_sentence(results), last]))


def folds_sentence(results: Results) -> str:
    """That the figure of songs out of fold is the one to quote; "" without cross-validation."""
    if not results.folds:
        return ""
    test, again = results.splits["test"], f", {results.repeats} times with other folds" if results.repeats > 1 else ""
    heard = results.shared_artists.get("test") or names_too_few_artists(results)
    unheard = "had not learnt from it" if heard else "knew no song of its artists"
    span = test.accuracy_interval
    figure = percent(test.accuracy) + (f" (95 % interval {spanned(span)})" if span else "")
    return (
        f"Each of the {test.songs} songs was tested by a network that {unheard} ({results.folds} folds{again}). "
        f"{figure} is the figure to quote, unless these settings were chosen by it from among several."
    )


def judged_apart(results: Results) -> tuple[str, ...]:
    """The parts of a run that have every song of it once: a refit has learnt from the songs of val too."""
    return ("test",) if results.folds else ("learnt_from", "test") if results.refitted else SCORED


def unknown_songs(results: Results) -> tuple[int, int]:
    """How many songs name no artist, and how many there are, of those that decide what the test figure is worth."""
    splits = [results.splits[split] for split in judged_apart(results)]
    return sum(split.unknown_artists for split in splits), sum(split.songs for split in splits)


def names_too_few_artists(results: Results) -> bool:
    """Whether so many songs name no artist that the figures prove nothing."""
    unknown, songs = unknown_songs(results)
    return unknown > FEW_UNKNOWN * songs


def unknown_sentence(results: Results) -> str:
    """What cannot be ruled out if songs name no artist, how much it was elsewhere, and what to do; "" if all do."""
    unknown, songs = unknown_songs(results)
    if not unknown:
        return ""
    known = (
        f"{unknown} of {songs} songs name no artist: their artists may be in both the test songs and the songs that "
        "the model learnt from, and it may know them again."
    )
    if not names_too_few_artists(results):
        return f"{known} `{ARTISTS}` in this run's folder lists them."
    published = " (but for what those who published the split made sure of)" if is_published(results) else ""
    return (
        f"Before all else: {known} That cannot be excluded here{published}, and figures may be far too good. Where the "
        "artists of 160 such songs of four genres became known, the test accuracy of a CNN fell from 96.9 to 88.2 %, "
        "that of an MLP from 96.9 to 82.4 %, and the baseline's from 93.8 to 67.6 %. To know, fill in the column "
        f"artist of `{ARTISTS}`, which lists this run's songs in its folder ({GUESS} has what the names of folders and "
        "files suggest), put it into the folder of songs as `manifest.csv`, and train again with data=folder."
    )


def is_published(results: Results) -> bool:
    """Whether the songs' source said their splits."""
    return results.facts.get("split") == "published"


def leak_sentence(results: Results) -> str:
    """A warning if the split lets the model recognise artists rather than genres: in which figures."""
    where = {"test": "both test and the songs that it learnt from", "val": "both validation and train"}
    leaks = {split: len(artists) for split in where if (artists := results.shared_artists.get(split))}
    if not leaks:
        return ""
    found = ", ".join(f"{count} in {where[split]}" for split, count in leaks.items())
    figures = " and ".join(SPLIT_NAMES[split] for split in leaks)
    return (
        f"Warning: there are artists on both sides, {found}, so the model can recognise artists instead of genres, and "
        f"the figures of {figures} are too optimistic. Use split.method=artist."
    )


def gap_sentence(results: Results) -> str:
    """What is right of the songs that a model knows and of others, and whether that shows overfitting."""
    return f"{known_and_others(results)} {overfitting(results)}"


def known_and_others(results: Results) -> str:
    """What is right of the songs that a model knows and of others."""
    learnt, test = results.splits["learnt_from"], results.splits["test"]
    if results.folds:
        return (
            f"Of songs that they do not know the networks get {percent(test.accuracy)} right, and of those that they "
            f"learnt from {percent(learnt.accuracy)} (log-loss {test.loss:.3f} and {learnt.loss:.3f})."
        )
    val, first = results.splits["val"], results.first_fit
    rights = f"The model gets {percent(test.accuracy)} of the test songs right"
    if results.refitted and first:
        return (
            f"{rights} and {percent(learnt.accuracy)} of the songs it learnt from (log-loss {test.loss:.3f} and "
            f"{learnt.loss:.3f}); the first fit got {percent(val.accuracy)} of validation and "
            f"{percent(first.accuracy)} of train ({val.loss:.3f} and {first.loss:.3f})."
        )
    return (
        f"{rights}, {percent(val.accuracy)} of validation and {percent(learnt.accuracy)} of the songs it learnt from "
        f"(log-loss {test.loss:.3f}, {val.loss:.3f} and {learnt.loss:.3f})."
    )


def overfitting(results: Results) -> str:
    """Whether it is shown that the model has overfitted, or that it has not, or neither.

    Test is asked first, validation where test does not show it: each has its own artists.
    """
    gap, span = results.gap
    learnt, *_, test = had = [percent(of_part.accuracy) for of_part in results.splits.values()]
    expect = "expect at most" if is_flattered(results) else "expect"
    if shown(results.gap):
        return f"It has overfitted: by {with_span(results.gap)} on test. On new songs {expect} {test}, not {learnt}."
    if results.val_gap is not None and shown(results.val_gap):
        return (
            f"It has overfitted: validation shows it, by {with_span(results.val_gap)}, though the test songs alone do "
            f"not. On new songs {expect} what validation and test have, {had[1]} and {test}, not {learnt}."
        )
    if span is None:
        few = "on test" if results.splits["test"].accuracy_interval is None else "among the songs that it learnt from"
        return (
            f"It is not shown whether it has overfitted: there are too few artists {few}. More songs would show it, "
            f"by more artists, or {CROSS_VALIDATION}."
        )
    if span[1] < 0:
        return easier(Difference(-gap, (-span[1], -span[0])))
    return small_gap(results, span) if span[1] <= SMALL_GAP else not_shown(results, span)


def is_flattered(results: Results) -> bool:
    """Whether the model may know the artists of test."""
    return names_too_few_artists(results) or bool(results.shared_artists.get("test"))


def easier(ahead: Difference) -> str:
    """That test is ahead of the songs that the model knows."""
    return (
        f"It does clearly better on test, by {with_span(ahead)}: the test songs are easier than those it learnt from, "
        "so expect less of other songs."
    )


def small_gap(results: Results, span: Interval) -> str:
    """That the gap is small, and what keeps it from being a clean bill, if anything does."""
    most = f"It does at most {points(math.ceil(100 * span[1]) / 100)} better on the songs it learnt from than on test"
    rises = [(results.splits["test"].loss - results.splits["learnt_from"].loss, "test")]
    if results.first_fit is not None:
        rises.append((results.splits["val"].loss - results.first_fit.loss, "validation"))
    rise, where = max(rises)
    if is_flattered(results):
        return f"{most}, which proves nothing as long as the same artists may be on both sides."
    if rise > SMALL_LOSS_GAP:
        return f"{most}, but its log-loss on {where} is {rise:.2f} higher: it is surer of songs that it knows."
    return f"{most}, so there is no sign that it has memorised its songs."


def not_shown(results: Results, span: Interval) -> str:
    """That the songs are too few to tell, how far the truth may lie, and how many it takes."""
    enough, there = songs_enough(results, span)
    return (
        f"It is not shown whether it has overfitted: with so few test songs it may be by up to {points(span[1])}, or "
        f"not at all. To tell {points(SMALL_GAP)} from none takes about {enough} songs a genre (here {there}), by as "
        f"many times more artists{'' if results.folds else f'; {CROSS_VALIDATION} helps too'}."
    )


def songs_enough(results: Results, span: Interval) -> tuple[int, int]:
    """About how many songs a genre tell a gap of SMALL_GAP from none, and how many there are.

    The width w of an interval over artists falls with the root of their number, so it takes (w / SMALL_GAP)^2 times as
    many artists with as many songs each until it cannot hold both; rounded up to tens. Where hardly a song is wrong the
    width falls faster, and fewer songs do.
    """
    there = sum(results.splits[part].songs for part in judged_apart(results)) / len(results.by_genre)
    times = ((span[1] - span[0]) / SMALL_GAP) ** 2
    return 10 * math.ceil(there * times / 10), round(there)


def baseline_sentence(results: Results) -> str:
    """Whether the model is better than the baseline: both were asked about the same test songs."""
    songs, baseline = results.splits["test"].songs, results.baseline["test"].accuracy
    right, theirs = (round(accuracy * songs) for accuracy in (results.splits["test"].accuracy, baseline))
    ahead, span = results.ahead
    often = " on average" if results.repeats > 1 else ""
    theirs_is = f"gets{often} {theirs} of the {songs} test songs right ({percent(baseline)}), the model {right}:"
    what = f"{BASELINE}, fitted on the same songs, {theirs_is}"
    if span is None:
        return f"{what} with so few artists they cannot be told apart."
    if span[0] > 0:
        return f"{what} it is better, by {with_span(results.ahead)}."
    if span[1] < 0:
        worse = with_span(Difference(-ahead, (-span[1], -span[0])))
        return f"{what} the model does not earn its keep, it is worse by {worse}."
    return f"{what} they cannot be told apart (95 % interval of the difference {spanned(span)} points)."


def unjudged_sentence(results: Results) -> str:
    """Which genres the macro figures of validation or test leave out."""
    return " ".join(
        f"There are no songs on {SPLIT_NAMES[split]} of: {', '.join(map(plain, genres))}. They cannot be judged there, "
        "and its macro figures leave them out."
        for split, genres in results.unjudged.items()
    )


def shown(difference: Difference) -> bool:
    """Whether the whole interval lies above 0."""
    return difference.accuracy_interval is not None and difference.accuracy_interval[0] > 0


def with_span(difference: Difference) -> str:
    """25 points (95 % interval 10 to 40)."""
    assert difference.accuracy_interval is not None
    return f"{points(difference.accuracy)} (95 % interval {spanned(difference.accuracy_interval)})"


def points(fraction: float) -> str:
    """0.25 -> 25 points; never 0 points where there are some."""
    if round(100 * fraction) == 0 and fraction:
        return f"{max(0.1, 100 * fraction):.1f} points"
    return f"{100 * fraction:.0f} point{'' if round(100 * fraction) == 1 else 's'}"


def spanned(span: Interval) -> str:
    """(0.1, 0.4) -> 10 to 40; with a decimal where an end would be 0 and is not."""
    digits = int(any(end != 0 and round(100 * end) == 0 for end in span))
    return " to ".join(f"{round(100 * end, digits) + 0.0:.{digits}f}" for end in span)  # no -0
