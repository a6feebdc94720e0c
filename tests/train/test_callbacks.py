import pytest

from genre_lightning.train.callbacks import History, better, read_history


@pytest.mark.parametrize(("monitor", "mode"), [("val/loss", "min"), ("val/accuracy", "max")])
def test_the_best_of_a_figure_is_its_best_end(monitor, mode):
    assert better(monitor) == mode


def test_a_history_keeps_every_figure_and_goes_on_where_a_run_is_resumed(tmp_path):
    history = History(tmp_path)
    for step in (1, 2, 3):
        history.log_metrics({"val/loss": 1 / step, "train/loss": 0.1 * step}, step)
    resumed = History(tmp_path)
    resumed.log_metrics({"val/loss": 0.25}, 2)  # the third step was lost with the run
    assert resumed.curves["val/loss"] == [(1, 1.0), (2, 0.25)] and len(resumed.curves["train/loss"]) == 3
    assert read_history(tmp_path / "history.csv") == resumed.curves
