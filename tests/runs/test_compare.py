import json
import shutil
from pathlib import Path

import pytest
from judging import finish_judged, listed

from genre_lightning.data.catalogue import Track
from genre_lightning.errors import UserError
from genre_lightning.runs.compare import compare, describe


@pytest.fixture
def finish(run, tmp_path):
    """Make a run's folder whose model judges some test songs wrongly."""
    return lambda name, wrong=(), tracks=None: finish_judged(tmp_path / name, run, wrong, tracks)


def test_a_clear_difference_is_told_in_a_sentence_and_a_table(finish):
    a, b = finish("good", {0}), finish("bad", range(12, 28))
    text = describe(compare(a, b))
    assert text.startswith(
        f"A: {a}\nB: {b}\n\nOn the same 30 test songs (of 10 known artists) A gets 96.7 % right and B "
    )
    assert "B 46.7 %: A is better; the 95 % interval of A's accuracy less B's is +" in text
    assert "| accuracy                      | 96.7 % | 46.7 % | +50.0 points (+" in text
    assert "| songs that only it gets right | 16     | 1      | McNemar's exact test: p below 0.001" in text
    assert "| how songs were split          | artist | artist |" in text
    assert "B is better; the 95 % interval of A's accuracy less B's is -" in describe(compare(b, a))


def test_few_differences_do_not_tell_which_is_better(finish):
    comparison = compare(finish("one", {0, 1}), finish("two", {1, 2, 3}))
    text = describe(comparison)
    assert "A gets 93.3 % right and B 90.0 %: these songs do not tell which is better" in text
    assert "McNemar's exact test: p = 1 " in text
    low, high = comparison.accuracy.interval
    assert low < 0 < 1 / 30 < high
    low, high = comparison.f1_macro.interval
    assert low < 0 < comparison.f1_macro.a - comparison.f1_macro.b < high


def test_the_songs_that_only_one_gets_right_are_listed(finish, tmp_path):
    text = describe(compare(finish("one", {0, 1}), finish("two", {1, *range(3, 30)})))
    only_a = text[text.index("Only A gets right:") : text.index("Only B gets right:")]
    assert f"- {tmp_path / 'test3.wav'}: rock, B says jazz\n" in only_a
    assert only_a.count("B says") == 20 and only_a.endswith("- and 7 more\n\n")
    assert text.endswith(f"Only B gets right:\n- {tmp_path / 'test0.wav'}: jazz, A says rock")


def test_songs_by_one_artist_do_not_tell(finish, tmp_path):
    alone = listed(tmp_path, songs_of_artist=30)
    text = describe(compare(finish("one", {0}, alone), finish("two", range(9), alone)))
    assert "what is so for the songs of one artist need not be so for others" in text
    assert "+26.7 points (no interval can be given)" in text


def test_songs_that_name_no_artist_are_counted(finish, tmp_path):
    tracks = listed(tmp_path, unknown=6)
    assert "(of 8 known artists and 6 songs that name none)" in describe(
        compare(finish("one", {0}, tracks), finish("two", (), tracks))
    )


def test_whose_artists_stand_or_fall_together_is_less_sure(finish, tmp_path):
    by_artist = compare(finish("a"), finish("b", range(9)))
    tracks = listed(tmp_path, songs_of_artist=1)
    by_song = compare(finish("c", (), tracks), finish("d", range(9), tracks))
    assert by_artist.accuracy.interval[0] < by_song.accuracy.interval[0] < 9 / 30


def test_runs_tested_on_other_songs_are_refused_with_the_differences(finish, tmp_path):
    tracks = listed(tmp_path)
    moved = [t if t.path.name != "test3.wav" else Track(t.path, t.genre, t.artist, "", "train") for t in tracks]
    without = [t for t in moved if t.path.name not in ("test4.wav", "test5.wav")]
    a, b = finish("a"), finish("b", (), without)
    with pytest.raises(UserError) as refused:
        compare(a, b)
    assert str(refused.value) == (
        f"{b} was trained on 1 of the 30 test songs of {a}, such as {tmp_path / 'test3.wav'}; "
        f"{b} does not have 2 of the 30 test songs of {a}, such as {tmp_path / 'test4.wav'}; "
        "to compare two runs, train both on the same songs, genres and split"
    )
    with pytest.raises(UserError, match=r"a does not have|b was trained on|does not have 2 of the 30"):
        compare(b, a)


def test_songs_of_another_genre_are_refused(finish, tmp_path):
    tracks = listed(tmp_path)
    other = [t if t.path.name != "test3.wav" else Track(t.path, "jazz", t.artist, "", "test") for t in tracks]
    a, b = finish("a"), finish("b", (), other)
    with pytest.raises(UserError, match=r"test3\.wav is rock in .*a and jazz in .*b; to compare two runs, train both"):
        compare(a, b)


def test_a_run_is_not_compared_with_itself(run):
    with pytest.raises(UserError, match="are the same run; name two"):
        compare(run, run / ".." / run.name)


def test_runs_as_training_leaves_them_are_compared(run, tmp_path):
    again = Path(shutil.copytree(run, tmp_path / "again"))
    comparison = compare(run, again)
    assert comparison.only_a == comparison.only_b == [] and comparison.p == 1 and comparison.artists == 6
    assert "these songs do not tell which is better" in describe(comparison)
    (again / "predictions.csv").unlink()
    with pytest.raises(UserError, match=r"has no predictions\.csv, .*; train again"):
        compare(run, again)


def test_a_folder_that_is_no_run_is_named(finish, tmp_path):
    finished = finish("a")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError, match="nothing"):
        compare(finished, tmp_path / "nothing")


def repeated(run, times):
    """Have a run's test songs tested several times, always alike."""
    results = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    (run / "metrics.json").write_text(json.dumps(results | {"folds": 2, "repeats": times}), encoding="utf-8")
    head, *rows = (run / "predictions.csv").read_text(encoding="utf-8").splitlines()
    again = [row for row in rows if ",test," in row] * (times - 1)
    (run / "predictions.csv").write_text("\n".join([head, *rows, *again]), encoding="utf-8")
    return run


def test_songs_that_were_tested_again_and_again_count_each_time(finish):
    a, b = repeated(finish("one", {0, 1}), 3), repeated(finish("two", {1, 2, 3}), 3)
    comparison = compare(a, b)
    assert len(comparison.pairs) == 90 and len(comparison.only_a) == 6 and comparison.artists == 10
    with pytest.raises(UserError, match="have not the same repeats"):
        compare(a, finish("three", {1}))
