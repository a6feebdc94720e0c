"""Map the songs of a finished run, or songs that its model never saw: python embed.py [run=DIR] [data.root=SONGS]"""

import genre_lightning.command_line.uncaught  # noqa: F401 (before all that takes time)

# isort: split

import hydra
from omegaconf import DictConfig

from genre_lightning.command_line.start import start
from genre_lightning.devices import prepare_process
from genre_lightning.errors import one_line_errors
from genre_lightning.launched import settle_ranks

prepare_process()  # before Hydra, which may warn at once


@hydra.main(version_base="1.3", config_path="conf", config_name="embed")
@one_line_errors
def main(cfg: DictConfig) -> None:
    """Embed the songs, draw their map and write both into the run's folder."""
    settle_ranks(cfg.trainer)
    from genre_lightning.embed.embed import embed

    embed(cfg)


if __name__ == "__main__":
    start(main, __file__)
