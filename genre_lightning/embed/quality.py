"""Cluster metrics: how well the genres separate in the embedding itself, and how much of that the map keeps."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.style import SQUEEZE, Figure
from genre_lightning.text import table

# Comparing every song with every other takes memory that grows with the square of their number.
MOST_SONGS = 4000
# What the figures mean, in a sentence each
SILHOUETTE = (
    "How much nearer songs are to their own genre than to the next one, from -1 to 1 (Rousseeuw 1987); Kaufman and "
    "Rousseeuw (1990) call more than 0.5 a reasonable structure, and less than 0.25 no substantial one."
)
KNN = "The part of the songs whose genre is the one that most of their nearest training songs have, from 0 to 1."
ACCURACY = "The part of the songs whose genre the model predicts, from 0 to 1."
TRUSTWORTHINESS = (
    "Whether songs that are neighbours on the map are neighbours in the embedding too, from 0 to 1: with 1, no song "
    "has a neighbour on the map that it has only there (Venna and Kaski 2001)."
)


class TooFewSongsError(Exception):
    """A metric cannot be computed; the text says what it needs."""


@dataclass(slots=True)
class ClusterMetrics:
    """Metrics of songs that the model was not trained on; `songs` says which songs these are, such as "test songs".

    `silhouettes` has a figure for each genre; `missing` has a sentence for each metric that cannot be computed.
    """

    songs: str
    dimensions: int
    figures: list[Figure] = field(default_factory=list)
    silhouettes: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, meaning: str, songs: Embeddings, compute: Callable[[Embeddings], float]) -> None:
        """Compute a metric of songs, or note what it needs."""
        try:
            figure = Figure(name, float(compute(songs)), f"{len(songs.tracks)} {self.songs}", meaning)
            self.figures.append(figure)
        except TooFewSongsError as error:
            self.missing.append(f"No {name}: {error}.")

    def summary(self) -> str:
        """The metrics as a table, and how far the map can be trusted."""
        rows = [[f"{figure.name}, {figure.songs}", f"{figure.value:.3f}"] for figure in self.figures]
        rows += [[f"silhouette of {genre}", f"{value:.3f}"] for genre, value in self.silhouettes.items()]
        shown = [table([f"in all {self.dimensions} dimensions", ""], rows)] if rows else []
        return "\n\n".join([*shown, *self.missing, SQUEEZE.format(dimensions=self.dimensions)])


def measure(embeddings: Embeddings, run_songs: Embeddings | None, neighbours: int) -> ClusterMetrics:
    """Measure the test songs, or those that are new to the model; the training songs among `run_songs` vote."""
    songs, name = held_out(embeddings)
    metrics = ClusterMetrics(name, embeddings.vectors.shape[1])
    if len(songs.tracks) == 0:
        metrics.missing.append("No metrics: the model was trained on all of these songs.")
        return metrics
    labelled = songs.only([row for row, track in enumerate(songs.tracks) if track.genre])
    known = labelled.only([row for row, track in enumerate(labelled.tracks) if track.genre in songs.genres])
    metrics.add("silhouette by genre", SILHOUETTE, labelled, lambda songs: silhouette(songs, metrics.silhouettes))
    knn = f"kNN accuracy (k = {neighbours} training songs)"
    metrics.add(knn, KNN, known, lambda songs: knn_accuracy(songs, run_songs, neighbours))
    metrics.add("accuracy of the model", ACCURACY, known, accuracy)
    metrics.add("trustworthiness of the map", TRUSTWORTHINESS, songs, lambda songs: trustworthiness(songs, neighbours))
    return metrics


def held_out(embeddings: Embeddings) -> tuple[Embeddings, str]:
    """The songs that had no part in training or validation, at most MOST_SONGS of them, and what to call them."""
    rows = [row for row, track in enumerate(embeddings.tracks) if track.split in ("test", "")]
    name = "test songs" if all(track.split for track in embeddings.tracks) else "new songs"
    if len(rows) > MOST_SONGS:
        name = f"of {len(rows)} {name}"
        rows = sorted(np.random.default_rng(0).choice(rows, MOST_SONGS, replace=False).tolist())
    return embeddings.only(rows), name


def silhouette(songs: Embeddings, by_genre: dict[str, float]) -> float:
    """The mean over songs, also of genres that the model does not know; each genre's mean goes to `by_genre`."""
    from sklearn.metrics import silhouette_samples

    genres, names = np.array([track.genre for track in songs.tracks]), songs.tracks.genres
    if not 2 <= len(names) < len(genres):
        raise TooFewSongsError("it needs two genres, and two songs of one of them")
    values = silhouette_samples(songs.vectors, genres, metric="cosine")
    by_genre |= {genre: float(values[genres == genre].mean()) for genre in names}
    return values.mean()


def knn_accuracy(songs: Embeddings, run_songs: Embeddings | None, neighbours: int) -> float:
    """The fraction of songs whose genre is the one that most of their nearest training songs have."""
    from sklearn.neighbors import KNeighborsClassifier

    if run_songs is None:
        raise TooFewSongsError("it needs the run's own songs; run embed.py without data.root first")
    check_any(songs)
    voters = run_songs.only([row for row, track in enumerate(run_songs.tracks) if track.split == "train"])
    if len(voters.tracks) == 0:
        raise TooFewSongsError("it needs training songs")
    classifier = KNeighborsClassifier(min(neighbours, len(voters.tracks)), metric="cosine", algorithm="brute")
    classifier.fit(voters.vectors, [track.genre for track in voters.tracks])
    return classifier.score(songs.vectors, [track.genre for track in songs.tracks])


def accuracy(songs: Embeddings) -> float:
    """The fraction of songs whose genre the model predicts."""
    check_any(songs)
    right = [track.genre == genre for track, genre in zip(songs.tracks, songs.predicted, strict=True)]
    return sum(right) / len(right)


def check_any(songs: Embeddings) -> None:
    """Raise TooFewSongsError if there are no songs."""
    if len(songs.tracks) == 0:
        raise TooFewSongsError(f"it needs songs of {', '.join(songs.genres)}")


def trustworthiness(songs: Embeddings, neighbours: int) -> float:
    """Whether each song's neighbours on the map are its neighbours in the embedding; fewer of them if songs are few."""
    from sklearn import manifold

    if len(songs.tracks) < 3:
        raise TooFewSongsError("it needs three songs")
    near = min(neighbours, (len(songs.tracks) - 1) // 2)
    return manifold.trustworthiness(songs.vectors, songs.positions, n_neighbors=near, metric="cosine")
