"""What a run shows in TensorBoard: its curves, and what it takes to compare it with other runs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from genre_lightning.metrics import FIGURES
from genre_lightning.runs.folders import telling
from genre_lightning.runs.foreign import read_overrides
from genre_lightning.runs.results import Results
from genre_lightning.train.callbacks import HISTORY, read_history
from genre_lightning.train.figures import CURVES, MEASURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Settings = dict[str, str | int | float | bool]
VERDICT = "verdict"  # what is known of the tested model: behind all curves, since TensorBoard sorts names
# HPARAMS shows the columns of the first run for all, so that they are the same ones for every run, whatever it is.
LEADING = ("data", "features", "model", "overrides", "seed")
SETTINGS = (
    "finished", "learning.label_smoothing", "learning.optimizer.lr", "learning.optimizer.weight_decay",
    "loader.balanced", "loader.batch_size", "loader.window_seconds", "model.dropout", "refit", "split.method",
    "trainer.max_epochs",
)  # fmt: skip
METRICS = {
    f"{VERDICT}/test_accuracy": "test accuracy",
    f"{VERDICT}/test_f1_macro": "test macro F1",
    "val/accuracy": "validation accuracy",
    "train_songs/accuracy": "train accuracy",
    f"{VERDICT}/baseline_test_accuracy": "baseline's test accuracy",
    f"{VERDICT}/test_loss": "test loss",
    "val/loss": "validation loss",
}


class Curves(TensorBoardLogger):
    """Lightning's logger, without epochs, and without the steps that a resumed run does a second time.

    Such a step gives the same figures again, and TensorBoard would draw both.
    """

    def __init__(self, save_dir: str, **settings: Any) -> None:
        super().__init__(save_dir, **settings)
        before = Path(save_dir, HISTORY)  # of the run that goes on
        curves = read_history(before) if before.exists() else {}
        self.written = {name: points[-1][0] for name, points in curves.items()}

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Write the figures of a step that were not written before, at once: the run may be killed."""
        new = {name: metrics[name] for name in metrics if name != "epoch" and self.is_new(name, step or 0)}
        self.written |= dict.fromkeys(new, step or 0)
        super().log_metrics(new, step)
        self.experiment.flush()

    def is_new(self, name: str, step: int) -> bool:
        """Whether nothing was written under this name at this step or a later one."""
        return step > self.written.get(name, -1)

    @rank_zero_only
    def save(self) -> None:
        """Write what is waiting; .hydra/config.yaml has the settings."""
        self.experiment.flush()


def boards(trainer: Trainer) -> list[Curves]:
    """The trainer's loggers that write for TensorBoard."""
    return [logger for logger in trainer.loggers if isinstance(logger, Curves)]


def show_model(trainer: Trainer, description: str) -> None:
    """The network in words under TEXT, and train beside validation, a row a measure, under CUSTOM SCALARS.

    A chart there colours runs, and has nothing but markers to tell figures apart, so each has one figure. TensorBoard's
    graph is made by tracing with torch.jit, which is deprecated; the layers are as plain in a table.
    """
    layout = {
        measure: {f"{title}: {measure}": ["Multiline", [f"^{split}/{measure}$"]] for split, title in CURVES.items()}
        for measure in MEASURES
    }
    for board in boards(trainer):
        if not board.written:  # a run that goes on shows them already
            board.experiment.add_custom_scalars(layout)
            board.experiment.add_text("model", description)


def show_results(
    trainer: Trainer, cfg: DictConfig, results: Results, text: str, pictures: dict[str, "Figure"]
) -> None:  # fmt: skip
    """The settings and the final figures of every split in all loggers; `text` and `pictures` in TensorBoard."""
    final = {
        f"{VERDICT}/{split}_{name}": getattr(figures, name)
        for split, figures in results.splits.items()
        for name in FIGURES
    }
    final[f"{VERDICT}/baseline_test_accuracy"] = results.baseline["test"].accuracy
    step = trainer.global_step + results.refitted  # another one if the refit came later than the first report
    for board in boards(trainer):
        if board.is_new(f"{VERDICT}/test_accuracy", step):
            show_verdict(board, text, pictures, step)
            show_columns(board, settings_shown(cfg, Path(trainer.default_root_dir)))
            board.log_metrics({name: final[name] for name in METRICS if name in final}, step)
    for logger in trainer.loggers:
        if not isinstance(logger, Curves):
            logger.log_hyperparams(flat_settings(cfg))
            logger.log_metrics(final, step=step)
            logger.save()


def show_verdict(board: Curves, text: str, pictures: dict[str, "Figure"], step: int) -> None:
    """What the run has shown under TEXT, its pictures under IMAGES."""
    board.experiment.add_text(VERDICT, text, step)
    for name, picture in pictures.items():
        board.experiment.add_figure(f"{VERDICT}/{name}", picture, step)


def show_columns(board: Curves, settings: Settings) -> None:
    """The run's line under HPARAMS, and which columns there are."""
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb

    folder = Path(board.save_dir).absolute()
    name = f"{folder.name.replace('_seed', '_', 1)} ({folder.parent.name})"  # some 14 signs of it are seen
    writer = board.experiment.file_writer
    assert writer is not None
    writer.add_summary(columns(settings))
    writer.add_summary(hparams_pb(settings, trial_id=name))


def columns(settings: Settings) -> Any:
    """The columns of HPARAMS: settings that `differ` come first, then by name, and five of them are shown at first."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

    generated: Any = api_pb2, plugin_data_pb2, summary_pb2  # what is in them, no type checker knows
    api, data, summary = generated
    kinds = {bool: api.DATA_TYPE_BOOL, str: api.DATA_TYPE_STRING}
    shown = {name: kinds.get(type(settings.get(name)), api.DATA_TYPE_FLOAT64) for name in (*LEADING, *SETTINGS)}
    experiment = api.Experiment(
        hparam_infos=[api.HParamInfo(name=name, type=shown[name], differs=name in LEADING) for name in shown],
        metric_infos=[api.MetricInfo(name=api.MetricName(tag=tag), display_name=METRICS[tag]) for tag in METRICS],
    )
    content = metadata.create_summary_metadata(data.HParamsPluginData(experiment=experiment))
    value = summary.Summary.Value(tag=metadata.EXPERIMENT_TAG, metadata=content, tensor=metadata.NULL_TENSOR)
    return summary.Summary(value=[value])


def settings_shown(cfg: DictConfig, folder: Path) -> Settings:
    """The values of LEADING and SETTINGS; a setting that the run does not have is left out."""
    flat = flat_settings(cfg)
    typed = [one.partition("=") for one in telling(read_overrides(folder)) if not one.startswith("data")]
    flat["overrides"] = " ".join(f"{key.rpartition('.')[2]}={value}" for key, _, value in typed)  # the cell is narrow
    root = cfg.data.get("name") or cfg.data.get("root") or ""
    flat["data"] = "+".join(Path(one).name for one in ([root] if isinstance(root, str) else root)) or flat["data"]
    flat |= {"seed": str(cfg.seed), "finished": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}  # TensorBoard: 0.0000
    return {name: flat[name] for name in (*LEADING, *SETTINGS) if name in flat}


def flat_settings(cfg: DictConfig) -> Settings:
    """The configuration as `group.name: value`; the class behind a group as `group: Class`.

    A group that stands for another one, as in `source: ${data}`, is left out.
    """
    flat: Settings = {}

    def collect(node: Any, key: str) -> None:
        if isinstance(node, DictConfig):
            for name in map(str, node):
                copied = OmegaConf.is_interpolation(node, name) and OmegaConf.is_config(node[name])
                if not copied:
                    collect(node[name], f"{key}.{name}".lstrip("."))
        elif key.endswith("._target_"):
            flat[key.removesuffix("._target_")] = str(node).rpartition(".")[2]
        elif not key.rpartition(".")[2].startswith("_"):  # what tells Hydra how to call a class
            flat[key] = node if isinstance(node, str | int | float | bool) else str(node)

    collect(cfg, "")
    return flat
