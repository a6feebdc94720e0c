"""How many labels are enough if suggest chooses the songs, or chance: rounds on the demo, judged on other artists."""

from statistics import mean

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genre_lightning.data.cache import FeatureCache
from genre_lightning.data.catalogue import linked
from genre_lightning.data.sources.demo import demo
from genre_lightning.features.mel import LogMel
from genre_lightning.labels.acquisition import informative

pytestmark = pytest.mark.slow
SEEDS = (0, 1, 2)  # of the demo's songs
DRAWS = (0, 1, 2)  # of the songs that are labelled first: with one alone, chance decides
FOLDS = 5
BATCH = 10
ENOUGH = 0.95  # of the accuracy with all labels


def vectors_of(seed, root):
    """The demo's songs as the baseline sees them, `(songs, 128)`, their genres and their artist groups, `(songs,)`."""
    catalogue = demo(str(root / "demo"), seed=seed)
    cache = FeatureCache(root / "cache", LogMel())
    assert not cache.build([track.path for track in catalogue])
    vectors = np.stack([cache.stats(cache.find(track.path)).ravel() for track in catalogue])
    genres = np.array([catalogue.genres.index(track.genre) for track in catalogue])
    return vectors, genres, np.array(linked(track.artists for track in catalogue))


def by_chance(probabilities, vectors, n, rng):
    return rng.permutation(len(vectors))[:n]


def by_suggestion(probabilities, vectors, n, rng):
    return informative(probabilities, vectors, n)


def rounds(pool, others, choose, seed):
    """The accuracy on `others` after each round of BATCH labels of the pool, the last one with all of them."""
    (vectors, genres), rng, accuracies = pool, np.random.default_rng(seed), []
    labelled = [*rng.permutation(len(genres))[:BATCH]]
    while True:
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
        classifier.fit(vectors[labelled], genres[labelled])
        accuracies.append(classifier.score(*others))
        rest = np.setdiff1d(np.arange(len(genres)), labelled)
        if not len(rest):
            return accuracies
        heard = classifier[0].transform(vectors[rest])  # as model=linear embeds songs
        labelled += [*rest[choose(classifier[1].predict_proba(heard), heard, BATCH, rng)]]


def curves(seed, root, choose):
    """The mean accuracy on songs of other artists by rounds, and that with all labels."""
    vectors, genres, groups = vectors_of(seed, root)
    every = []
    for draw in DRAWS:
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=draw).split(vectors, genres, groups)
        for pool, others in folds:
            every.append(rounds((vectors[pool], genres[pool]), (vectors[others], genres[others]), choose, draw))
    shortest = min(map(len, every)) - 1
    return np.mean([one[:shortest] for one in every], axis=0), mean(one[-1] for one in every)


def labels_needed(curve, every_label):
    """The number of labels from which on the accuracy is ENOUGH of that with all of them."""
    return BATCH * (1 + int(np.argmax(np.append(curve, 1) >= ENOUGH * every_label)))


def test_suggested_songs_teach_more_than_those_of_chance(tmp_path_factory, capsys):
    root, songs = tmp_path_factory.mktemp("rounds"), 216 * (FOLDS - 1) / FOLDS
    found = {how: [curves(seed, root, how) for seed in SEEDS] for how in (by_suggestion, by_chance)}
    needed = {}
    for how, each in found.items():
        shortest = min(len(curve) for curve, _ in each)
        means = np.mean([curve[:shortest] for curve, _ in each], axis=0), mean(every for _, every in each)
        needed[how] = labels_needed(*means)
        shares = " ".join(f"{labels_needed(*one) / songs:.0%}" for one in each)
        at = " ".join(f"{accuracy:.1%}" for accuracy in means[0])
        with capsys.disabled():
            print(
                f"\n{how.__name__}: {needed[how] / songs:.0%} of the labels, by seed {shares}; all {means[1]:.1%}; {at}"
            )
    assert needed[by_suggestion] < needed[by_chance]
    assert needed[by_suggestion] <= 0.6 * songs
