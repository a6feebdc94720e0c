"""Train honest music-genre classifiers on your own songs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genre_lightning.data.datamodule import GenreDataModule
    from genre_lightning.embed.embeddings import read_embeddings
    from genre_lightning.predict.predictor import Predictor

__version__ = "0.2.0.dev0"
__all__ = ["GenreDataModule", "Predictor", "__version__", "read_embeddings"]
MODULES = {
    "GenreDataModule": "genre_lightning.data.datamodule",
    "Predictor": "genre_lightning.predict.predictor",
    "read_embeddings": "genre_lightning.embed.embeddings",
}


def __getattr__(name: str) -> Any:
    """Import an object when it is first asked for, so that importing the package costs and loads nothing."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(MODULES[name]), name)
