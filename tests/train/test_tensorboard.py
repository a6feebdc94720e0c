import pytest
from lightning import Trainer
from lightning.pytorch.callbacks import EMAWeightAveraging
from omegaconf import OmegaConf

from genre_lightning.metrics import FIGURES
from genre_lightning.runs.results import SCORED, read_results
from genre_lightning.train.figures import MEASURES
from genre_lightning.train.tensorboard import averages_weights, flat_settings


@pytest.fixture(scope="module")
def events(run):
    """TensorBoard's own reading of a finished run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(run), size_guidance={"images": 0, "scalars": 0}).Reload()


def test_curves_and_pictures_are_shown(events):
    for name in [f"train/{measure}" for measure in MEASURES] + [f"val/{figure}" for figure in FIGURES]:
        points = events.Scalars(name)
        assert [point.step for point in points] == [2, 5, 8, 11]  # 4 epochs of 3 batches
        assert all(0 <= point.value < 10 for point in points)
    rates = [point.value for point in events.Scalars("train/learning_rate")]
    assert len(set(rates)) == 4 and max(rates) <= 0.0031
    assert {"confusion_val", "confusion_test", "spectrograms", "curves"} <= set(events.Tags()["images"])


def test_the_network_is_shown_layer_by_layer(events):
    (shown,) = events.Tensors("model/text_summary")
    text = shown.tensor_proto.string_val[0].decode()
    assert text.startswith("MLP: ") and "multiply-adds a window\n\n| layer " in text
    layers = [line.split()[1] for line in text.splitlines()[4:]]
    assert layers == ["Standardise", "MeanAndStd", "Sequential", "Linear"]


def test_train_and_validation_share_axes_under_custom_scalars(events):
    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    (tensor,) = events.Tensors("custom_scalars__config__")
    layout = Layout.FromString(tensor.tensor_proto.string_val[0])
    charts = {chart.title: list(chart.multiline.tag) for category in layout.category for chart in category.chart}
    assert charts == {measure: [f"train/{measure}", f"val/{measure}"] for measure in MEASURES}


def test_a_trainer_tells_whether_validation_sees_averaged_weights():
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    averaging = EMAWeightAveraging(decay=0.99)
    assert averages_weights(Trainer(accelerator="cpu", callbacks=[averaging], **quiet))
    assert not averages_weights(Trainer(accelerator="cpu", **quiet))


def test_the_hparams_tab_has_settings_and_final_figures(events):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = events.PluginTagToContent("hparams")
    begun = HParamsPluginData.FromString(content["_hparams_/session_start_info"]).session_start_info
    assert begun.hparams["learning.optimizer.lr"].number_value == 0.003
    assert begun.hparams["model"].string_value == "MLP"
    experiment = HParamsPluginData.FromString(content["_hparams_/experiment"]).experiment
    shown = {metric.name.tag for metric in experiment.metric_infos}
    expected = {f"final/{split}_{figure}" for split in SCORED for figure in FIGURES}
    assert shown == expected | {"final/baseline_test_accuracy"}


def test_the_final_figures_are_those_of_the_report(run, events):
    results = read_results(run)
    final = {f"final/{split}_{name}": getattr(results.splits[split], name) for split in SCORED for name in FIGURES}
    final["final/baseline_test_accuracy"] = results.baseline["test"].accuracy
    assert {tag for tag in events.Tags()["scalars"] if tag.startswith("final/")} == final.keys()
    for tag, figure in final.items():
        assert all(point.value == pytest.approx(figure) for point in events.Scalars(tag))


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
