"""A run's folder: its name, and what lies where in it.

.hydra/config.yaml, checkpoints/best.ckpt and last.ckpt, manifest.csv (the songs and their sides), metrics.json,
report.md, pictures, TensorBoard's events.
"""

from datetime import datetime
from pathlib import Path

from omegaconf import OmegaConf

CHECKPOINTS = "checkpoints"


def run_folder(ckpt_path: str | None, model: str, features: str, seed: int) -> str:
    """Where a run lies: a new folder under logs/ for a new run, the old one for a run that is resumed."""
    if ckpt_path is not None and Path(ckpt_path).parent.name == CHECKPOINTS:
        return Path(ckpt_path).parent.parent.as_posix()
    return f"logs/{datetime.now():%Y-%m-%d_%H-%M-%S}_{model}_{features}_seed{seed}"


OmegaConf.register_new_resolver("run_folder", run_folder, use_cache=True, replace=True)
