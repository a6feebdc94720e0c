"""Train a genre classifier: python train.py data=folder data.root=SONGS model=cnn"""

from pathlib import Path

import genre_lightning.command_line.uncaught  # noqa: F401 (before all that takes time)

# isort: split

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from genre_lightning.command_line.start import start
from genre_lightning.devices import prepare_process
from genre_lightning.errors import one_line_errors
from genre_lightning.launched import settle_ranks
from genre_lightning.runs.folders import (  # also registers the resolvers of conf/train.yaml
    told_how_to_go_on,
    untouched_if_refused,
)

prepare_process()  # before Hydra, which may warn at once


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
@one_line_errors
def main(cfg: DictConfig) -> float:
    """Return the log-loss on validation, which a search lowers."""
    prepare_process()  # again, if a launcher has started another process for this job
    from genre_lightning.runs.alone import alone_in, write_settings
    from genre_lightning.runs.resume import settings_to_go_on_with
    from genre_lightning.train import checks, sweep

    hydra_config = HydraConfig.get()
    typed, folder = hydra_config.overrides.task, Path(hydra_config.runtime.output_dir)
    if hydra_config.mode == RunMode.MULTIRUN:
        return sweep.run_job(cfg, hydra_config, folder)
    with told_how_to_go_on(folder), untouched_if_refused(folder):
        settle_ranks((settings := settings_to_go_on_with(cfg, typed, folder)).trainer)
    with told_how_to_go_on(folder), alone_in(folder), untouched_if_refused(folder):
        checks.check_values(settings)
        write_settings(cfg, folder)
        from genre_lightning.train.train import train  # only now, since it takes seconds

        return train(settings, folder)


if __name__ == "__main__":
    start(main, __file__)
