import csv
from pathlib import Path

import pytest

from genre_lightning.errors import UserError
from genre_lightning.runs.overview import results, with_range, write_sweep
from genre_lightning.runs.run import find_run


def tables(text):
    """The cells of each table in a text, its first line last seen in the head."""
    found, before = [], ""
    for line in text.splitlines():
        if line.startswith("| "):
            found += [] if before.startswith("|") else [[]]
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line
    return found


def rows_of(folder):
    with (folder / "sweep.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_best_on_validation_comes_first_whatever_test_says(finish, tmp_path):
    finish("0_cnn", 0.9, "model=cnn", "data=folder", val=0.6, test=0.9, seconds=80)
    finish("1_mlp", 0.5, "model=mlp", "data=folder", val=0.7, test=0.3, seconds=7)
    finish("2_lstm", 0.7, "model=lstm", "data=folder", val=0.8, test=0.8)
    told = results([tmp_path / "logs"])
    ((head, mlp, lstm, cnn),) = tables(told)
    assert head == [
        "settings", "runs", "log-loss", "validation", "test", "gap, points", "baseline on test", "seconds", "folder"
    ]  # fmt: skip
    assert mlp[:5] == ["model=mlp", "1", "0.500", "70.0 % (25 to 75)", "30.0 % (25 to 75)"]
    assert [line[-2:] for line in (mlp, lstm, cnn)] == [["7", "1_mlp"], ["", "2_lstm"], ["80", "0_cnn"]]
    assert "The best is 1_mlp: the lowest log-loss on validation of 3 runs." in told
    assert "chose it out of 3, so its 70.0 % there are flattered" in told and "expect 30.0 % (25 to 75) of it" in told


def test_runs_that_differ_in_their_seed_only_are_one_line_with_mean_and_range(finish, tmp_path):
    for seed, accuracy in enumerate((0.6, 0.5, 0.7)):
        finish(f"cnn{seed}", 1 - accuracy, "model=cnn", f"seed={seed}", "data=folder", val=accuracy, test=accuracy)
    finish("lstm", 0.35, "model=lstm", "seed=0", "data=folder")
    told = results([tmp_path / "logs"])
    ((_, lstm, cnn),) = tables(told)
    assert lstm[:3] == ["model=lstm", "1", "0.350"]  # one seed of the other is better, their mean is not
    assert cnn[:5] == ["model=cnn", "3", "0.400", *["60.0 % (mean, 50.0 to 70.0)"] * 2]
    assert cnn[-1] == "cnn2 and 2 more"
    assert "of 2 settings those with the lowest mean log-loss on validation, and of their seeds the best" in told
    assert [(row["rank"], row["folder"], row["seed"]) for row in rows_of(tmp_path / "logs")] == [
        ("1", "lstm", "0"), ("2", "cnn2", "2"), ("3", "cnn0", "0"), ("4", "cnn1", "1")
    ]  # fmt: skip


def test_a_run_that_was_resumed_for_longer_is_not_merged_with_its_twin(finish, tmp_path):
    finish("once", 0.5, "model=cnn", "seed=0", epochs=18)
    finish("longer", 0.4, "model=cnn", "seed=0", epochs=40)
    finish("other", 0.6, "model=mlp", "seed=0")
    ((_, *lines),) = tables(results([tmp_path / "logs"]))
    assert [(line[0], line[1], line[-1]) for line in lines] == [
        ("model=cnn (40 epochs)", "1", "longer"), ("model=cnn (18 epochs)", "1", "once"), ("model=mlp", "1", "other")
    ]  # fmt: skip


def test_runs_that_were_judged_on_different_songs_are_in_tables_of_their_own(finish, tmp_path):
    finish("0", 0.9, "split.seed=0", "model=cnn", test=0.9)
    finish("1", 0.8, "split.seed=0", "model=mlp")
    finish("2", 0.1, "split.seed=1", "model=cnn", draw=1)
    told = results([tmp_path / "logs"])
    first, second = tables(told)
    assert [line[-1] for line in first[1:]] == ["1", "0"] and [line[-1] for line in second[1:]] == ["2"]
    headings = [line for line in told.splitlines() if line.startswith("## ")]
    assert headings[0].startswith("## Songs 1: ") and headings[0].endswith(" of SONGS, split: artist, split.seed=0")
    assert headings[1].endswith(", split.seed=1, model=cnn")
    assert [(row["songs"], row["rank"]) for row in rows_of(tmp_path / "logs")] == [("1", "1"), ("1", "2"), ("2", "1")]


def test_a_heading_names_no_setting_that_its_runs_do_not_have_or_that_is_not_set(finish, tmp_path):
    hub = {"data": {"subset": None, "name": "me/songs"}, "folds": None}
    finish("folder", 0.9, "data=folder", "folds=5", config={"folds": 5})
    finish("fma", 0.8, "data=fma", "data.subset=small", draw=1, config={"data": {"subset": "small"}, "folds": None})
    finish("hub", 0.7, "data=hub", "data.name=me/songs", draw=2, config=hub)
    headings = [line.partition("split: artist, ")[2] for line in results([tmp_path / "logs"]).splitlines()]
    assert [one for one in headings if one] == [
        "data=folder, folds=5", "data=fma, data.subset=small", "data=hub, data.name=me/songs"
    ]  # fmt: skip
    assert [row["data.subset"] for row in rows_of(tmp_path / "logs")] == ["", "small", "null"]


def test_songs_to_learn_from_make_no_other_table(finish, tmp_path):
    few = finish("few", 0.9, "split.train_songs_per_genre=5")
    finish("many", 0.8, "split.train_songs_per_genre=50")
    lines = (few / "manifest.csv").read_text(encoding="utf-8").splitlines()
    (few / "manifest.csv").write_text("\n".join(one for one in lines if not one.endswith("train")), encoding="utf-8")
    assert len(tables(results([tmp_path / "logs"]))) == 1


def test_the_validation_of_refitted_runs_is_that_of_their_first_fit_and_others_are_told(finish, tmp_path):
    finish("swept", 0.6, "model=cnn", "refit=false")
    finish("best", 0.4, "model=mlp", "seed=0", "refit=false", refitted=True)  # by ckpt_path=... refit=true
    finish("good", 0.5, "model=mlp", "seed=1", "refit=false")
    ((head, *lines),) = tables(results([tmp_path / "logs"]))
    assert head[3] == "validation (first fit)"
    assert [line[0] for line in lines] == ["model=mlp", "model=mlp refit=false", "model=cnn refit=false"]


def test_of_equal_runs_the_one_that_was_refitted_is_the_best(finish, tmp_path):
    finish("0", 0.5, "model=linear", "seed=0")
    finish("1", 0.5, "model=linear", "seed=1", refitted=True)
    results([tmp_path / "logs"])
    assert find_run(tmp_path / "logs").name == "1"


def test_a_refitted_run_is_no_setting_of_its_own_whose_seeds_were_all_good(finish, tmp_path):
    for seed, (cnn, mlp) in enumerate([(0.5, 0.7), (1.5, 0.8)]):
        finish(f"cnn{seed}", cnn, "model=cnn", f"seed={seed}", refitted=seed == 0)
        finish(f"mlp{seed}", mlp, "model=mlp", f"seed={seed}")
    assert "The best is mlp0: of 2 settings those with the lowest mean" in results([tmp_path / "logs"])
    assert find_run(tmp_path / "logs").name == "mlp0"


def test_a_run_for_which_nothing_of_its_own_was_typed_is_named_too(finish, tmp_path):
    finish("one", 0.6, "data=folder")
    finish("two", 0.5, "data=folder", "model=lstm")
    assert [line[0] for line in tables(results([tmp_path]))[0][1:]] == ["model=lstm", "the defaults"]


def test_long_numbers_of_a_sampler_are_shortened_in_the_table_alone(finish, tmp_path):
    for name, rate in (("a", "0.0012345678901234"), ("b", "0.003")):
        finish(name, 0.5, f"learning.optimizer.lr={rate}")
    names = [line[0] for line in tables(results([tmp_path]))[0][1:]]
    assert names == ["learning.optimizer.lr=0.001235", "learning.optimizer.lr=0.003"]
    assert rows_of(tmp_path)[0]["learning.optimizer.lr"] == "0.0012345678901234"


def test_jobs_without_results_are_listed_with_their_reason_in_the_text_and_in_the_file(finish, tmp_path):
    finish("logs/0", 0.5, "model=cnn")
    for job, reason in (("1", "val/loss became NaN;\nlower the rate\n"), ("2", "")):
        (tmp_path / "logs" / "logs" / job / ".hydra").mkdir(parents=True)
        if reason:
            (tmp_path / "logs" / "logs" / job / "failed.txt").write_text(reason)
    told = write_sweep(tmp_path / "logs" / "logs")
    assert "Without results:\n- 1: val/loss became NaN; lower the rate\n- 2: stopped before anything was learnt" in told
    rows = [(row["folder"], row["rank"], row["failed"]) for row in rows_of(tmp_path / "logs" / "logs")]
    assert rows[0][:2] == ("0", "1") and rows[1] == ("1", "", "val/loss became NaN; lower the rate")


def test_a_sweep_of_which_every_job_failed_says_so(tmp_path):
    (tmp_path / "0_cnn").mkdir()
    (tmp_path / "0_cnn" / "failed.txt").write_text("no songs")
    assert write_sweep(tmp_path).startswith("Without results:\n- 0_cnn: no songs\n\n")
    assert rows_of(tmp_path) == [{"songs": "", "rank": "", "folder": "0_cnn", "failed": "no songs"}]
    assert not (tmp_path / "sweep.png").exists()
    with pytest.raises(UserError, match=r"has no finished run; .*sweep\.csv says why"):
        find_run(tmp_path)


def test_files_go_into_the_folder_or_here_if_there_are_several_and_not_into_a_single_run(finish, tmp_path, monkeypatch):
    one, two = finish("x/one", 0.5, "model=cnn"), finish("y/two", 0.4, "model=mlp")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert "sweep.csv" not in results([one]) and not (one / "sweep.csv").exists()
    told = results([one, two])
    assert told.endswith("\n\nsweep.csv\nsweep.png") and Path("sweep.png").is_file()
    assert [row["folder"] for row in rows_of(Path())] == ["../logs/y/two", "../logs/x/one"]
    results([Path("../logs")])
    assert [row["folder"] for row in rows_of(tmp_path / "logs")] == ["y/two", "x/one"]


def test_a_folder_that_cannot_be_written_to_is_told_below_the_table(finish, tmp_path):
    finish("one", 0.5, "model=cnn")
    (tmp_path / "logs" / "sweep.csv").mkdir()
    told = results([tmp_path / "logs"])
    assert tables(told) and f"sweep.csv and sweep.png cannot be written in {tmp_path / 'logs'}: " in told
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["one", "sweep.csv"]


def test_what_cannot_be_read_is_left_out_and_told(finish, tmp_path):
    finish("one", 0.5, "model=cnn")
    (finish("old", 0.5) / "metrics.json").write_text("{}")
    told = results([tmp_path / "logs"])
    assert f"Left out:\n- {tmp_path / 'logs' / 'old'} was made by version 0.1; train again" in told
    assert [line[-1] for line in tables(told)[0][1:]] == ["one"]
    with pytest.raises(UserError, match=r"old was made by version 0\.1; train again"):
        results([tmp_path / "logs" / "old"])


def test_where_no_interval_can_be_given_this_is_said():
    assert with_range([0.8], None) == "80.0 % (no interval)"


def test_a_folder_without_runs_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"there is no finished run in .*none"):
        results([tmp_path / "none"])


def test_a_finished_run_is_read_as_training_wrote_it(run):
    ((_, line),) = tables(results([run]))
    assert line[0] == "the defaults" and line[-1] == "." and int(line[-2]) >= 0


def test_runs_with_folds_are_a_table_of_their_own_and_the_best_is_flattered_by_what_chose_it(finish, tmp_path):
    finish("cnn", 0.9, "model=cnn", "data=folder", test=0.9, folds=5)
    finish("mlp", 0.5, "model=mlp", "data=folder", test=0.8, folds=5)
    finish("split", 0.4, "model=cnn", "data=folder")
    told = results([tmp_path / "logs"])
    (head, mlp, cnn), split = tables(told)
    assert head[2:5] == ["log-loss", "test, 5 folds", "gap, points"] and "validation" in split[0]
    assert mlp[:4] == ["model=mlp", "1", "0.500", "80.0 % (25 to 75)"] and cnn[2] == "0.900"
    assert "The best is mlp: the lowest log-loss of songs out of fold of 2 runs." in told
    assert "These songs chose it out of 2, so its 80.0 % are flattered" in told
