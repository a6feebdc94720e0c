"""What several tests do with a configuration: get its data ready, and score songs as a run does at its end."""

from hydra.utils import instantiate
from lightning import Trainer

from genre_lightning.devices import without_harmless_warnings


def serve(cfg):
    """The data module of a configuration, ready to serve."""
    data = instantiate(cfg.loader)
    data.prepare_data()
    data.setup()
    return data


def score(model, data, split="test"):
    """The scored songs of a split."""
    data.test_splits = (split,)
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar"), False)
    with without_harmless_warnings():
        Trainer(accelerator="cpu", devices=1, **quiet).test(model, data, verbose=False)
    return model.tested[split]
