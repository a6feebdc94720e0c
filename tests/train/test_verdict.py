from dataclasses import replace

import pytest
from made_up import figures, made_up

from genre_lightning.train.verdict import (
    baseline_sentence,
    gap_sentence,
    leak_sentence,
    points,
    songs_enough,
    spanned,
    unjudged_sentence,
    unknown_sentence,
    verdict,
)


def test_accuracy_and_loss_of_all_splits_are_told_like_with_like():
    assert gap_sentence(made_up(loss=0.7)).startswith(
        "The model gets 60.0 % of the test songs right, 65.0 % of validation and 85.0 % of the songs it learnt from "
        "(log-loss 0.700, 0.500 and 0.500). "
    )
    assert gap_sentence(made_up(loss=0.7, refitted=True)).startswith(
        "The model gets 60.0 % of the test songs right and 85.0 % of the songs it learnt from (log-loss 0.700 and "
        "0.500); the first fit got 65.0 % of validation and 80.0 % of train (0.500 and 0.400). "
    )


def test_a_real_gap_is_called_overfitting_with_its_size():
    told = gap_sentence(made_up(gap=(0.1, 0.4)))
    assert "It has overfitted: by 25 points (95 % interval 10 to 40) on test." in told
    assert "On new songs expect 60.0 %, not 85.0 %." in told


def test_validation_may_show_what_the_test_songs_do_not():
    told = gap_sentence(made_up(val=0.55, gap=(-0.02, 0.4), val_gap=(0.05, 0.45)))
    assert "validation shows it, by 25 points (95 % interval 5 to 45), though the test songs alone do not" in told
    assert "On new songs expect what validation and test have, 55.0 % and 60.0 %, not 85.0 %." in told


def test_too_few_songs_show_nothing_and_it_is_said_how_many_would():
    told = gap_sentence(made_up(learnt=0.65, gap=(-0.07, 0.13)))
    assert "It is not shown whether it has overfitted" in told and "up to 13 points, or not at all" in told
    assert "To tell 5 points from none takes about 4800 songs a genre (here 300)" in told and "cross-validation" in told
    assert "no sign" not in told and "It has overfitted" not in told


def test_all_songs_right_are_no_proof_if_they_are_three():
    told = gap_sentence(made_up(learnt=1.0, test=1.0, gap=(-0.01, 0.6)))
    assert "not shown" in told and "up to 60 points" in told and "no sign" not in told
    told = gap_sentence(made_up(learnt=1.0, test=1.0, gap=None, val_gap=None))
    assert "not shown" in told and "too few artists" in told and "no sign" not in told


def test_too_few_artists_are_named_where_they_are():
    told = gap_sentence(made_up(gap=None, val_gap=None))  # of whom test has enough for its own interval
    assert "too few artists among the songs that it learnt from" in told


@pytest.mark.parametrize("doubt", [{"unknown": (300, 80, 100)}, {"shared_artists": {"test": ["abba"]}}])
def test_where_artists_may_be_known_the_figures_of_test_are_the_most_to_expect(doubt):
    for known in (made_up(**doubt), made_up(gap=(-0.1, 0.4), val_gap=(0.1, 0.2), **doubt)):
        assert "On new songs expect at most " in gap_sentence(known)
    assert "On new songs expect 60.0 %" in gap_sentence(made_up())


def test_no_sign_is_only_said_of_a_gap_that_is_small_for_certain():
    told = gap_sentence(made_up(learnt=0.62, gap=(-0.01, 0.045)))
    bill = "at most 5 points better on the songs it learnt from than on test, so there is no sign that it has memorised"
    assert bill in told
    assert "no sign" not in gap_sentence(made_up(learnt=0.62, gap=(-0.01, 0.055)))


DOUBTS = {
    "log-loss on test is 0.11 higher": {"loss": 0.61},
    "proves nothing": {"unknown": (100, 0, 0)},
    "which proves nothing": {"shared_artists": {"test": ["abba"]}},
}


@pytest.mark.parametrize(("told", "doubt"), DOUBTS.items())
def test_a_small_gap_is_no_clean_bill_where_something_else_speaks_against_it(told, doubt):
    sentence = gap_sentence(made_up(learnt=0.62, gap=(-0.01, 0.045), **doubt))
    assert told in sentence and "no sign" not in sentence


def test_a_small_gap_is_no_clean_bill_where_validation_is_much_less_sure():
    surer = replace(made_up(learnt=0.62, gap=(-0.01, 0.045)), first_fit=figures(0.8, loss=0.35))
    assert "but its log-loss on validation is 0.15 higher" in gap_sentence(surer)


def test_a_test_figure_clearly_above_train_is_said_to_be_so():
    told = gap_sentence(made_up(learnt=0.5, test=0.6, gap=(-0.16, -0.04)))
    assert "does clearly better on test, by 10 points (95 % interval 4 to 16)" in told and "overfitted" not in told


def test_no_points_are_never_a_finding():
    assert points(0.004) == "0.4 points" and points(0.01) == "1 point" and points(0.129) == "13 points"
    assert spanned((0.001, 0.012)) == "0.1 to 1.2" and spanned((-0.001, 0.4)) == "-0.1 to 40.0"
    assert "overfitted: by 0.4 points (95 % interval 0.1 to 0.7)" in gap_sentence(
        made_up(learnt=0.604, test=0.6, gap=(0.001, 0.007))
    )


def test_four_times_as_many_songs_halve_an_interval():
    assert songs_enough(made_up(), (-0.1, 0.1)) == (4800, 300)
    assert songs_enough(made_up(refitted=True), (-0.1, 0.1)) == (4160, 260)  # val is among the songs it learnt from
    assert songs_enough(made_up(), (-0.02, 0.07)) == (980, 300)  # more than there are, or it would be told apart


SONGS = "gets 60 of the 120 test songs right (50.0 %), the model 72: "
BESIDE = {
    (0.02, 0.2): "it is better, by 10 points (95 % interval 2 to 20).",
    (-0.02, 0.2): "they cannot be told apart (95 % interval of the difference -2 to 20 points).",
    None: "with so few artists they cannot be told apart.",
}


@pytest.mark.parametrize(("ahead", "told"), BESIDE.items())
def test_the_baseline_is_compared_song_by_song(ahead, told):
    assert baseline_sentence(made_up(ahead=ahead)).endswith(SONGS + told)


def test_only_a_model_that_is_clearly_worse_does_not_earn_its_keep():
    told = baseline_sentence(made_up(baseline=0.7, ahead=(-0.2, -0.01)))
    assert told.endswith("the model does not earn its keep, it is worse by 10 points (95 % interval 1 to 20).")
    assert "earn" not in baseline_sentence(made_up(baseline=0.7, ahead=(-0.2, 0.01)))


def test_shared_artists_are_warned_of_with_the_figures_that_they_flatter():
    assert leak_sentence(made_up()) == ""
    both = leak_sentence(made_up(shared_artists={"val": ["abba"], "test": ["abba", "queen"]}))
    assert "2 in both test and the songs that it learnt from, 1 in both validation and train" in both
    assert "the figures of test and validation are too optimistic" in both
    watched = leak_sentence(made_up(shared_artists={"val": ["abba", "queen"]}))
    assert watched.startswith("Warning: there are artists on both sides, 2 in both validation and train, so")
    assert "the figures of validation are too optimistic" in watched


def test_the_verdict_begins_with_songs_that_name_no_artist_if_they_are_many():
    told = verdict(made_up(unknown=(300, 80, 100), shared_artists={"val": ["abba"]}))
    assert told.startswith("Before all else: 480 of 600 songs name no artist")
    assert all(figure in told for figure in ("96.9 to 88.2 %", "96.9 to 82.4 %", "93.8 to 67.6 %"))
    assert "`artists.csv`" in told and "`manifest.csv`" in told and "guessed_artist" in told
    assert "publish" not in told
    assert "publish" in unknown_sentence(made_up(unknown=(300, 80, 100), facts={"split": "published"}))


def test_a_few_songs_without_artist_are_mentioned_at_the_end():
    told = verdict(made_up(unknown=(0, 0, 7)))
    assert told.split("\n\n")[-1].startswith("7 of 600 songs name no artist") and "Before all else" not in told
    assert unknown_sentence(made_up()) == ""


def test_songs_without_an_artist_are_counted_once_after_a_refit():
    told = unknown_sentence(made_up(unknown=(5, 2, 7), refitted=True))  # val is in the 400 it learnt from
    assert told.startswith("12 of 520 songs")
    assert unknown_sentence(made_up(unknown=(5, 2, 7))).startswith("14 of 600 songs")


def test_genres_that_cannot_be_judged_are_named():
    missing = made_up(unjudged={"val": ["jazz", "ska"], "test": ["ska"]})
    told = unjudged_sentence(missing)
    assert "There are no songs on validation of: jazz, ska." in told and "There are no songs on test of: ska." in told
    assert told in verdict(missing) and unjudged_sentence(made_up()) == ""


def test_songs_that_were_all_tested_once_give_the_figure_to_quote():
    told = verdict(made_up(folds=5, refitted=True))
    assert told.startswith("Each of the 120 songs was tested by a network that knew no song of its artists (5 folds), ")
    assert "60.0 % (95 % interval 50 to 70) is the figure to quote" in told and "validation" not in told
    assert (
        "Of songs that they do not know the networks get 60.0 % right, and of those that they learnt from 85.0 %"
        in told
    )
    assert "It has overfitted: by 25 points (95 % interval 10 to 40) on test." in told
    assert "(5 folds, 3 times with other folds)" in verdict(made_up(folds=5, repeats=3))


def test_folds_do_not_recommend_themselves_and_count_every_song_once():
    told = gap_sentence(made_up(learnt=0.65, gap=(-0.07, 0.13), folds=5))
    assert "takes about 960 songs a genre (here 60), by as many times more artists." in told
    assert "cross-validation" not in told


def test_folds_of_songs_without_artists_are_doubted_first():
    told = verdict(made_up(folds=5, unknown=(60, 0, 60)))
    assert told.startswith("Before all else: 60 of 120 songs name no artist")
    naive = verdict(made_up(folds=5, shared_artists={"test": ["a", "b"]}))
    assert "tested by a network that had not learnt from it" in naive and "Warning: there are artists on both" in naive
