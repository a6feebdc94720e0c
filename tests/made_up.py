"""Results that a test makes up: what a run has shown, without a run."""

from dataclasses import astuple

from genre_lightning.runs.results import Difference, Figures, GenreFigures, Results, SplitFigures


def figures(accuracy, loss=0.5):
    return Figures(loss, accuracy, accuracy - 0.01, 0.75, 0.125)


def split(accuracy, songs, unknown_artists=0, left_out=0, loss=0.5):
    spans = (accuracy - 0.1, accuracy + 0.1), (accuracy - 0.2, accuracy + 0.2)
    known = (0.9, 0.25, (0.05, 0.1), *spans, songs, songs - 1, unknown_artists, left_out)
    return SplitFigures(*astuple(figures(accuracy, loss)), *known)


def made_up(
    learnt=0.85, val=0.65, test=0.6, baseline=0.5, *, gap=(0.1, 0.4), val_gap=(-0.1, 0.5), ahead=(0.02, 0.2),
    unknown=(0, 0, 0), left_out=(), shared_artists=None, unjudged=None, refitted=False, loss=0.5, facts=None, advice="",
    folds=0, repeats=1, about_songs=None,
):  # fmt: skip
    """400 songs that are learnt from, 80 of validation (among these after a refit) and 120 of test, of two genres; or
    with folds 120 that are both learnt from and tested.
    """
    known = split(learnt, 120 if folds else 400, unknown[0], left_out=len(left_out))
    validation = {} if folds else {"val": split(val, 80, unknown[1])}
    return Results(
        {"learnt_from": known, **validation, "test": split(test, 120, unknown[2], loss=loss)}, refitted,
        None if folds else figures(0.8, loss=0.4),
        {"test": figures(baseline)},
        Difference(learnt - test, gap), None if folds else Difference(0.8 - val, val_gap),
        Difference(test - baseline, ahead),
        {"hiphop": GenreFigures(60, 0.5, 0.25, 0.333), "ska": GenreFigures(0, 0, 0, 0)},
        unjudged or {}, dict.fromkeys(left_out, "is empty (0 bytes)"), shared_artists or {},
        {"model": "CNN", "songs from": "songs", "epochs": 12} | (facts or {}), about_songs or [], advice,
        folds, repeats,
    )  # fmt: skip
