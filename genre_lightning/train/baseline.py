"""What a network has to beat: logistic regression on each feature's mean and standard deviation over a song."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from genre_lightning.data.datamodule import GenreDataModule
from genre_lightning.data.windows import WindowDataset
from genre_lightning.metrics import ScoredSongs

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def score_baseline(data: GenreDataModule, learnt_from: Sequence[str], C: float) -> dict[str, ScoredSongs]:  # noqa: N803
    """Fit the baseline on the same songs as the network, and score the songs that it learnt from, of val and of test.

    The songs of val are scored by a fit on train, as the network's are. `C` is scikit-learn's.
    """
    tested = fit(data, learnt_from, C)
    watched = tested if tuple(learnt_from) == ("train",) else fit(data, ("train",), C)
    judged = {"learnt_from": (tested, learnt_from), "val": (watched, ("val",)), "test": (tested, ("test",))}
    return {name: score(classifier, data, splits) for name, (classifier, splits) in judged.items()}


def fit(data: GenreDataModule, splits: Sequence[str], C: float) -> "Pipeline":  # noqa: N803
    """Logistic regression on the songs of some splits; on one thread, as several would wait for each other."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))
    with threadpool_limits(1):
        return classifier.fit(*song_vectors(data, splits))


def score(classifier: "Pipeline", data: GenreDataModule, splits: Sequence[str]) -> ScoredSongs:
    """The songs of some splits, one split after the other; their logits are logarithms of the probabilities."""
    vectors, genres = song_vectors(data, splits)
    probabilities = torch.from_numpy(classifier.predict_proba(vectors))
    logits = probabilities.clamp(min=torch.finfo(torch.float).tiny).log().float()
    return ScoredSongs(torch.arange(len(genres)), logits, torch.from_numpy(genres))


def song_vectors(data: GenreDataModule, splits: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The stats of each song of some splits, from the cache, `(songs, 2 * n_features)`; and its genre `(songs,)`."""
    datasets: list[WindowDataset] = [data.datasets[split] for split in splits]
    stats = np.concatenate([dataset.cache.stats_of(dataset.songs) for dataset in datasets])
    return stats.reshape(len(stats), -1), np.concatenate([dataset.genres.numpy() for dataset in datasets])
