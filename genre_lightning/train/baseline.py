"""What a network has to beat: logistic regression on each feature's mean and standard deviation over a song."""

from collections.abc import Sequence

import numpy as np
import torch

from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.windows import WindowDataset
from genre_lightning.metrics import ScoredSongs


def score_baseline(data: GenreDataModule, splits: Sequence[str], C: float) -> dict[str, ScoredSongs]:  # noqa: N803
    """Fit the baseline on the training songs and score the songs of `splits`; `C` is scikit-learn's."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))
    train = data.datasets["train"]
    classifier.fit(song_vectors(train), train.genres.numpy())
    scored = {}
    for split, dataset in ((split, data.datasets[split]) for split in splits):
        probabilities = torch.from_numpy(classifier.predict_proba(song_vectors(dataset))).float()
        scored[split] = ScoredSongs(torch.arange(len(dataset)), probabilities, dataset.genres)
    return scored


def song_vectors(dataset: WindowDataset) -> np.ndarray:
    """The stats of each song, from the cache: `(songs, 2 * n_features)`."""
    return np.stack([dataset.cache.stats(song).ravel() for song in dataset.songs])
