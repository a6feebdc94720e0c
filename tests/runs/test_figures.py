from dataclasses import replace

import numpy as np
import pytest

from genre_lightning.runs.figures import sweep_picture
from genre_lightning.runs.records import read_record


def drawn(axes):
    """Where a panel has points: those of all runs."""
    return sorted(map(tuple, np.ma.getdata(axes.collections[0].get_offsets()).round(3).tolist()))


def without_intervals(record):
    splits = {split: replace(shown, accuracy_interval=None) for split, shown in record.results.splits.items()}
    return replace(record, results=replace(record.results, splits=splits))


def test_validation_against_test_and_each_setting_on_validation(finish):
    runs = [("a", 0.4, "mlp", 0), ("b", 0.5, "mlp", 1), ("c", 0.9, "cnn", 1)]
    records = [
        read_record(finish(name, loss, f"model={model}", f"seed={seed}", val=0.7, test=0.6))
        for name, loss, model, seed in runs
    ]
    other = [without_intervals(read_record(finish("d", 0.1, "model=cnn", draw=1)))]
    panels = sweep_picture([records, other]).axes
    points = [line.get_xydata()[0] for line in panels[0].lines if line.get_marker() == "o"]
    assert (
        np.allclose(points, [[70, 60]] * 3)
        and panels[0].get_title() == "songs 1: 3 runs, 6 validation and 6 test songs"
    )
    assert [text.get_text() for text in panels[0].get_legend().get_texts()] == ["best by log-loss"]
    assert [axes.get_title() for axes in panels[1:3]] == ["model", "seed"]
    assert [label.get_text() for label in panels[1].get_xticklabels()] == ["cnn", "mlp"]
    assert drawn(panels[1]) == [(0, 0.9), (1, 0.4), (1, 0.5)] and drawn(panels[2]) == [(0, 0.4), (1, 0.5), (1, 0.9)]
    assert panels[1].collections[1].get_offsets().tolist() == [[1, 0.4]]  # the best
    assert [line.get_ydata()[0] for line in panels[1].lines] == pytest.approx([0.9, 0.45])
    assert panels[3].get_title().startswith("songs 2: 1 run,") and not panels[4].get_visible()


def test_many_numbers_are_an_axis_and_few_are_in_their_order(finish):
    rates = [10.0**-power for power in range(10)]
    records = [
        read_record(finish(f"{number}", 0.5, f"lr={rate}", f"n={number % 3 * 5}", "$x=$"))
        for number, rate in enumerate(rates)
    ]
    lr, n = sweep_picture([records]).axes[1:]
    assert lr.get_xscale() == "log" and len(drawn(lr)) == 10 and drawn(lr)[0][0] == 0
    assert [label.get_text() for label in n.get_xticklabels()] == ["0", "5", "10"]
