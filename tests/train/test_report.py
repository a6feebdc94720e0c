import math
from dataclasses import replace

from made_up import made_up

from genre_lightning.train.report import findings, genres_table, page, summary
from genre_lightning.train.verdict import verdict


def column(text, title):
    """The cells below a title in the table of a text, by the first cell of their line."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[rows[0].index(title)] for row in rows[2:]}


def test_the_summary_puts_all_songs_and_the_baseline_side_by_side():
    text = summary(made_up())
    assert column(text, "learnt from")["accuracy"] == "85.0 % (75 to 95)"
    assert column(text, "validation")["accuracy"] == "65.0 % (55 to 75)"
    assert column(text, "test")["accuracy"] == "60.0 % (50 to 70)"
    assert column(text, "baseline on test")["accuracy"] == "50.0 %"
    assert column(text, "test")["macro F1"] == "59.0 % (40 to 80)"
    assert column(text, "baseline on test")["macro F1"] == "49.0 %"
    gaps = [column(text, split)["gap to the songs of its fit"] for split in ("learnt from", "validation", "test")]
    assert gaps == ["", "15.0 points (-10 to 50)", "25.0 points (10 to 40)"]
    assert column(text, "learnt from")["songs"] == "400" and column(text, "test")["known artists"] == "119"


def test_where_no_interval_can_be_given_the_table_says_so():
    known = made_up(gap=None)
    few = replace(known.splits["test"], accuracy_interval=None, f1_macro_interval=None)
    shown = column(summary(replace(known, splits={**known.splits, "test": few})), "test")
    told = {title: shown[title] for title in ("accuracy", "macro F1", "gap to the songs of its fit")}
    none = "(no interval: too few artists)"
    assert [*told.values()] == [f"60.0 % {none}", f"59.0 % {none}", f"25.0 points {none}"]


def test_after_a_refit_validation_is_said_to_be_of_the_first_fit():
    assert column(summary(made_up(refitted=True)), "validation (first fit)")["accuracy"] == "65.0 % (55 to 75)"


def test_log_loss_and_calibration_error_are_shown_before_and_after_and_beside_a_calibrated_model():
    shown = column(summary(made_up()), "test")
    assert (shown["log-loss"], shown["log-loss before the temperature"]) == ("0.500", "0.900")
    assert (shown["calibration error"], shown["calibration error before the temperature"]) == ("0.125", "0.250")
    assert shown["calibration error if calibrated, 95 %"] == "0.050 to 0.100"
    baseline = column(summary(made_up()), "baseline on test")
    assert baseline["log-loss"] == "0.500" and baseline["log-loss before the temperature"] == ""


def test_a_figure_that_cannot_be_told_is_a_dash():
    known = made_up()
    single = replace(known.splits["val"], auroc_macro=math.nan)
    text = summary(replace(known, splits={**known.splits, "val": single}))
    assert column(text, "validation")["macro AUROC"] == "-" and column(text, "test")["macro AUROC"] == "0.750"


def test_what_the_figures_show_stands_below_them():
    assert findings(made_up()).endswith(f"\n\n{verdict(made_up())}")


def test_what_would_do_better_comes_last():
    advised = made_up(advice="Try\n\n    python train.py model=pretrained", left_out=["a.wav"])
    assert summary(advised) == f"{findings(advised)}\n\n{advised.advice}"
    assert page("a run", advised).endswith(f"## What may do better\n\n{advised.advice}\n")
    assert summary(made_up()) == findings(made_up()) and "do better" not in page("a run", made_up())


def test_the_genres_table_has_a_line_for_each():
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in genres_table(made_up()).splitlines()[2:]]
    assert rows == [["hiphop", "60", "0.50", "0.25", "0.33"], ["ska", "0", "-", "-", "-"]]


def test_the_page_shows_songs_before_what_was_left_out():
    text = page("a run", made_up(left_out=["a.wav"]), songs=iter(["**jazz**", "**rock**"]))
    assert "genre-lightning show" in text and "\n\n**jazz**\n\n**rock**\n\n## Files left out" in text
    assert "A song of each genre" not in page("a run", made_up())


def test_the_page_has_a_title_facts_tables_and_pictures():
    text = page("a run", made_up())
    assert text.startswith("# a run\n") and "- model: CNN\n- songs from: songs\n- epochs: 12" in text
    assert "hiphop" in text and all(f"({name}.png)" in text for name in ("confusion", "calibration", "curves"))
    assert findings(made_up()) in text and "Left out" not in text and text.endswith("\n")
    assert "spectrograms" not in text and "(spectrograms.png)" in page("a run", made_up(), {"spectrograms", "curves"})
    text = page("a run", made_up(left_out=["a.wav", "b.wav"]))
    assert "## Files left out: 2" in text and "- `b.wav` is empty (0 bytes)" in text
    assert column(text, "learnt from")["files left out"] == "2"


def test_what_a_network_or_a_set_of_somebody_else_says_is_no_html_in_the_page():
    facts = {"weights of a/b": "licence <img src=x>", "data set": "[a](http://b)"}
    results = made_up(facts=facts, unjudged={"test": ["<b>rock"]})
    text = page("run", replace(results, by_genre={"<b>rock": results.by_genre["ska"]}))
    assert "There are no songs on test of: \\<b>rock." in text
    assert "- weights of a/b: licence \\<img src=x>\n- data set: \\[a\\](http://b)\n" in text
    assert "| \\<b>rock " in text
