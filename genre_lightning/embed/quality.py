"""How far apart the genres are in the embedding itself, and how much of that the map keeps."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from genre_lightning.embed.embeddings import Embeddings
from genre_lightning.embed.style import SQUEEZE
from genre_lightning.text import table

# Comparing every song with every other takes memory by the square of their number.
MOST_SONGS = 4000


class TooFewSongsError(Exception):
    """A figure cannot be computed; the text says what it takes."""


@dataclass(slots=True)
class Separation:
    """Figures of songs that the model was not trained on, by names that say of which songs.

    `silhouettes` has a figure for each genre; `missing` a sentence for each figure that cannot be computed.
    """

    songs: str
    dimensions: int
    figures: dict[str, float] = field(default_factory=dict)
    silhouettes: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, name: str, songs: Embeddings, compute: Callable[[Embeddings], float]) -> None:
        """Compute a figure of songs, or note what it takes."""
        try:
            self.figures[f"{name}, {len(songs.tracks)} {self.songs}"] = float(compute(songs))
        except TooFewSongsError as error:
            self.missing.append(f"No {name}: {error}.")

    def summary(self) -> str:
        """The figures as a table, and how far the map can be trusted."""
        figures = self.figures | {f"silhouette of {genre}": figure for genre, figure in self.silhouettes.items()}
        rows = [[name, f"{figure:.3f}"] for name, figure in figures.items()]
        shown = [table([f"in all {self.dimensions} dimensions", ""], rows)] if rows else []
        return "\n\n".join([*shown, *self.missing, SQUEEZE.format(dimensions=self.dimensions)])


def measure(embeddings: Embeddings, trained: Embeddings | None, neighbours: int) -> Separation:
    """Measure the test songs, or those new to the model; `trained` are the run's own songs, some of which vote.

    silhouette: of each song within its genre, -1 to 1 (Rousseeuw 1987); kNN accuracy: of the genre that most of the
    nearest training songs have; trustworthiness: whether the nearest on the map are near, 0 to 1 (Venna and Kaski
    2001).
    """
    songs, what = unheard(embeddings)
    found = Separation(what, embeddings.vectors.shape[1])
    if len(songs.tracks) == 0:
        found.missing.append("No figures: the model was trained on all of these songs.")
        return found
    labelled = songs.only([row for row, track in enumerate(songs.tracks) if track.genre])
    known = labelled.only([row for row, track in enumerate(labelled.tracks) if track.genre in songs.genres])
    found.add("silhouette by genre", labelled, lambda songs: silhouette(songs, found.silhouettes))
    knn = f"kNN accuracy (k = {neighbours} training songs)"
    found.add(knn, known, lambda songs: knn_accuracy(songs, trained, neighbours))
    found.add("accuracy of the model", known, accuracy)
    found.add("trustworthiness of the map", songs, lambda songs: trustworthiness(songs, neighbours))
    return found


def unheard(embeddings: Embeddings) -> tuple[Embeddings, str]:
    """The songs that the model was neither trained nor chosen on, MOST_SONGS of them at most, and what to call them."""
    rows = [row for row, track in enumerate(embeddings.tracks) if track.split in ("test", "")]
    what = "test songs" if all(track.split for track in embeddings.tracks) else "new songs"
    if len(rows) > MOST_SONGS:
        what = f"of {len(rows)} {what}"
        rows = sorted(np.random.default_rng(0).choice(rows, MOST_SONGS, replace=False).tolist())
    return embeddings.only(rows), what


def silhouette(songs: Embeddings, by_genre: dict[str, float]) -> float:
    """The mean over songs, also of genres that the model was not taught; that of each genre goes to `by_genre`."""
    from sklearn.metrics import silhouette_samples

    genres, names = np.array([track.genre for track in songs.tracks]), songs.tracks.genres
    if not 2 <= len(names) < len(genres):
        raise TooFewSongsError("it takes songs of two genres, and two songs of one of them")
    values = silhouette_samples(songs.vectors, genres, metric="cosine")
    by_genre |= {genre: float(values[genres == genre].mean()) for genre in names}
    return values.mean()


def knn_accuracy(songs: Embeddings, trained: Embeddings | None, neighbours: int) -> float:
    """How many songs have the genre that most of their nearest training songs have."""
    from sklearn.neighbors import KNeighborsClassifier

    if trained is None:
        raise TooFewSongsError("it takes the run's own songs; run embed.py without data.root first")
    check_any(songs)
    voters = trained.only([row for row, track in enumerate(trained.tracks) if track.split == "train"])
    if len(voters.tracks) == 0:
        raise TooFewSongsError("it takes training songs")
    classifier = KNeighborsClassifier(min(neighbours, len(voters.tracks)), metric="cosine", algorithm="brute")
    classifier.fit(voters.vectors, [track.genre for track in voters.tracks])
    return classifier.score(songs.vectors, [track.genre for track in songs.tracks])


def accuracy(songs: Embeddings) -> float:
    """How many songs the model takes for what they are."""
    check_any(songs)
    right = [track.genre == genre for track, genre in zip(songs.tracks, songs.predicted, strict=True)]
    return sum(right) / len(right)


def check_any(songs: Embeddings) -> None:
    """Raise TooFewSongsError for no songs."""
    if len(songs.tracks) == 0:
        raise TooFewSongsError(f"it takes songs of {', '.join(songs.genres)}")


def trustworthiness(songs: Embeddings, neighbours: int) -> float:
    """Whether each song's nearest on the map are among its nearest; fewer of them where there are few songs."""
    from sklearn.manifold import trustworthiness as share

    if len(songs.tracks) < 3:
        raise TooFewSongsError("it takes three songs")
    near = min(neighbours, (len(songs.tracks) - 1) // 2)
    return share(songs.vectors, songs.positions, n_neighbors=near, metric="cosine")
