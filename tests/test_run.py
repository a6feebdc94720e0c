import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from genre_lightning.run import run_folder


def test_a_new_run_gets_a_folder_named_after_its_time_and_settings():
    name = Path(run_folder(None, "cnn", "logmel", 7))
    assert name.parent == Path("logs")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_cnn_logmel_seed7", name.name)


def test_a_resumed_run_goes_on_in_its_own_folder():
    checkpoint = str(Path("logs", "tuesday", "checkpoints", "last.ckpt"))
    assert Path(run_folder(checkpoint, "mlp", "mfcc", 0)) == Path("logs", "tuesday")


def test_a_checkpoint_that_lies_elsewhere_gets_a_new_folder():
    assert Path(run_folder("downloads/best.ckpt", "mlp", "mfcc", 0)).name.endswith("_mlp_mfcc_seed0")


@pytest.mark.parametrize(("ckpt_path", "expected"), [(None, r"_cnn_logmel_seed3$"), ("a/checkpoints/b.ckpt", "^a$")])
def test_configurations_can_ask_for_it(ckpt_path, expected):
    config = OmegaConf.create(
        {"ckpt_path": ckpt_path, "seed": 3, "dir": "${run_folder:${ckpt_path},cnn,logmel,${seed}}"}
    )
    assert re.search(expected, config.dir) and config.dir == config.dir
