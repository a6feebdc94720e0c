from dataclasses import replace
from types import SimpleNamespace

import pytest
from lightning.pytorch.loggers import Logger
from matplotlib.figure import Figure
from omegaconf import OmegaConf

from genre_lightning.metrics import FIGURES
from genre_lightning.runs.results import read_results
from genre_lightning.train.callbacks import History
from genre_lightning.train.figures import MEASURES
from genre_lightning.train.tensorboard import Curves, flat_settings, settings_shown, show_model, show_results

TESTED = {
    "verdict/test_accuracy", "verdict/test_f1_macro", "verdict/test_loss", "verdict/baseline_test_accuracy"
}  # fmt: skip
PICTURES = {f"verdict/{name}" for name in ("confusion", "calibration", "curves")}
COLUMNS = ("data", "features", "model", "overrides", "seed")


def read_events(folder):
    """TensorBoard's own reading of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0, "tensors": 0}).Reload()


@pytest.fixture(scope="module")
def events(run):
    return read_events(run)


def steps(events, name):
    return [point.step for point in events.Scalars(name)]


def test_curves_of_whole_songs_stand_beside_those_of_training(events):
    curves = [f"train/{measure}" for measure in (*MEASURES, "learning_rate")]
    curves += [f"{split}/{figure}" for split in ("train_songs", "val") for figure in FIGURES]
    for name in curves:
        assert steps(events, name) == [2, 5, 8, 11]  # 4 epochs of 3 batches
        assert all(0 <= point.value < 10 for point in events.Scalars(name))
    rates = [point.value for point in events.Scalars("train/learning_rate")]
    assert len(set(rates)) == 4 and max(rates) <= 0.0031


def test_what_is_no_curve_comes_behind_all_curves_and_epochs_not_at_all(events):
    tags = sorted(events.Tags()["scalars"])
    assert {tag for tag in tags if len(steps(events, tag)) == 1} == TESTED
    assert set(tags[-len(TESTED) :]) == TESTED and "epoch" not in tags


def test_pictures_of_all_splits_have_the_same_names_for_every_model(events, solved):
    assert set(events.Tags()["images"]) == {*PICTURES, "verdict/spectrograms"}
    tags = read_events(solved).Tags()
    assert set(tags["images"]) >= PICTURES
    assert set(tags["scalars"]) >= TESTED | {
        f"{split}/{figure}" for split in ("train_songs", "val") for figure in FIGURES
    }


@pytest.fixture(scope="module")
def solved(train_run):
    """A run of a head that is solved, which has no optimizer."""
    return train_run("model=linear", "callbacks=[]", "refit=false", pictures=True)


def text(events, name):
    (shown,) = events.Tensors(f"{name}/text_summary")
    return shown.tensor_proto.string_val[0].decode()


def test_the_network_is_shown_layer_by_layer(events):
    shown = text(events, "model")
    assert shown.startswith("MLP: ") and "multiply-adds a window\n\n| layer " in shown
    layers = [line.split()[1] for line in shown.splitlines()[4:]]
    assert layers == ["Standardise", "MeanAndStd", "Sequential", "Linear"]


def test_the_report_s_table_is_shown_as_text(events):
    assert "| accuracy " in text(events, "verdict") and "Logistic regression" in text(events, "verdict")


def test_custom_scalars_has_a_row_for_each_measure_train_beside_validation(events):
    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    (tensor,) = events.Tensors("custom_scalars__config__")
    layout = Layout.FromString(tensor.tensor_proto.string_val[0])
    rows = {row.title: [list(chart.multiline.tag) for chart in row.chart] for row in layout.category}
    assert rows == {measure: [[f"^train_songs/{measure}$"], [f"^val/{measure}$"]] for measure in MEASURES}
    assert [chart.title for chart in layout.category[0].chart] == ["training songs: loss", "validation songs: loss"]


def hparams(events):
    """What HPARAMS is made of: the columns as TensorBoard orders them, and the run's own line."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = events.PluginTagToContent("hparams")
    table, line = (
        HParamsPluginData.FromString(content[f"_hparams_/{name}"]) for name in ("experiment", "session_start_info")
    )
    infos = sorted(table.experiment.hparam_infos, key=lambda info: (not info.differs, info.name))
    return [info.name for info in infos], table.experiment.metric_infos, line.session_start_info


def test_hparams_opens_with_what_tells_runs_apart_and_with_the_test_accuracy(run, events, library):
    columns, metrics, line = hparams(events)
    assert tuple(columns[:5]) == COLUMNS and len(columns) <= 20  # as many as are shown at first
    assert metrics[0].name.tag == "verdict/test_accuracy" and metrics[0].display_name == "test accuracy"
    assert line.hparams["model"].string_value == "MLP" and line.hparams["features"].string_value == "LogMel"
    assert line.hparams["data"].string_value == library.name and line.hparams["seed"].string_value == "0"
    assert line.hparams["learning.optimizer.lr"].number_value == 0.003
    assert line.hparams["loader.balanced"].WhichOneof("kind") == "bool_value"
    assert line.group_name == f"{run.name} ({run.parent.name})"  # the narrow Trial ID: the run's own name first


def test_hparams_has_the_same_columns_for_every_run(events, solved):
    columns, metrics, _ = hparams(events)
    others, their_metrics, line = hparams(read_events(solved))
    assert others == columns and [one.name.tag for one in their_metrics] == [one.name.tag for one in metrics]
    assert "model.dropout" not in line.hparams  # of which a head that is solved has none


def test_every_metric_of_hparams_is_logged(events):
    assert {metric.name.tag for metric in hparams(events)[1]} <= set(events.Tags()["scalars"])


def test_what_was_typed_is_a_column_without_what_others_show(configure, tmp_path):
    (tmp_path / ".hydra").mkdir()
    typed = ["model=cnn", "seed=3", "data=folder", "data.root=songs", "trainer=cpu", "learning.optimizer.lr=0.01"]
    (tmp_path / ".hydra" / "overrides.yaml").write_text(
        "".join(f"- {one}\n" for one in [*typed, "loader.balanced=true"])
    )
    shown = settings_shown(configure("data.root=/of/some/songs"), tmp_path)
    assert shown["overrides"] == "lr=0.01 balanced=true" and shown["data"] == "songs"


def test_the_final_figures_are_those_of_the_report(run, events):
    results = read_results(run)
    final = {f"verdict/test_{name}": getattr(results.splits["test"], name) for name in ("loss", "accuracy", "f1_macro")}
    final["verdict/baseline_test_accuracy"] = results.baseline["test"].accuracy
    assert {tag: events.Scalars(tag)[0].value for tag in final} == pytest.approx(final)


def test_a_step_is_drawn_once_whatever_a_resumed_run_does_again(tmp_path):
    first = Curves(str(tmp_path), name="", version="")
    for step in (1, 2, 3):
        first.log_metrics({"val/loss": step / 10, "epoch": step}, step)
    (tmp_path / "history.csv").write_text("figure,step,value\nval/loss,1,0.1\nval/loss,2,0.2\nval/loss,3,0.3\n")
    resumed = Curves(str(tmp_path), name="", version="")  # from the second step on; the first one was killed
    for step in (2, 3, 4):
        resumed.log_metrics({"val/loss": step / 10, "epoch": step}, step)
    shown = read_events(tmp_path)
    assert steps(shown, "val/loss") == [1, 2, 3, 4] and shown.Tags()["scalars"] == ["val/loss"]


def test_a_report_that_is_made_again_adds_only_the_figures_of_a_refit(run, configure, tmp_path):
    results = replace(read_results(run), refitted=False)
    refitted = replace(
        results, splits=results.splits | {"test": replace(results.splits["test"], loss=0.125)}, refitted=True
    )
    for shown in (results, refitted, refitted):
        loggers: list[Logger] = [History(tmp_path), Curves(str(tmp_path), name="", version="")]
        trainer = SimpleNamespace(loggers=loggers, global_step=12, default_root_dir=str(tmp_path))
        show_model(trainer, "a network")
        show_results(trainer, configure(), shown, "a table", {"confusion": Figure()})
    shown = read_events(tmp_path)
    assert [(point.step, point.value) for point in shown.Scalars("verdict/test_loss")][1:] == [(13, 0.125)]
    assert (
        steps(shown, "verdict/test_accuracy") == [image.step for image in shown.Images("verdict/confusion")] == [12, 13]
    )
    assert text(shown, "model") == "a network"  # once
    assert {path.name[:6] for path in tmp_path.iterdir()} == {"events", "histor"}  # folders would be runs of their own


def test_settings_are_flattened_to_plain_values():
    config = OmegaConf.create(
        {
            "seed": 3,
            "model": {"_target_": "a.b.Net", "_partial_": True, "hidden": [1, 2], "own": "${copied}"},
            "none": None,
            "copy": "${seed}",
            "copied": {"a": 1},
        }
    )
    expected = {"seed": 3, "model": "Net", "model.hidden": "[1, 2]", "none": "None", "copy": 3, "copied.a": 1}
    assert flat_settings(config) == expected
