"""Collect songs by genre from Yandex Music: YANDEX_MUSIC_TOKEN=... python fetch.py"""

import sys

import genre_lightning.command_line.uncaught  # noqa: F401 (before all that takes time)

# isort: split

import hydra
from omegaconf import DictConfig

from genre_lightning.command_line.start import start
from genre_lightning.devices import prepare_process
from genre_lightning.errors import one_line_errors

prepare_process()  # before Hydra, which may warn at once


@hydra.main(version_base="1.3", config_path="conf", config_name="fetch")
@one_line_errors
def main(cfg: DictConfig) -> None:
    """End with status 1 where a genre is short of songs."""
    from genre_lightning.fetch.fetch import collect

    if not collect(cfg):
        sys.exit(1)


if __name__ == "__main__":
    start(main, __file__)
